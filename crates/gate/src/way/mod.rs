//! The one way of a call. Every front and every source has it; its order stands here and nowhere else.

mod approve;
mod arguments;
mod decide;
mod limit;
mod lookup;
mod passage;
mod payment;
mod tasks;
mod vet;

use std::sync::Arc;

use audit::Outcome;
use bytes::Bytes;
use identity::Permit;
use model::{Code, Refusal, SourceName};
use protocol::json::Object;
use protocol::mcp::{Era, Method};

pub(crate) use arguments::against_schema as fits;
pub(crate) use decide::{shows, target as target_of};
pub(crate) use limit::{Who, principal as limit_principal};
pub(crate) use lookup::{Approved, Found, Heard};
pub(crate) use passage::Passage;
pub(crate) use vet::{ending_of, refusal_of};

use approve::{Named, Put, Settled};
use arguments::Checked;

use crate::catalogue::Entry;
use crate::discovery::{self, Turn};
use crate::gate::{Gate, Incoming};
use crate::park;
use crate::port::{Kind, Link, Reply, Trouble};
use crate::{About, Clearance, Cleared, Client, Vetted};

/// Most questions to persons that one request waits for: one of policy, one of the source, each perhaps asked anew.
const QUESTIONS: usize = 4;

/// The stages, in their order, with what each is for. Printed by `portcullis explain call`.
pub const STAGES: [(&str, &str); 10] = [
    ("identify", "who calls, by the credential of this request"),
    ("open", "a place in the audit log, before anything else"),
    ("limit", "calls of this principal, then of this tool, then at once"),
    ("look up", "the exposed name in the pinned catalogue of the tenant"),
    (
        "decide",
        "the lists of the tenant, then policy, on the resolved tool and the final arguments",
    ),
    ("check", "mirrored headers, schema and reserved names of the arguments"),
    ("approve", "a person's yes, where policy asks for one; used up before anything happens"),
    ("clear", "the call becomes one that a source takes"),
    ("vet", "the reply: size, shape, requests to the client, label"),
    ("record", "durable before the answer leaves"),
];

/// How a call ended well enough to have an answer.
pub(crate) struct Ending {
    pub(crate) vetted: Vetted,
    pub(crate) outcome: Outcome,
    pub(crate) upstream_status: Option<i64>,
    pub(crate) note: Option<String>,
}

/// Takes one call all the way. Dropping the future cancels the call; that, too, is recorded.
pub(crate) async fn call(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: Box<Incoming>,
    link: Arc<dyn Link>,
) -> Vetted {
    let mut passage = match Passage::open(gate, client, &incoming) {
        Ok(passage) => passage,
        Err(refusal) => return crate::render::refusal(&refusal, client.version.era()),
    };
    let end = travel(gate, client, incoming, link, &mut passage).await;
    passage.close(end).await
}

async fn travel(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: Box<Incoming>,
    link: Arc<dyn Link>,
    passage: &mut Passage,
) -> Result<Ending, Refusal> {
    limit::principal(gate, client)?;
    let mut incoming = match discovery::turn(gate, client, incoming).await? {
        Turn::On(incoming) => incoming,
        Turn::Answered(ending) => return Ok(ending),
    };
    // Before the name is looked up: arguments that cannot be read, and the time that reading takes, must not tell a
    // hidden name from an unknown one.
    let arguments = arguments::read(gate, &incoming, passage)?;
    let taken = payment::strip(&mut incoming);
    let mut found = lookup::find(gate, client, &incoming).await?;
    passage.found(&found);
    found.heard.add(taken);
    if client.version.era() == Era::Modern && may_ask(&incoming.method) {
        found.request = Some((incoming.method.clone(), incoming.params.clone()));
    }
    let mut named = approve::named(gate, client, &found, &mut incoming)?;
    let arguments = arguments.as_ref();
    for _ in 0..QUESTIONS {
        let Admitted { asks, ready, place } =
            admitted(gate, client, &incoming, &found, arguments, passage)?;
        let settled = match asks {
            Some(rule) => {
                let (by, found) = ((&*rule, &mut *passage), &mut found);
                let settled =
                    approve::settle(gate, client, &incoming, found, arguments, &named, by);
                Box::pin(settled).await?
            }
            None => Settled::Go,
        };
        let (asking, kind) = match settled {
            Settled::Asks(asking) => (asking, "policy"),
            Settled::Go if !found.source.asks() => {
                let reply = make(gate, client, incoming, &found, ready, &named, link).await?;
                return ending_of(gate, client, &found, reply);
            }
            Settled::Go => {
                let (incoming, link) = (incoming.clone(), link.clone());
                match make(gate, client, incoming, &found, ready, &named, link).await? {
                    Err(Trouble::Asks(asking)) => {
                        passage.waits(&asking.ticket.id);
                        Box::pin(approve::returned(gate, &mut found)).await;
                        (*asking, "source")
                    }
                    reply => return ending_of(gate, client, &found, reply),
                }
            }
        };
        // Whoever waits for a person takes no place from those who call.
        drop(place);
        let put = approve::put(gate, client, &found, &asking, &mut named, (kind, &link));
        match Box::pin(put).await? {
            Put::Again => {}
            Put::End(ending) => return Ok(ending),
        }
    }
    Err(Refusal::new(Code::ApprovalRequired, "this call asks a person again and again"))
}

/// A call that may go on, if no person has to be asked first.
struct Admitted {
    /// The policy that asks a person, if one does.
    asks: Option<String>,
    /// What goes with the call.
    ready: Ready,
    /// The place among the calls of this principal that run.
    place: Permit<Who>,
}

/// What goes with a call that is made.
struct Ready {
    checked: Checked,
    /// What its record says of it.
    about: About,
}

/// Everything that has to hold before a person is asked, or a source is.
fn admitted(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: &Incoming,
    found: &Found,
    arguments: Option<&Object>,
    passage: &mut Passage,
) -> Result<Admitted, Refusal> {
    let asks = decide::decide(gate, client, found, arguments, passage)?;
    lookup::refuse_quarantined(found)?;
    limit::tool(gate, client, found)?;
    let place = limit::at_once(gate, client)?;
    let checked = arguments::check(gate, client, incoming, found, arguments)?;
    let ready = Ready { checked, about: passage.about() };
    Ok(Admitted { asks, ready, place })
}

/// Makes the call, or goes on with the one that waits for this answer.
async fn make(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: Box<Incoming>,
    found: &Found,
    ready: Ready,
    named: &Named,
    link: Arc<dyn Link>,
) -> Result<Outgoing, Refusal> {
    if let Some(parked) = park::resumed(gate, client, &incoming, found)? {
        return Ok(Box::pin(parked.go_on(gate, client, found, link)).await);
    }
    let cleared = clear(gate, client, incoming, found, ready, named)?;
    Ok(park::run(gate, client, found, cleared, link).await)
}

/// A passage for what is recorded like a call without being one that a source carries out.
pub(crate) fn begin(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: &Incoming,
) -> Result<Passage, Refusal> {
    Passage::open(gate, client, incoming)
}

/// A resource that this client may read, decided and recorded like a call for it.
pub(crate) async fn decided_resource(
    gate: &Gate,
    client: &Arc<Client>,
    uri: &str,
    passage: &mut Passage,
) -> Result<Found, Refusal> {
    let found = lookup::resource(gate, client, uri).await?;
    passage.found(&found);
    if decide::decide(gate, client, &found, None, passage)?.is_some() {
        let why = "a person has to approve this, and there is no way to ask one for it";
        return Err(Refusal::new(Code::ApprovalUnavailable, why));
    }
    lookup::refuse_quarantined(&found)?;
    Ok(found)
}

/// A tool that this client may call, by the name it is known by.
pub(crate) async fn may_call(
    gate: &Gate,
    client: &Arc<Client>,
    name: &str,
) -> Result<Arc<Entry>, Refusal> {
    let found = lookup::by_name(gate, client, Kind::Tools, name).await?;
    decide::may(gate, client, &found)?;
    lookup::refuse_quarantined(&found)?;
    let none = || lookup::unknown(client, model::Action::Call, name);
    found.entry.ok_or_else(none)
}

/// Source and upstream URI of a resource that this client may read.
pub(crate) async fn readable(
    gate: &Gate,
    client: &Arc<Client>,
    uri: &str,
) -> Result<(SourceName, String), Refusal> {
    let found = lookup::resource(gate, client, uri).await?;
    decide::may(gate, client, &found)?;
    lookup::refuse_quarantined(&found)?;
    Ok((found.source.name().clone(), found.target))
}

fn clear(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: Box<Incoming>,
    found: &Found,
    ready: Ready,
    named: &Named,
) -> Result<Cleared, Refusal> {
    let Ready { checked: Checked { headers: param_headers, arguments }, about } = ready;
    let approval = approve::for_source(gate, client, &incoming, found, named);
    let state = match client.version.era() {
        Era::Modern => park::upstream_state(gate, client, &incoming, found)?,
        Era::Legacy => None,
    };
    let incoming = *incoming;
    Ok(Cleared::new(Clearance {
        client: client.clone(),
        method: incoming.method,
        target: found.target.clone(),
        params: found.params.clone().unwrap_or(incoming.params),
        arguments,
        param_headers,
        progress: incoming.progress,
        level: incoming.level,
        state,
        deadline: gate.settings().call_deadline,
        approval,
        about,
    }))
}

/// Whether an answer to this method may ask the client for something first (2026-07-28 basic/patterns/mrtr).
pub(crate) const fn may_ask(method: &Method) -> bool {
    matches!(method, Method::ToolsCall | Method::PromptsGet | Method::ResourcesRead)
}

/// What a call came to: the source's own reply, or the questions of a call that waits for their answers. Two types,
/// because questions of a parked call have passed the guards, and a source's reply has not.
pub(crate) enum Came {
    Back(Reply),
    Parked { inputs: Vec<(String, Method, Bytes)>, state: String },
}

/// What the making of a call yields.
pub(crate) type Outgoing = Result<Came, Trouble>;
