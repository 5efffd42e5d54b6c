use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use egress::Deadline;
use gate::Client;
use http::{HeaderMap, HeaderValue};
use protocol::json::{Edit, Limits, Object, Raw, quote};
use protocol::mcp::translate::{Refusal, refuse};
use protocol::mcp::{ClientCapabilities, Era, Method, Version};
use protocol::rpc::{Id, Message, RpcError};

use super::inbox::Inbox;
use super::{Parts, Said, Session, modern_meta, object, own_info, reply, said};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::hub::Hub;
use crate::launch::Launch;
use crate::wire::{self, Endpoint, Exchange, HttpWire, Outgoing, Wire};

/// Opens sessions with one server.
pub(crate) struct Opener {
    pub(crate) hub: Arc<Hub>,
    pub(crate) way: Way,
    /// Whether a server configured as Streamable HTTP turned out to know only HTTP+SSE.
    pub(crate) old: AtomicBool,
}

/// How the server is reached.
pub(crate) enum Way {
    Stdio(Launch),
    Http(Endpoint),
    Sse(Endpoint),
}

/// What a legacy server answered to `initialize`.
struct Agreed {
    version: Version,
    said: Said,
    session: Option<HeaderValue>,
}

impl Opener {
    /// Opens a session in this era for one client, or for everybody.
    pub(crate) async fn open(
        &self,
        era: Era,
        client: Option<&Arc<Client>>,
        known: bool,
    ) -> Result<Arc<Session>, Fault> {
        match era {
            Era::Legacy => self.legacy(client).await,
            Era::Modern => self.modern(client, known).await,
        }
    }

    /// Modern: there is nothing to open over HTTP, but a server not known to be modern is asked first. A program is
    /// always asked: what it answers first decides for which era that child is good (section 2.6).
    async fn modern(
        &self,
        client: Option<&Arc<Client>>,
        known: bool,
    ) -> Result<Arc<Session>, Fault> {
        let declared = self.declare(client, Version::MODERN)?;
        let desk = Arc::new(Desk::new(self.hub.strays.clone()));
        let (inbox, messages) = Inbox::new();
        let (wire, said) = match &self.way {
            Way::Sse(_) => return Err(Fault::other_era("HTTP+SSE has no modern form")),
            Way::Http(at) => {
                let http = HttpWire::new(at.clone(), Some(Version::MODERN), Era::Modern);
                let wire = Wire::Http(Arc::new(http));
                let asked = if known {
                    None
                } else {
                    Some(self.probe(&wire, &desk, &declared, client).await?)
                };
                (wire, asked)
            }
            Way::Stdio(launch) => {
                let program = launch.start().await?;
                let max = self.hub.bounds.result;
                let wire = Wire::Pipe(wire::start(program, &desk, messages.clone(), max));
                match self.probe(&wire, &desk, &declared, client).await {
                    Ok(said) => (wire, Some(said)),
                    Err(fault) => {
                        wire.close().await;
                        let silent = fault.is(crate::fault::FaultKind::Timeout) && !known;
                        return Err(if silent { Fault::other_era(fault.detail) } else { fault });
                    }
                }
            }
        };
        let client = client.cloned();
        let (clock, said) = (self.hub.clock.clone(), said.map(Arc::new));
        let version = Version::MODERN;
        let parts = Parts { version, wire, desk, declared, client, said, clock, next_id: 2 };
        let session = Arc::new(Session::new(parts));
        inbox.serve(&session, &self.hub);
        Ok(session)
    }

    async fn probe(
        &self,
        wire: &Wire,
        desk: &Arc<Desk>,
        declared: &ClientCapabilities,
        client: Option<&Arc<Client>>,
    ) -> Result<Said, Fault> {
        let times = &self.hub.times;
        let patience = match &self.way {
            Way::Stdio(_) => times.probe,
            _ => times.list,
        };
        let meta = modern_meta(declared, client.map(AsRef::as_ref));
        discover(wire, desk, 1, &meta, patience).await
    }

    async fn legacy(&self, client: Option<&Arc<Client>>) -> Result<Arc<Session>, Fault> {
        let patience = self.hub.times.start;
        match tokio::time::timeout(patience, self.legacy_unhurried(client)).await {
            Ok(session) => session,
            Err(_) => {
                Err(Fault::timeout("the handshake was not done in time").after_sending(false))
            }
        }
    }

    async fn legacy_unhurried(&self, client: Option<&Arc<Client>>) -> Result<Arc<Session>, Fault> {
        let legacy = client.map(|c| c.version).filter(|v| v.era() == Era::Legacy);
        let wanted = legacy.unwrap_or(Version::NEWEST_LEGACY);
        let declared = self.declare(client, wanted)?;
        let desk = Arc::new(Desk::new(self.hub.strays.clone()));
        let (inbox, messages) = Inbox::new();
        let (wire, agreed) = match &self.way {
            Way::Stdio(launch) => {
                let program = launch.start().await?;
                let max = self.hub.bounds.result;
                let wire = Wire::Pipe(wire::start(program, &desk, messages.clone(), max));
                let agreed = self.initialize(&wire, &desk, wanted, &declared, client).await;
                match agreed {
                    Ok(agreed) => (wire, agreed),
                    Err(fault) => {
                        wire.close().await;
                        return Err(fault);
                    }
                }
            }
            Way::Sse(at) => self.sse(at, &desk, messages, wanted, &declared, client).await?,
            Way::Http(at) if self.old.load(Ordering::Relaxed) => {
                self.sse(at, &desk, messages, wanted, &declared, client).await?
            }
            Way::Http(at) => {
                let http = Arc::new(HttpWire::new(at.clone(), None, Era::Legacy));
                let wire = Wire::Http(http.clone());
                match self.initialize(&wire, &desk, wanted, &declared, client).await {
                    Ok(mut agreed) => {
                        let http = http.in_session(agreed.version, agreed.session.take());
                        (Wire::Http(Arc::new(http)), agreed)
                    }
                    Err(fault) if matches!(fault.status, Some(400 | 404 | 405)) => {
                        let old = self.sse(at, &desk, messages, wanted, &declared, client).await;
                        let opened = old.map_err(|_| fault)?;
                        self.old.store(true, Ordering::Relaxed);
                        opened
                    }
                    Err(fault) => return Err(fault),
                }
            }
        };
        let initialized = protocol::rpc::notification(Method::Initialized.as_str(), b"{}");
        wire.tell(initialized).await?;
        let (version, said) = (agreed.version, Some(Arc::new(agreed.said)));
        let (clock, client) = (self.hub.clock.clone(), client.cloned());
        let level = client.as_ref().and_then(|c| c.level()).filter(|_| legacy.is_some());
        let parts = Parts { version, wire, desk, declared, client, said, clock, next_id: 2 };
        let session = Arc::new(Session::new(parts));
        inbox.serve(&session, &self.hub);
        if let Some(level) = level {
            session.set_level(level, self.hub.times.list).await;
        }
        Ok(session)
    }

    async fn sse(
        &self,
        at: &Endpoint,
        desk: &Arc<Desk>,
        messages: tokio::sync::mpsc::Sender<Message>,
        wanted: Version,
        declared: &ClientCapabilities,
        client: Option<&Arc<Client>>,
    ) -> Result<(Wire, Agreed), Fault> {
        let pipe = wire::dial(at, desk, messages, self.hub.times.start).await?;
        let wire = Wire::Pipe(pipe);
        let agreed = self.initialize(&wire, desk, wanted, declared, client).await?;
        Ok((wire, agreed))
    }

    async fn initialize(
        &self,
        wire: &Wire,
        desk: &Arc<Desk>,
        wanted: Version,
        declared: &ClientCapabilities,
        client: Option<&Arc<Client>>,
    ) -> Result<Agreed, Fault> {
        let version = quote(wanted.as_str());
        let info = client.and_then(|c| c.info.clone()).unwrap_or_else(own_info);
        let params = object([
            ("protocolVersion", version.as_bytes()),
            ("capabilities", &declared.raw()[..]),
            ("clientInfo", &info[..]),
        ]);
        let exchange = begin(wire, desk, 1, Method::Initialize, &params, self.hub.times.start);
        let (outcome, session) = first_answer(exchange, wire).await?;
        let result = match outcome {
            Ok(result) => parse(result)?,
            // Whatever the code: this server does not open in the legacy way (section 2.6).
            Err(e) => {
                let why = format!("`initialize` was answered with error {}", e.code);
                return Err(Fault::other_era(why));
            }
        };
        let version = result.str("protocolVersion").and_then(|text| Version::parse(&text));
        let Some(version) = version.filter(|v| v.era() == Era::Legacy) else {
            return Err(Fault::malformed("agreed to a version that is none of the legacy era"));
        };
        Ok(Agreed { version, said: said(&result)?, session })
    }

    /// What a server of this version is told that the client can be asked: never more than the client said, and
    /// nothing where one session serves everybody.
    fn declare(
        &self,
        client: Option<&Arc<Client>>,
        to: Version,
    ) -> Result<ClientCapabilities, Fault> {
        let Some(client) = client else { return Ok(ClientCapabilities::none()) };
        let mut raw = client.capabilities.project(client.version, to);
        if to.era() == Era::Legacy && !self.hub.roots {
            let all = Object::parse(raw.clone(), Limits::REQUEST)
                .map_err(|e| Fault::untranslatable(e.to_string()))?;
            raw = Edit::new().remove("roots").apply(&all);
        }
        ClientCapabilities::parse(raw).map_err(|e| Fault::untranslatable(e.to_string()))
    }
}

/// Asks a server for itself in the modern way. An answer, whatever it says, that no modern server gives is the fault
/// `OtherEra`.
pub(crate) async fn discover(
    wire: &Wire,
    desk: &Arc<Desk>,
    id: u64,
    meta: &[u8],
    patience: Duration,
) -> Result<Said, Fault> {
    let params = object([("_meta", meta)]);
    let ask = async |id| {
        let exchange = begin(wire, desk, id, Method::Discover, &params, patience);
        match tokio::time::timeout(patience, first_answer(exchange, wire)).await {
            Ok(answer) => Ok(answer?.0),
            Err(_) => Err(Fault::timeout("no answer to `server/discover` in time")),
        }
    };
    let mut outcome = ask(id).await?;
    if outcome.as_ref().is_err_and(names_our_version) {
        outcome = ask(id | AGAIN).await?;
    }
    match outcome {
        Ok(result) => {
            let result = parse(result).map_err(|f| Fault::other_era(f.detail))?;
            if supports_modern(&result) {
                return said(&result);
            }
            Err(Fault::other_era(
                "its `supportedVersions` name no version of the modern era that is known",
            ))
        }
        Err(e) if [-32020, -32021].contains(&e.code) => {
            Err(Fault::malformed(format!("refused `server/discover` with error {}", e.code)))
        }
        Err(e) => {
            Err(Fault::other_era(format!("`server/discover` was answered with error {}", e.code)))
        }
    }
}

/// Set in the id of a question that is asked a second time; counted ids never get so far.
const AGAIN: u64 = 1 << 52;

/// An error about versions that offers the very one that was asked with: to be tried once more (2026-07-28
/// basic/versioning).
fn names_our_version(error: &RpcError) -> bool {
    let supported = protocol::mcp::translate::supported_versions(error);
    supported.is_some_and(|all| all.iter().any(|v| v == Version::MODERN.as_str()))
}

fn supports_modern(result: &Object) -> bool {
    let versions = result.get("supportedVersions");
    let versions = versions.and_then(|raw| protocol::json::elements(&raw, Limits::REPLY).ok());
    let modern = quote(Version::MODERN.as_str());
    versions.is_some_and(|all| all.iter().any(|v| v[..] == *modern.as_bytes()))
}

fn parse(result: Raw) -> Result<Object, Fault> {
    result.object().map_err(|e| Fault::malformed(format!("its result cannot be read: {e}")))
}

fn begin(
    wire: &Wire,
    desk: &Arc<Desk>,
    id: u64,
    method: Method,
    params: &[u8],
    patience: Duration,
) -> Exchange {
    let body = protocol::rpc::request(&Id::number(id), method.as_str(), params);
    let out = Outgoing { id, method, headers: HeaderMap::new(), body, asks: false };
    wire.request(out, desk, Deadline::after(patience))
}

type Answer = Result<Raw, RpcError>;

/// The answer to the first request on a wire, and the session id that came with it.
async fn first_answer(
    mut exchange: Exchange,
    wire: &Wire,
) -> Result<(Answer, Option<HeaderValue>), Fault> {
    loop {
        match exchange.next().await? {
            Message::Response(response) => {
                let session = match &mut exchange {
                    Exchange::Http(http, _) => http.take_session(),
                    Exchange::Pipe(_) => None,
                };
                exchange.done();
                return Ok((response.outcome, session));
            }
            Message::Request(request) => {
                let refusal = refuse(&request.method, Refusal::Unavailable);
                wire.tell(reply(&request.id, refusal)).await?;
            }
            Message::Notification { .. } => {}
        }
    }
}
