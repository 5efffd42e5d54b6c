//! Calls that a source makes while it carries one out: the steps of a workflow.
//!
//! A step takes the way of every other call: it is limited, looked up, decided and recorded for the principal whose
//! call leads to it. What is different: it cannot ask the client anything, it sees all sources of its tenant whatever path the
//! client came by (policy and scopes still decide), and it is counted, so that workflows that call workflows have an end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use model::{Code, Effect, Refusal, SourceName};
use protocol::json::{Limits, Object, quote};
use protocol::mcp::{ClientCapabilities, Method, Version};
use protocol::rpc::{Id, RpcError};

use crate::catalogue::Shelf;
use crate::gate::Inner;
use crate::port::{Ask, Boxed, Kind, Link, Notice};
use crate::{Arrival, Client, Gate, Incoming, Lease, Vetted, digest, list, render};

/// Deepest nesting of calls that lead to calls.
const MAX_DEPTH: u32 = 10;
/// Most calls that one call of a client may lead to, all of them together.
const MAX_CALLS: u32 = 1000;

/// A gate that does not keep the gate alive: for sources, which the gate itself keeps.
#[derive(Clone)]
pub struct WeakGate(pub(crate) Weak<Inner>);

impl WeakGate {
    /// The gate, if it is still there.
    pub fn upgrade(&self) -> Option<Gate> {
        self.0.upgrade().map(Gate)
    }
}

/// How a client came to be: by which run, and how deep in it. A client of a front has none.
#[derive(Clone)]
pub(crate) struct Trail {
    run: Arc<Run>,
    depth: u32,
}

/// Everything that one call of a client leads to.
struct Run {
    number: u64,
    calls: AtomicU32,
}

impl Run {
    fn new(number: u64) -> Self {
        Self { number, calls: AtomicU32::new(0) }
    }
}

/// A step to be made.
pub struct Step<'a> {
    /// The tool, by the name agents know it by.
    pub tool: &'a str,
    /// Raw arguments: an object.
    pub arguments: Bytes,
    /// What the record of the call names the step by: workflow and step.
    pub label: &'a str,
}

impl Gate {
    /// A handle that sources may keep.
    pub fn downgrade(&self) -> WeakGate {
        WeakGate(Arc::downgrade(&self.0))
    }

    /// On whose behalf the steps of this client's call are made: the same principal, one level deeper.
    pub fn stepping(&self, client: &Client) -> Result<Arc<Client>, Refusal> {
        let trail = client.trail.as_ref().map_or_else(
            || Trail { run: Arc::new(Run::new(self.next_number())), depth: 1 },
            |trail| Trail { run: trail.run.clone(), depth: trail.depth + 1 },
        );
        if trail.depth > MAX_DEPTH {
            let message = format!("calls lead to calls {MAX_DEPTH} deep at most");
            return Err(Refusal::new(Code::TooLarge, message).detail("nesting"));
        }
        let mut inner = Client::new(
            lease(client),
            client.principal.clone(),
            Version::MODERN,
            ClientCapabilities::none(),
            None,
            None,
            client.front,
            client.session.clone(),
            None,
        );
        inner.trail = Some(trail);
        Ok(Arc::new(inner))
    }

    /// Makes one step for a client that came from [`Gate::stepping`]: a call of its own, all the way.
    pub async fn step(&self, client: &Arc<Client>, step: Step<'_>) -> Vetted {
        let incoming = match incoming(client, &step) {
            Ok(incoming) => incoming,
            Err(refusal) => return render::refusal(&refusal, client.version.era()),
        };
        self.call(client, incoming, Arc::new(Unasked)).await
    }

    /// The name that agents know a source's tool by, and what it may do to the world. Says nothing of whether anybody
    /// may call it.
    pub async fn tool_of(
        &self,
        client: &Arc<Client>,
        source: &SourceName,
        upstream: &str,
    ) -> Option<(String, Effect)> {
        let tenant = &client.principal.tenant;
        let there = |s: &&Shelf| s.settings.audience.has(tenant);
        let shelf = self.catalogue().shelf(source).filter(there)?;
        let known = || {
            let entries = shelf.entries(Kind::Tools, tenant).into_iter();
            entries.filter(|e| e.upstream == upstream).map(|e| (e.exposed.clone(), e.effect)).next()
        };
        if shelf.is_stale(Kind::Tools, tenant) {
            Box::pin(list::renew(self, client, shelf, Kind::Tools)).await;
        }
        known()
    }

    /// What the tool of that name may do to the world.
    pub async fn effect_of(&self, client: &Arc<Client>, tool: &str) -> Option<Effect> {
        let tenant = &client.principal.tenant;
        let known = |gate: &Self| gate.catalogue().index(tenant).tool(tool).map(|e| e.effect);
        if known(self).is_none() {
            Box::pin(list::freshen(self, client, Kind::Tools, Some(tool))).await;
        }
        known(self)
    }
}

fn incoming(client: &Client, step: &Step<'_>) -> Result<Incoming, Refusal> {
    let no = |message: &str| Refusal::new(Code::InvalidParams, message);
    let trail = client.trail.as_ref().ok_or_else(|| no("a step is made within a call"))?;
    if trail.run.calls.fetch_add(1, Ordering::Relaxed) >= MAX_CALLS {
        let message = format!("one call leads to {MAX_CALLS} others at most");
        return Err(Refusal::new(Code::TooLarge, message).detail("calls of one run"));
    }
    let mut params = format!("{{\"name\":{},\"arguments\":", quote(step.tool)).into_bytes();
    params.extend_from_slice(&step.arguments);
    params.push(b'}');
    let params = Object::parse(Bytes::from(params), Limits::REQUEST)
        .map_err(|e| no("the arguments of the step cannot be read").detail(e.to_string()))?;
    let id = quote(&format!("{}/{}/{}", trail.run.number, trail.depth, step.label));
    Ok(Incoming {
        id: Id::from_raw(Bytes::from(id)).unwrap_or_else(|| Id::number(trail.run.number)),
        method: Method::ToolsCall,
        params,
        param_headers: None,
        progress: false,
        level: None,
        arrival: Arrival { front: client.front, ..Arrival::default() },
    })
}

/// Steps for one client share upstream sessions, at every depth, apart from the client's own.
fn lease(client: &Client) -> Lease {
    if client.trail.is_some() {
        return client.lease;
    }
    let (tenant, id) = (client.principal.tenant.as_str(), client.principal.id.as_str());
    let text = format!("steps\0{}\0{tenant}{id}\0{:x}", tenant.len(), client.lease.0);
    let digest = digest::sha256(text.as_bytes());
    let mut lease = [0; 16];
    lease.copy_from_slice(&digest[..16]);
    Lease(u128::from_be_bytes(lease))
}

/// The link of a step: nobody is there to be told or asked.
struct Unasked;

impl Link for Unasked {
    fn notify(&self, _: Notice) -> Boxed<'_, ()> {
        Box::pin(async {})
    }

    fn ask(&self, _: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async { Err(RpcError::new(-32601, "a step of a workflow cannot ask anybody")) })
    }
}
