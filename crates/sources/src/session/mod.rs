//! Upstream sessions: opened lazily, one a lease, given up when idle.

mod handshake;
mod inbox;
mod level;
mod pool;
mod push;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use bytes::Bytes;
use egress::Deadline;
use gate::{Client, Lease};
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::json::{Object, Raw, quote_into};
use protocol::mcp::headers::encode;
use protocol::mcp::translate::{self, Refusal, refuse};
use protocol::mcp::{ClientCapabilities, Era, Method, ServerCapabilities, Version, keys};
use protocol::rpc::{Id, Message, RpcError};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::wire::{Exchange, Outgoing, Wire};

pub(crate) use handshake::{Opener, Way, discover};
pub(crate) use level::Verbosity;
pub(crate) use pool::{Key, Pool};
use push::Push;

/// One session with one server, in one era. In the modern era it is nothing but what we remember of a lease.
pub(crate) struct Session {
    /// Negotiated with the server.
    pub(crate) version: Version,
    pub(crate) wire: Wire,
    pub(crate) desk: Arc<Desk>,
    /// What the server was told that the client can be asked.
    pub(crate) declared: ClientCapabilities,
    /// For whom it was opened; `None` if it serves everybody.
    pub(crate) client: Option<Arc<Client>>,
    /// What the server said of itself when it was opened; modern ones may not have been asked yet.
    pub(crate) said: Option<Arc<Said>>,
    /// Held by the one call that requests of the server can belong to, where nothing else tells whose they are
    /// (pipes whose server may ask a modern client).
    pub(crate) turn: Option<Arc<Semaphore>>,
    /// What the server's log level is.
    pub(crate) verbosity: Verbosity,
    ids: AtomicU64,
    clock: Clock,
    pub(crate) opened: Instant,
    used: AtomicU64,
    busy: AtomicUsize,
    gone: AtomicBool,
    push: OnceLock<watch::Receiver<Push>>,
    /// Resources that a legacy server was asked to watch.
    subscribed: Mutex<HashSet<String>>,
    /// The subscription of each lease at a modern server.
    listeners: Mutex<HashMap<Lease, AbortHandle>>,
    /// Tasks that live as long as the session.
    helpers: Mutex<Vec<AbortHandle>>,
}

/// What a server says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) capabilities: ServerCapabilities,
    pub(crate) instructions: Option<String>,
    pub(crate) info: Option<Bytes>,
    /// How long it may be kept; modern servers say so.
    pub(crate) ttl: Option<Duration>,
}

/// What a session is made of.
pub(crate) struct Parts {
    pub(crate) version: Version,
    pub(crate) wire: Wire,
    pub(crate) desk: Arc<Desk>,
    pub(crate) declared: ClientCapabilities,
    pub(crate) client: Option<Arc<Client>>,
    pub(crate) said: Option<Arc<Said>>,
    pub(crate) clock: Clock,
    /// The first id that is free.
    pub(crate) next_id: u64,
}

/// Counts a use of a session while it lasts, so that it is not taken for idle.
pub(crate) struct Busy(Arc<Session>);

impl Session {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { version, wire, desk, declared, client, said, clock, next_id } = parts;
        let modern_client = client.as_ref().is_some_and(|c| c.version.era() == Era::Modern);
        let exclusive = matches!(wire, Wire::Pipe(_))
            && version.era() == Era::Legacy
            && modern_client
            && declared.can_be_asked();
        Self {
            version,
            wire,
            desk,
            declared,
            client,
            said,
            turn: exclusive.then(|| Arc::new(Semaphore::new(1))),
            verbosity: Verbosity::default(),
            ids: AtomicU64::new(next_id),
            opened: clock.instant(),
            used: AtomicU64::new(clock.instant().0),
            clock,
            busy: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            push: OnceLock::new(),
            subscribed: Mutex::default(),
            listeners: Mutex::default(),
            helpers: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn era(&self) -> Era {
        self.version.era()
    }

    /// An id that this session has not used yet; its progress token at the same time.
    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn lease(&self) -> Option<Lease> {
        self.client.as_ref().map(|c| c.lease)
    }

    /// Whether it can still be used.
    pub(crate) fn is_open(&self) -> bool {
        !self.gone.load(Ordering::Relaxed) && self.desk.closed().is_none()
    }

    /// Notes that the server has forgotten it.
    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    pub(crate) fn use_it(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// For how long nobody has used it; `None` while somebody does.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let since = Instant(self.used.load(Ordering::Relaxed));
        (self.busy.load(Ordering::Relaxed) == 0).then(|| self.clock.instant().since(since))
    }

    /// Begins an exchange for one request.
    pub(crate) fn begin(
        &self,
        id: u64,
        method: Method,
        params: &[u8],
        headers: HeaderMap,
        deadline: Deadline,
    ) -> Exchange {
        let body = protocol::rpc::request(&Id::number(id), method.as_str(), params);
        let asks = translate::may_ask(&method);
        self.wire.request(Outgoing { id, method, headers, body, asks }, &self.desk, deadline)
    }

    /// One small request of our own. What else comes on its stream is not for anybody.
    pub(crate) async fn ask(
        &self,
        method: Method,
        params: &[u8],
        patience: Duration,
    ) -> Result<Result<Raw, RpcError>, Fault> {
        self.ask_again(method, params, patience, None).await
    }

    /// The same, for an answer that may be `known`.
    pub(crate) async fn ask_again(
        &self,
        method: Method,
        params: &[u8],
        patience: Duration,
        known: Option<Raw>,
    ) -> Result<Result<Raw, RpcError>, Fault> {
        let deadline = Deadline::after(patience);
        let mut exchange = self.begin(self.next_id(), method, params, HeaderMap::new(), deadline);
        exchange.may_repeat(known);
        match tokio::time::timeout(patience, answer_of(exchange, &self.wire)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::timeout("no answer in time")),
        }
    }

    /// Params for a request of our own: these members, and `_meta` where the era wants it.
    pub(crate) fn params(&self, members: &[(&str, &[u8])]) -> Vec<u8> {
        let meta = (self.era() == Era::Modern).then(|| self.meta());
        object(members.iter().copied().chain(meta.as_deref().map(|m| ("_meta", m))))
    }

    fn meta(&self) -> Vec<u8> {
        modern_meta(&self.declared, self.client.as_deref())
    }

    /// Ends it: what was started is stopped, the server is told.
    pub(crate) async fn close(&self) {
        self.set_gone();
        self.stop_helpers();
        self.wire.close().await;
    }

    /// Ties a task to the life of the session.
    pub(crate) fn keep(&self, task: AbortHandle) {
        let mut helpers = self.helpers();
        helpers.retain(|task| !task.is_finished());
        helpers.push(task);
    }

    /// Whether something is watched on it.
    pub(crate) fn watches(&self) -> bool {
        let listens = !self.listeners.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        listens || self.push.get().is_some_and(|push| *push.borrow() == Push::On)
    }

    /// Whether the server was asked to watch this resource.
    pub(crate) fn is_subscribed(&self, uri: &str) -> bool {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).contains(uri)
    }

    pub(crate) fn subscribed(&self, uri: &str) {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.to_owned());
    }

    /// Forgets it; whether it was watched.
    pub(crate) fn unsubscribed(&self, uri: &str) -> bool {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner).remove(uri)
    }

    /// Sets the subscription of one lease; the one before ends.
    pub(crate) fn replace_listener(&self, lease: Lease, task: Option<AbortHandle>) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let old = match task {
            Some(task) => listeners.insert(lease, task),
            None => listeners.remove(&lease),
        };
        if let Some(old) = old {
            old.abort();
        }
    }

    fn stop_helpers(&self) {
        std::mem::take(&mut *self.helpers()).iter().for_each(AbortHandle::abort);
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.drain().for_each(|(_, task)| task.abort());
    }

    fn helpers(&self) -> MutexGuard<'_, Vec<AbortHandle>> {
        self.helpers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop_helpers();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.used.store(self.0.clock.instant().0, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for the answer alone; the server's own pings are answered, its other requests refused.
pub(crate) async fn answer_of(
    mut exchange: Exchange,
    wire: &Wire,
) -> Result<Result<Raw, RpcError>, Fault> {
    loop {
        match exchange.next().await? {
            Message::Response(response) => {
                exchange.done();
                return Ok(response.outcome);
            }
            Message::Request(request) => {
                let answer = refuse(&request.method, Refusal::Unavailable);
                wire.tell(reply(&request.id, answer)).await?;
            }
            Message::Notification { .. } => {}
        }
    }
}

/// The message that answers a request of the server.
pub(crate) fn reply(id: &Id, answer: Result<Bytes, RpcError>) -> Bytes {
    match answer {
        Ok(result) => protocol::rpc::result(id, result.into()).into_bytes(),
        Err(error) => protocol::rpc::error(Some(id), &error),
    }
}

/// The three members of `_meta` that every modern request has.
pub(crate) fn modern_meta(declared: &ClientCapabilities, client: Option<&Client>) -> Vec<u8> {
    let version = protocol::json::quote(Version::MODERN.as_str());
    let info = client.and_then(|c| c.info.clone()).unwrap_or_else(own_info);
    object([
        (keys::PROTOCOL_VERSION, version.as_bytes()),
        (keys::CLIENT_CAPABILITIES, declared.raw()),
        (keys::CLIENT_INFO, &info),
    ])
}

/// What we say of ourselves where a client said nothing.
pub(crate) fn own_info() -> Bytes {
    const INFO: &str =
        concat!(r#"{"name":"portcullis","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
    Bytes::from_static(INFO.as_bytes())
}

/// A small object of raw members.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut out = b"{".to_vec();
    for (name, value) in members {
        if out.len() > 1 {
            out.push(b',');
        }
        quote_into(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.push(b'}');
    out
}

/// The member of the params that holds the name of what a request is about, if it has one (SEP-2243, SEP-2663).
pub(crate) const fn named_by(method: &Method) -> Option<&'static str> {
    match method {
        Method::ToolsCall | Method::PromptsGet => Some("name"),
        Method::ResourcesRead => Some("uri"),
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel | Method::TasksResult => {
            Some("taskId")
        }
        _ => None,
    }
}

/// `Mcp-Name` and `Mcp-Param-*` for a modern request over HTTP.
pub(crate) fn name_headers(
    method: &Method,
    target: &str,
    params: &[(String, String)],
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(params.len() + 1);
    if named_by(method).is_some()
        && let Ok(value) = HeaderValue::from_str(&encode(target))
    {
        headers.insert(HeaderName::from_static("mcp-name"), value);
    }
    for (name, value) in params {
        let pair = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
        if let (Ok(name), Ok(value)) = pair {
            headers.insert(name, value);
        }
    }
    headers
}

/// Reads what a server says of itself out of the result of `initialize` or `server/discover`.
pub(crate) fn said(result: &Object) -> Result<Said, Fault> {
    let raw = result.get("capabilities").unwrap_or_else(|| Bytes::from_static(b"{}"));
    let capabilities = ServerCapabilities::parse(raw)
        .map_err(|e| Fault::malformed(format!("its capabilities cannot be read: {e}")))?;
    let instructions = result.str("instructions").map(std::borrow::Cow::into_owned);
    let meta = result.object("_meta").ok().flatten();
    let info = result
        .get("serverInfo")
        .or_else(|| meta.and_then(|meta| meta.get(keys::SERVER_INFO)))
        .filter(|raw| raw.first() == Some(&b'{'));
    let ttl = result.raw("ttlMs").and_then(crate::desk::number).map(Duration::from_millis);
    Ok(Said { capabilities, instructions, info, ttl })
}
