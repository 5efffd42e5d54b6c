//! POST and DELETE on an MCP endpoint.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};
use identity::{NoSession, SessionToken};
use model::{Code, Refusal, Timestamp};
use protocol::batch;
use protocol::json::Limits;
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::{Era, Method, Version};
use protocol::rpc::{Id, Message, Request};

use crate::base::{malformed, random, trace_id};
use crate::body::Body;
use crate::collect::{NoBody, collect};
use crate::door::Door;
use crate::exchange;
use crate::gauges::Counted;
use crate::modern;
use crate::open::{Opener, open};
use crate::said::Said;
use crate::session::Session;
use crate::stream::EventStream;
use crate::table::{Full, Held};
use crate::track::Track;
use crate::upload::Upload;
use crate::visit::{Visit, source_set};
use crate::{legacy, media, reply};

/// How long a client should wait before it comes back for a stream that broke off (SEP-1699).
const RETRY: Duration = Duration::from_secs(1);

/// The request in a POST: media types, then the body, then what it says.
pub(crate) async fn post(door: &Arc<Door>, visit: Box<Visit>, body: Upload) -> Response<Body> {
    match receive(door, &visit, body).await {
        Ok(text) => dispatch(door, visit, text).await,
        Err(response) => response,
    }
}

/// Takes in the body of a message.
pub(crate) async fn receive(
    door: &Door,
    visit: &Visit,
    body: Upload,
) -> Result<Bytes, Response<Body>> {
    let no = |refusal, status| async move {
        let said = door.base.refuse(refusal, Era::Modern, None, &visit.at, Some(&visit.principal));
        reply::said(said.await.status(status))
    };
    let invalid = |text| Refusal::new(Code::InvalidRequest, text);
    if door.base.gate.draining() {
        let refusal = Refusal::new(Code::Draining, "the gate is shutting down");
        return Err(reply::closing(no(refusal, 503).await));
    }
    if !media::is_plain_json(&visit.headers) {
        let text = "Content-Type must be application/json, in UTF-8 and without Content-Encoding";
        return Err(reply::closing(no(invalid(text), 415).await));
    }
    if !visit.accepts.json && !visit.accepts.events {
        let text = "Accept must allow application/json or text/event-stream";
        return Err(reply::closing(no(invalid(text), 406).await));
    }
    let limits = &door.base.limits;
    match collect(body, limits.body, limits.body_time).await {
        Ok(text) => Ok(text),
        Err(NoBody::TooLarge) => Err(door.too_large(&visit.at, Some(&visit.principal)).await),
        Err(NoBody::Late) => {
            Err(reply::closing(no(invalid("the message did not come in time"), 408).await))
        }
        Err(NoBody::Broken) => Err(reply::closing(no(invalid("the message broke off"), 400).await)),
    }
}

async fn dispatch(door: &Arc<Door>, mut visit: Box<Visit>, text: Bytes) -> Response<Body> {
    if batch::is_batch(&text) {
        return Box::pin(batched(door, visit, &text)).await;
    }
    let message = match Message::parse(text, Limits::REQUEST) {
        Ok(message) => message,
        Err(bad) => return refused(door, &visit, malformed(&bad), bad.id.as_ref()).await,
    };
    match message {
        Message::Request(request) => {
            let meta = match RequestMeta::read(&request.params) {
                Ok(meta) => meta,
                Err(e) => {
                    let refusal = Refusal::new(Code::InvalidParams, e.to_string());
                    return refused(door, &visit, refusal, Some(&request.id)).await;
                }
            };
            if let Some(trace) = meta.traceparent.as_deref().and_then(trace_id) {
                visit.at.trace = Some(trace);
            }
            if modern::is_modern(visit.version(), Some(&meta)) {
                return modern_request(door, visit, request, meta).await;
            }
            if request.method == Method::Initialize {
                // Apart, here and elsewhere: what is rare must not make every request's future large.
                return Box::pin(initialize(door, visit, request)).await;
            }
            legacy_request(door, visit, request, meta.progress_token).await
        }
        other => Box::pin(unanswered(door, &visit, other)).await,
    }
}

async fn refused(door: &Door, visit: &Visit, refusal: Refusal, id: Option<&Id>) -> Response<Body> {
    door.refuse(refusal, id, &visit.at, Some(&visit.principal)).await
}

/// Notifications and answers: taken, never answered.
async fn unanswered(door: &Arc<Door>, visit: &Visit, message: Message) -> Response<Body> {
    if let Err(refusal) = door.count(&door.small, &visit.principal) {
        return refused(door, visit, refusal, None).await;
    }
    if modern::is_modern(visit.version(), None) {
        let known = visit.version().is_some_and(|v| v == Version::MODERN.as_str().as_bytes());
        return match message {
            // A modern client over HTTP takes a request back by closing its stream; it has nothing else to tell.
            Message::Notification { .. } if known => reply::accepted(),
            Message::Notification { .. } => {
                let refusal = Refusal::new(Code::InvalidRequest, "unknown protocol version");
                refused(door, visit, refusal, None).await
            }
            _ => {
                let refusal =
                    Refusal::new(Code::InvalidRequest, "modern clients send no responses");
                refused(door, visit, refusal, None).await
            }
        };
    }
    let session = match session_of(door, visit).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    match message {
        Message::Notification { method, params } => legacy::hear(&session, &method, &params).await,
        Message::Response(response) => session.desk.answered(response),
        Message::Request(_) => {}
    }
    reply::accepted()
}

async fn modern_request(
    door: &Arc<Door>,
    visit: Box<Visit>,
    request: Request,
    meta: RequestMeta,
) -> Response<Body> {
    let origin = modern::Origin {
        clients: &door.clients,
        principal: &visit.principal,
        only: visit.only.as_ref(),
        front: "http",
        headers: Some(&visit.headers),
    };
    let (known, level) = match modern::check(&origin, &request, &meta) {
        Ok(checked) => checked,
        Err(refusal) => return refused(door, &visit, refusal, Some(&request.id)).await,
    };
    if matches!(request.method, Method::Discover | Method::Listen)
        && let Err(refusal) = door.count(&door.small, &visit.principal)
    {
        return refused(door, &visit, refusal, Some(&request.id)).await;
    }
    if request.method == Method::Listen {
        return Box::pin(crate::unsolicited::listen(door, visit, &known, request)).await;
    }
    let track = Arc::new(Track::new(0, 0));
    let scene = modern::Scene {
        base: door.base.clone(),
        known,
        track: track.clone(),
        events: visit.accepts.events,
        at: visit.at,
        level,
        param_headers: Some(modern::param_headers(&visit.headers)),
    };
    let running = Box::pin(async move { Some(scene.answer(request, meta.progress_token).await) });
    let limits = &door.base.limits;
    let counted = || Counted::stream(&door.base.gauges);
    exchange::answer(running, track, visit.accepts, false, &visit.line, limits, |parts| {
        let stream = EventStream::new(parts.track, Track::FIRST, limits.keep_alive, counted());
        let stream = stream.probing(visit.line.clone());
        match parts.work {
            Some(work) => stream.with_work(work, false),
            None => stream,
        }
    })
    .await
}

/// `initialize` opens a session.
async fn initialize(door: &Arc<Door>, visit: Box<Visit>, request: Request) -> Response<Body> {
    if let Err(refusal) = door.count(&door.opens, &visit.principal) {
        return refused(door, &visit, refusal, Some(&request.id)).await;
    }
    match opened(door, &visit, &request).await {
        Ok(response) => response,
        Err(refusal) => {
            let (at, who) = (&visit.at, Some(&*visit.principal));
            let said = door.base.refuse(refusal, Era::Legacy, Some(&request.id), at, who).await;
            reply::said(said)
        }
    }
}

async fn opened(
    door: &Arc<Door>,
    visit: &Visit,
    request: &Request,
) -> Result<Response<Body>, Refusal> {
    let internal = |e: &dyn std::fmt::Display| {
        Refusal::new(Code::Internal, "no session can be opened").detail(e.to_string())
    };
    let uid = random().map_err(|e| internal(&e))?;
    let opener = Opener::new(uid, visit.principal.clone(), visit.only.clone(), "http");
    let (session, result) = open(&door.base, opener, &request.params).await?;
    let token = token(door, &session, visit).mint(door.base.gate.keys());
    let token = token.map_err(|e| internal(&e))?;
    let value = HeaderValue::from_str(&token).map_err(|e| internal(&e))?;
    if let Err(Full) = door.sessions.insert(session.clone()) {
        door.base.gate.end(&session.client);
        return Err(Refusal::new(Code::TooManySessions, "too many sessions are in use"));
    }
    let mut response = reply::said(Said::own(&request.id, result));
    response.headers_mut().insert(reply::SESSION, value);
    Ok(response)
}

fn token(door: &Door, session: &Session, visit: &Visit) -> SessionToken {
    SessionToken {
        uid: session.uid,
        boot: door.boot,
        principal: visit.principal.id.clone(),
        tenant: visit.principal.tenant.clone(),
        source_set: source_set(visit.only.as_ref()),
        version: session.version() as u8,
        epoch: door.base.gate.epoch(),
        issued: Timestamp(session.used()),
        expires: Timestamp(session.expires()),
    }
}

/// The session that a request belongs to: its own, alive, and of the version it was opened with.
pub(crate) async fn session_of(door: &Door, visit: &Visit) -> Result<Arc<Session>, Response<Body>> {
    let refuse = |refusal| refused(door, visit, refusal, None);
    let mut ids = visit.headers.get_all(reply::SESSION).iter();
    let (Some(id), None) = (ids.next(), ids.next()) else {
        let refusal = Refusal::new(Code::InvalidRequest, "Mcp-Session-Id must stand once");
        return Err(refuse(refusal).await);
    };
    let now = door.base.clock.now_millis();
    let session = match find(door, visit, id, now) {
        Ok(session) => session,
        Err(none) => return Err(refuse(none.refusal()).await),
    };
    if visit.version().is_some_and(|v| v != session.version().as_str().as_bytes()) {
        let text = format!("this session speaks {}", session.version());
        return Err(refuse(Refusal::new(Code::InvalidRequest, text)).await);
    }
    session.touch(now);
    Ok(session)
}

fn find(door: &Door, visit: &Visit, id: &HeaderValue, now: u64) -> Result<Arc<Session>, NoSession> {
    let set = source_set(visit.only.as_ref());
    let keys = door.base.gate.keys();
    let text = id.to_str().unwrap_or_default();
    let token = SessionToken::verify(keys, text, Timestamp(now), &visit.principal, set)?;
    if token.boot != door.boot {
        return Err(NoSession::ended());
    }
    door.sessions.get(token.uid).ok_or_else(NoSession::ended)
}

async fn legacy_request(
    door: &Arc<Door>,
    visit: Box<Visit>,
    request: Request,
    token: Option<Bytes>,
) -> Response<Body> {
    let session = match session_of(door, &visit).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    if matches!(request.method, Method::Ping | Method::SetLevel | Method::ResourcesUnsubscribe)
        && let Err(refusal) = door.count(&door.small, &visit.principal)
    {
        return refused(door, &visit, refusal, Some(&request.id)).await;
    }
    let track = session.track();
    let scene = legacy::Scene {
        session: session.clone(),
        track: track.clone(),
        events: visit.accepts.events,
        at: visit.at.clone(),
    };
    let running = Box::pin(legacy::run(scene, request, token));
    legacy_exchange(door, &visit, &session, running, track).await
}

async fn legacy_exchange(
    door: &Arc<Door>,
    visit: &Visit,
    session: &Arc<Session>,
    running: exchange::Running,
    track: Arc<Track>,
) -> Response<Body> {
    let limits = &door.base.limits;
    // Clients before 2025-11-25 may not know an event without data.
    let prime = session.version() >= Version::V2025_11_25;
    let counted = || Counted::stream(&door.base.gauges);
    exchange::answer(running, track, visit.accepts, true, &visit.line, limits, |parts| {
        session.keep(parts.track.clone());
        let mut stream =
            EventStream::new(parts.track.clone(), Track::FIRST, limits.keep_alive, counted())
                .numbered()
                .probing(visit.line.clone());
        if prime {
            let id = format!("{}-0", parts.track.number());
            stream = stream.primed(protocol::sse::prime(&id, Some(RETRY)));
        }
        match parts.work {
            Some(work) => stream.with_work(work, true),
            None => stream,
        }
    })
    .await
}

/// An array: only a session of 2025-03-26 has those.
async fn batched(door: &Arc<Door>, visit: Box<Visit>, text: &Bytes) -> Response<Body> {
    let invalid = |text: &str| Refusal::new(Code::InvalidRequest, text);
    // What is no JSON at all is no batch either, wherever it comes.
    if let Err(e) = protocol::json::check(text, Limits::REQUEST) {
        return refused(door, &visit, Refusal::new(Code::ParseError, e.to_string()), None).await;
    }
    let modern = modern::is_modern(visit.version(), None);
    if modern || !visit.headers.contains_key(reply::SESSION) {
        let refusal = invalid("one message in a body: batches ended with 2025-03-26");
        return refused(door, &visit, refusal, None).await;
    }
    let session = match session_of(door, &visit).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    if session.version() != Version::V2025_03_26 {
        let refusal = invalid("this session's version has no batches");
        return refused(door, &visit, refusal, None).await;
    }
    let elements = match batch::split(text, Limits::REQUEST, door.base.limits.batch) {
        Ok(elements) => elements,
        Err(e) => return refused(door, &visit, invalid(&e.to_string()), None).await,
    };
    let track = session.track();
    let scene = legacy::Scene {
        session: session.clone(),
        track: track.clone(),
        events: visit.accepts.events,
        at: visit.at.clone(),
    };
    let running = match crate::batches::run(scene, elements) {
        Ok(running) => running,
        Err(refusal) => return refused(door, &visit, refusal, None).await,
    };
    legacy_exchange(door, &visit, &session, running, track).await
}

/// DELETE ends a session.
pub(crate) async fn delete(door: &Arc<Door>, visit: Box<Visit>) -> Response<Body> {
    if modern::is_modern(visit.version(), None) {
        return reply::wrong_method(HeaderValue::from_static("POST"));
    }
    match session_of(door, &visit).await {
        Ok(session) => {
            door.sessions.end(session.uid);
            reply::empty(204)
        }
        Err(response) => response,
    }
}
