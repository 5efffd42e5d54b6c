//! HTTP+SSE, the transport of 2024-11-05: GET opens the one stream of a session, POST beside it brings messages.

use std::sync::Arc;

use bytes::Bytes;
use gate::Arrival;
use http::request::Parts;
use http::{HeaderValue, Method, Response};
use identity::{NoSession, SessionToken};
use model::{Code, Refusal, Timestamp};
use protocol::mcp::Version;
use protocol::sse::encode;

use crate::base::random;
use crate::body::Body;
use crate::door::Door;
use crate::gauges::Counted;
use crate::line::Line;
use crate::peer::Peer;
use crate::post::receive;
use crate::reply;
use crate::route::Route;
use crate::stream::EventStream;
use crate::table::{Full, Held};
use crate::unsolicited::{life, permit};
use crate::upload::Upload;
use crate::visit::{Visit, source_set};

/// Answers a request to `/sse` or `/messages`.
pub(crate) async fn visit(
    door: &Arc<Door>,
    line: &Arc<Line>,
    route: &Route,
    head: Box<Parts>,
    at: Arrival,
    body: Upload,
) -> Response<Body> {
    let method = if *route == Route::Sse { Method::GET } else { Method::POST };
    if head.method != method {
        let allow = if *route == Route::Sse { "GET" } else { "POST" };
        return reply::wrong_method(HeaderValue::from_static(allow));
    }
    let at = Arrival { front: "sse", ..at };
    let visit = match door.enter(line, None, &head, at).await {
        Ok(visit) => Visit { headers: head.headers, ..visit },
        Err(response) => return response,
    };
    if *route == Route::Messages {
        let id = head.uri.query().and_then(session_id).unwrap_or_default().to_owned();
        return message(door, &visit, &id, body).await;
    }
    match open(door, &visit) {
        Ok(response) => response,
        Err(refusal) => door.refuse(refusal, None, &visit.at, Some(&visit.principal)).await,
    }
}

/// The stream: its first event says where messages go.
fn open(door: &Arc<Door>, visit: &Visit) -> Result<Response<Body>, Refusal> {
    if !visit.accepts.events {
        return Err(Refusal::new(Code::InvalidRequest, "Accept must allow text/event-stream"));
    }
    let internal = |e: &dyn std::fmt::Display| {
        Refusal::new(Code::Internal, "no session can be opened").detail(e.to_string())
    };
    door.count(&door.opens, &visit.principal)?;
    let permit = permit(door, visit)?;
    let uid = random().map_err(|e| internal(&e))?;
    let peer =
        Arc::new(Peer::new(door.base.clone(), uid, visit.principal.clone(), None, "sse", None));
    let token = SessionToken {
        uid,
        boot: door.boot,
        principal: visit.principal.id.clone(),
        tenant: visit.principal.tenant.clone(),
        source_set: source_set(None),
        version: Version::V2024_11_05 as u8,
        epoch: door.base.gate.epoch(),
        issued: Timestamp(peer.used()),
        expires: Timestamp(peer.expires()),
    };
    let token = token.mint(door.base.gate.keys()).map_err(|e| internal(&e))?;
    if let Err(Full) = door.peers.insert(peer.clone()) {
        return Err(Refusal::new(Code::TooManySessions, "too many sessions are in use"));
    }
    let endpoint = Bytes::from(format!("/messages?sessionId={token}"));
    let endpoint = encode(Some("endpoint"), None, endpoint).into_bytes();
    let reader = peer.outbox.attach(None);
    let counted = Counted::stream(&door.base.gauges);
    let ends = EndsWithStream { door: door.clone(), uid };
    let work = life(door.base.clone(), peer.outbox.clone(), ());
    let every = door.base.limits.keep_alive;
    let stream = EventStream::new(peer.outbox.clone(), reader, every, counted)
        .opening(endpoint)
        .with_work(work, false)
        .ending_with_work()
        .keeping(permit)
        .keeping(ends);
    Ok(reply::events(stream))
}

/// The session lasts as long as its stream.
struct EndsWithStream {
    door: Arc<Door>,
    uid: u128,
}

impl Drop for EndsWithStream {
    fn drop(&mut self) {
        self.door.peers.end(self.uid);
    }
}

async fn message(door: &Arc<Door>, visit: &Visit, id: &str, body: Upload) -> Response<Body> {
    let peer = match find(door, visit, id) {
        Ok(peer) => peer,
        Err(none) => {
            return door.refuse(none.refusal(), None, &visit.at, Some(&visit.principal)).await;
        }
    };
    if let Err(refusal) = door.count(&door.small, &visit.principal) {
        return door.refuse(refusal, None, &visit.at, Some(&visit.principal)).await;
    }
    match receive(door, visit, body).await {
        Ok(text) => {
            peer.take(text, visit.at.clone()).await;
            reply::accepted()
        }
        Err(response) => response,
    }
}

fn find(door: &Door, visit: &Visit, id: &str) -> Result<Arc<Peer>, NoSession> {
    let now = Timestamp(door.base.clock.now_millis());
    let keys = door.base.gate.keys();
    let token = SessionToken::verify(keys, id, now, &visit.principal, source_set(None))?;
    let peer = if token.boot == door.boot { door.peers.get(token.uid) } else { None };
    peer.ok_or_else(NoSession::ended)
}

fn session_id(query: &str) -> Option<&str> {
    let mut found = query.split('&').filter_map(|pair| pair.strip_prefix("sessionId="));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}
