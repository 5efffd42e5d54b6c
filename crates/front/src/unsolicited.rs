//! Streams that no call ends: a legacy session's GET, a modern listening.

use std::sync::Arc;

use http::{HeaderValue, Response};
use identity::Permit;
use model::{Code, Refusal};
use protocol::mcp::Era;
use protocol::rpc::Request;

use crate::base::{Base, Who, who};
use crate::body::Body;
use crate::clients::Known;
use crate::door::Door;
use crate::gauges::Counted;
use crate::post::session_of;
use crate::said::Said;
use crate::session::OUTBOX;
use crate::stream::{EventStream, Work};
use crate::track::Track;
use crate::visit::Visit;
use crate::{modern, reply};

/// GET opens the session's stream, or resumes one that was lost (`Last-Event-ID`).
pub(crate) async fn get(door: &Arc<Door>, visit: Box<Visit>) -> Response<Body> {
    if modern::is_modern(visit.version(), None) {
        return reply::wrong_method(HeaderValue::from_static("POST"));
    }
    let refuse = |refusal| door.refuse(refusal, None, &visit.at, Some(&visit.principal));
    if !visit.accepts.events {
        let refusal = Refusal::new(Code::InvalidRequest, "Accept must allow text/event-stream");
        let who = Some(&*visit.principal);
        let said = door.base.refuse(refusal, Era::Modern, None, &visit.at, who).await;
        return reply::said(said.status(406));
    }
    let session = match session_of(door, &visit).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let permit = match permit(door, &visit) {
        Ok(permit) => permit,
        Err(refusal) => return refuse(refusal).await,
    };
    let last = last_event(&visit);
    let lost = last.filter(|(track, _)| *track != OUTBOX);
    let resumed = lost.and_then(|(track, event)| Some((session.reply(track)?, event)));
    if let Some((track, event)) = resumed {
        let reader = track.attach(Some(event));
        let stream = stream(&door.base, track, reader).numbered().keeping(permit);
        return reply::events(stream);
    }
    if let Err(vetted) = session.pump(&visit.at).await {
        return reply::said(Said::vetted(vetted, Era::Modern, None));
    }
    let track = session.outbox.clone();
    let reader = track.attach(last.filter(|(track, _)| *track == OUTBOX).map(|(_, event)| event));
    let life = life(door.base.clone(), track.clone(), session.clone());
    reply::events(
        stream(&door.base, track, reader)
            .numbered()
            .with_work(life, false)
            .ending_with_work()
            .keeping(permit),
    )
}

fn stream(base: &Arc<Base>, track: Arc<Track>, reader: u64) -> EventStream {
    let counted = Counted::stream(&base.gauges);
    EventStream::new(track, reader, base.limits.keep_alive, counted)
}

/// Opens one more stream of the principal, if it may.
pub(crate) fn permit(door: &Door, visit: &Visit) -> Result<Permit<Who>, Refusal> {
    door.count(&door.reconnects, &visit.principal)?;
    door.streams
        .try_enter(&who(&visit.principal))
        .ok_or_else(|| Refusal::new(Code::TooManySessions, "too many streams are open"))
}

/// `<track>-<event>`
fn last_event(visit: &Visit) -> Option<(u64, u64)> {
    let id = visit.headers.get("last-event-id")?.to_str().ok()?;
    let (track, event) = id.split_once('-')?;
    Some((track.parse().ok()?, event.parse().ok()?))
}

/// Ends when the doors close, when the stream has been silent for too long, or when its time is over.
pub(crate) fn life(base: Arc<Base>, track: Arc<Track>, kept: impl Send + 'static) -> Work {
    Box::pin(async move {
        let silent = async {
            let mut before = track.delivered();
            loop {
                tokio::time::sleep(base.limits.stream_idle).await;
                let now = track.delivered();
                if now == before {
                    return;
                }
                before = now;
            }
        };
        tokio::select! {
            () = base.closing.cancelled() => {}
            () = tokio::time::sleep(base.limits.stream_life) => {}
            () = silent => {}
        }
        drop(kept);
    })
}

/// `subscriptions/listen`
pub(crate) async fn listen(
    door: &Arc<Door>,
    visit: Box<Visit>,
    known: &Known,
    request: Request,
) -> Response<Body> {
    let id = request.id.clone();
    if !visit.accepts.events {
        let refusal = Refusal::new(Code::InvalidRequest, "Accept must allow text/event-stream");
        let who = Some(&*visit.principal);
        let said = door.base.refuse(refusal, Era::Modern, Some(&id), &visit.at, who).await;
        return reply::said(said.status(406));
    }
    let permit = match permit(door, &visit) {
        Ok(permit) => permit,
        Err(refusal) => {
            return door.refuse(refusal, Some(&id), &visit.at, Some(&visit.principal)).await;
        }
    };
    let track = Arc::new(Track::new(0, 0));
    match modern::listen(&door.base, known, request, &visit.at, track.clone(), true).await {
        Ok(listening) => {
            let stream = stream(&door.base, track, Track::FIRST)
                .with_work(Box::pin(listening), false)
                .keeping(permit);
            reply::events(stream)
        }
        Err(vetted) => reply::said(Said::vetted(vetted, Era::Modern, Some(&id))),
    }
}
