//! One POST and its answer: plain JSON if it comes before anything else, an event stream otherwise.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Response;

use crate::Limits;
use crate::body::Body;
use crate::line::Line;
use crate::media::Accepts;
use crate::reply;
use crate::said::Said;
use crate::stream::EventStream;
use crate::track::Track;

/// How long a call may go on in silence after its client closed its sending side, before we look whether it is there.
const HALF_CLOSED: Duration = Duration::from_millis(100);

/// A running request: what it says in the end, or nothing if its client took it back.
pub(crate) type Running = Pin<Box<dyn Future<Output = Option<Said>> + Send>>;

/// A request whose answer is on its way; if it survives, dropping it moves it elsewhere.
struct Job {
    running: Option<Running>,
    survives: bool,
}

impl Drop for Job {
    fn drop(&mut self) {
        if let (true, Some(running)) = (self.survives, self.running.take())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(running);
        }
    }
}

/// What a request came to first.
enum First {
    Said(Said),
    /// Its client took it back.
    Nothing,
    /// There is something to tell before the answer, or it takes long.
    Events,
}

impl Job {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Said>> {
        let Some(running) = &mut self.running else { return Poll::Ready(None) };
        let done = running.as_mut().poll(cx);
        if done.is_ready() {
            self.running = None;
        }
        done
    }
}

/// Runs a request until it is answered or has something to say, and makes the answer.
///
/// `begin` is told when the answer becomes a stream, and may put something before the first message.
pub(crate) async fn answer(
    running: Running,
    track: Arc<Track>,
    accepts: Accepts,
    survives: bool,
    line: &Arc<Line>,
    limits: &Limits,
    begin: impl FnOnce(EventStreamParts) -> EventStream,
) -> Response<Body> {
    let mut job = Job { running: Some(running), survives };
    line.hold();
    let first = first(&mut job, &track, accepts, line, limits).await;
    match first {
        First::Said(said) if accepts.json && !accepts.rather_events => reply::said(said),
        First::Said(said) => {
            track.finish(Some(said.text.into_bytes()));
            reply::events(begin(EventStreamParts { track, work: None }))
        }
        First::Nothing => reply::accepted(),
        First::Events => {
            let end = track.clone();
            let running = job.running.take();
            let work = running.map(|running| -> crate::stream::Work {
                Box::pin(async move {
                    let said = running.await;
                    end.finish(said.map(|said| said.text.into_bytes()));
                })
            });
            reply::events(begin(EventStreamParts { track, work }))
        }
    }
}

/// What an answer that became a stream is made of.
pub(crate) struct EventStreamParts {
    pub(crate) track: Arc<Track>,
    pub(crate) work: Option<crate::stream::Work>,
}

async fn first(
    job: &mut Job,
    track: &Arc<Track>,
    accepts: Accepts,
    line: &Arc<Line>,
    limits: &Limits,
) -> First {
    // Most answers that do not come at once come soon; the timers are touched by those that take a turn.
    let mut slow = pin!(tokio::time::sleep(limits.patience));
    let mut closed = pin!(None);
    poll_fn(|cx| {
        match job.poll(cx) {
            Poll::Ready(None) => return Poll::Ready(First::Nothing),
            Poll::Ready(Some(said)) if track.is_fresh() => return Poll::Ready(First::Said(said)),
            Poll::Ready(Some(said)) => {
                track.finish(Some(said.text.into_bytes()));
                return Poll::Ready(First::Events);
            }
            Poll::Pending => {}
        }
        if !accepts.events {
            return Poll::Pending;
        }
        if accepts.rather_events {
            return Poll::Ready(First::Events);
        }
        if track.poll_any(cx).is_ready() || slow.as_mut().poll(cx).is_ready() {
            return Poll::Ready(First::Events);
        }
        if closed.is_none() && line.poll_ended(cx).is_ready() {
            closed.set(Some(tokio::time::sleep(HALF_CLOSED)));
        }
        let looked = closed.as_mut().as_pin_mut().map(|closed| closed.poll(cx));
        if looked.is_some_and(|looked| looked.is_ready()) {
            return Poll::Ready(First::Events);
        }
        Poll::Pending
    })
    .await
}
