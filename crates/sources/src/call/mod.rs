//! A cleared call, carried out: the four cells of the era matrix.

mod converse;
mod cross_legacy;
mod cross_modern;
mod paid;
mod same_era;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use egress::Deadline;
use gate::Clearance;
use gate::port::{Link, Reply, Trouble};
use pay::Unpaid;
use protocol::json::{Edit, JsonError, Limits, Object, Raw};
use protocol::mcp::translate::{self, Hop, Peek, ResultType};
use protocol::mcp::{Era, Method, codes};
use protocol::rpc::RpcError;

use crate::fault::Fault;
use crate::hub::Hub;
use crate::session::{Session, named_by};

pub(crate) use paid::Till;

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum End {
    /// The upstream, or the way to it, is at fault.
    Fault(Fault),
    /// An error that the client may see, in its own era.
    Answered(RpcError),
    /// Raw `requiredCapabilities`.
    Needs(Bytes),
    /// The server wants money, and gets none, or none yet.
    Unpaid(Unpaid),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<End> for Trouble {
    fn from(end: End) -> Self {
        match end {
            End::Fault(fault) => fault.into(),
            End::Answered(error) => Self::Answered(error),
            End::Needs(capabilities) => Self::NeedsCapability(capabilities),
            End::Unpaid(Unpaid::Asks(asked)) => {
                let pay::Asked { ticket, message, .. } = *asked;
                Self::Asks(Box::new(gate::port::Asking { ticket, message }))
            }
            End::Unpaid(Unpaid::Refused(no)) => Self::Answered(paid::why(&no)),
            End::Unpaid(Unpaid::NoDemand) => Fault::malformed("asked for nothing").into(),
        }
    }
}

/// One call on one session.
pub(crate) struct Call<'a> {
    pub(crate) hub: &'a Arc<Hub>,
    pub(crate) session: &'a Arc<Session>,
    pub(crate) clearance: &'a Clearance,
    pub(crate) link: &'a Arc<dyn Link>,
    pub(crate) deadline: Deadline,
    pub(crate) trace: &'a Trace,
}

/// What a call was doing when its time was up, and what was seen of the server on the way.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The server did what its era forbids.
    pub(crate) breached: AtomicBool,
    /// It waits for another call of the same client to end.
    queued: AtomicBool,
    /// Questions that the client has not answered yet.
    asking: AtomicUsize,
}

impl Trace {
    /// What it means that there was no answer in time: only if the server had the word is it the server's fault.
    pub(crate) fn overdue(&self, millis: u128) -> Fault {
        if self.queued.load(Ordering::Relaxed) {
            return Fault::down(format!(
                "another call of this client held the session for {millis} ms"
            ));
        }
        let fault = Fault::timeout(format!("no answer in {millis} ms"));
        Fault { blamed: self.asking.load(Ordering::Relaxed) == 0, ..fault }
    }
}

impl Call<'_> {
    /// Carries it out. Dropping the future cancels it upstream.
    pub(crate) async fn run(&self) -> Result<Reply, End> {
        let _busy = self.session.use_it();
        let asks = translate::may_ask(&self.clearance.method);
        let turn = self.session.turn.as_ref().filter(|_| asks);
        let _turn = match turn {
            Some(turn) => {
                self.trace.queued.store(true, Ordering::Relaxed);
                let turn = turn.clone().acquire_owned().await.ok();
                self.trace.queued.store(false, Ordering::Relaxed);
                turn
            }
            None => None,
        };
        let done = match (self.clearance.client.version.era(), self.session.era()) {
            (Era::Modern, Era::Modern) => self.modern_to_modern().await,
            (Era::Legacy, Era::Legacy) => self.legacy_to_legacy().await,
            _ if is_task(&self.clearance.method) => {
                let why = "tasks of this server are of another era than this client";
                Err(End::Answered(RpcError::new(codes::METHOD_NOT_FOUND, why)))
            }
            (Era::Modern, Era::Legacy) => self.modern_to_legacy().await,
            (Era::Legacy, Era::Modern) => self.legacy_to_modern().await,
        };
        match done {
            // A tool's answer, not an error of the protocol: the model should read why, and what it can do.
            Err(End::Unpaid(Unpaid::Refused(no))) if self.clearance.method == Method::ToolsCall => {
                Ok(refused_result(&format!("{}: {}", no.rule, no.message)))
            }
            done => done,
        }
    }

    /// Params with the upstream's own name where it stands deeper than at the top.
    fn named(&self) -> Result<Object, End> {
        let Clearance { method, params, target, .. } = self.clearance;
        if *method != Method::Complete || target.is_empty() {
            return Ok(params.clone());
        }
        let Some(of) = params.object("ref").map_err(bad_params)? else {
            return Ok(params.clone());
        };
        let member = if of.raw("uri").is_some() { "uri" } else { "name" };
        let of = Edit::new().set_str(member, target).apply(&of);
        let text = Edit::new().set("ref", of.to_vec()).apply(params);
        Object::parse(text, Limits::REQUEST).map_err(bad_params)
    }

    fn hop<'t>(&'t self, token: Option<&'t str>) -> Hop<'t> {
        let Clearance { method, target, .. } = self.clearance;
        let target = named_by(method).map(|member| (member, target.as_str()));
        Hop { target, progress_token: token.map(str::as_bytes) }
    }

    /// Our progress token for this exchange, if the client wants progress: the id once more.
    fn token(&self, id: u64) -> Option<String> {
        self.clearance.progress.then(|| id.to_string())
    }

    /// The URI that a resource is read by.
    fn uri(&self) -> Option<&str> {
        let reads = self.clearance.method == Method::ResourcesRead;
        reads.then_some(self.clearance.target.as_str())
    }
}

/// Looks at a result once.
fn peek(raw: Raw) -> Result<Peek, End> {
    translate::peek_result(raw)
        .map_err(|e| Fault::malformed(format!("its result cannot be read: {e}")).into())
}

fn unknown_type(peek: &Peek) -> End {
    let said = peek.object.str("resultType").unwrap_or_default().into_owned();
    Fault::malformed(format!("answered with the unknown resultType {said:?}")).into()
}

/// A complete result in the form of the port.
fn complete(peek: Peek) -> Reply {
    Reply::Complete { result: peek.object.into(), failed: peek.is_error }
}

fn bad_params(error: JsonError) -> End {
    End::Answered(RpcError::new(codes::INVALID_PARAMS, format!("params cannot be read: {error}")))
}

fn unreadable(error: JsonError) -> End {
    Fault::malformed(format!("its result cannot be translated: {error}")).into()
}

const fn is_task(method: &Method) -> bool {
    use Method::{TasksCancel, TasksGet, TasksList, TasksResult, TasksUpdate};
    matches!(method, TasksGet | TasksUpdate | TasksCancel | TasksList | TasksResult)
}

/// What a tool says when the person it needed said no.
fn refused_result(why: &str) -> Reply {
    let text = protocol::json::quote(why);
    let result = format!(r#"{{"content":[{{"type":"text","text":{text}}}],"isError":true}}"#);
    let result = Object::parse(result.into(), Limits::REPLY).unwrap_or_else(|_| Object::empty());
    Reply::Complete { result: result.into(), failed: true }
}

const fn is_plain(peek: &Peek) -> bool {
    matches!(peek.result_type, ResultType::Complete)
}
