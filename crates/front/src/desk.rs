//! What is under way with one client: its requests, and the questions it has been asked.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use gate::port::Ask;
use protocol::json::Raw;
use protocol::mcp::Method;
use protocol::rpc::{Id, IdKey, Response, RpcError, notification, request};
use tokio::sync::oneshot;

use crate::track::Track;

/// Most questions that may wait for one client.
const MAX_ASKS: usize = 64;
/// Most requests of one client that may run at once; the gate's own limit is lower.
const MAX_RUNNING: usize = 256;

type Outcome = Result<Bytes, RpcError>;

/// Requests and questions of one client.
#[derive(Default)]
pub(crate) struct Desk {
    /// Most often there is one.
    running: Mutex<Vec<(IdKey, Arc<Recall>)>>,
    asks: Mutex<HashMap<IdKey, oneshot::Sender<Outcome>>>,
    number: AtomicU64,
}

/// Why a request cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// One of the same id is running.
    SameId,
    /// As many as may be are running.
    TooMany,
}

/// A request that runs; dropping it says that it is over.
pub(crate) struct Ticket {
    desk: Arc<Desk>,
    recall: Arc<Recall>,
}

/// Whether the client has taken a request back.
#[derive(Default)]
struct Recall {
    made: AtomicBool,
    /// Who runs the request.
    task: AtomicWaker,
}

impl Recall {
    fn make(&self) {
        self.made.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Ticket {
    /// Waits until the client takes the request back.
    pub(crate) async fn cancelled(&self) {
        poll_fn(|cx| {
            self.recall.task.register(cx.waker());
            if self.recall.made.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.desk.running).retain(|(_, recall)| !Arc::ptr_eq(recall, &self.recall));
    }
}

impl Desk {
    /// A request begins.
    pub(crate) fn begin(self: &Arc<Self>, id: &Id) -> Result<Ticket, NotBegun> {
        let key = id.key();
        let recall = Arc::new(Recall::default());
        let mut running = lock(&self.running);
        if running.len() >= MAX_RUNNING {
            return Err(NotBegun::TooMany);
        }
        if running.iter().any(|(other, _)| *other == key) {
            return Err(NotBegun::SameId);
        }
        running.push((key, recall.clone()));
        drop(running);
        Ok(Ticket { desk: self.clone(), recall })
    }

    /// The client takes a request back. One that is not there is nobody's business.
    pub(crate) fn cancel(&self, key: &IdKey) {
        if let Some((_, recall)) = lock(&self.running).iter().find(|(other, _)| other == key) {
            recall.make();
        }
    }

    /// Ends everything: requests are cancelled, questions stay unanswered.
    pub(crate) fn clear(&self) {
        for (_, recall) in lock(&self.running).iter() {
            recall.make();
        }
        lock(&self.asks).clear();
    }

    /// Whether any request runs.
    pub(crate) fn is_busy(&self) -> bool {
        !lock(&self.running).is_empty()
    }

    /// The client answers. An answer to nothing is dropped.
    pub(crate) fn answered(&self, response: Response) {
        let asked = response.id.and_then(|id| lock(&self.asks).remove(&id.key()));
        if let Some(asked) = asked {
            let _ = asked.send(response.outcome.map(Raw::into_bytes));
        }
    }

    /// Asks the client on that track, and waits for its answer.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        track: &Arc<Track>,
        ask: Ask,
        limit: Duration,
    ) -> Outcome {
        let id = Id::number(self.number.fetch_add(1, Ordering::Relaxed) + 1);
        let (answer, answered) = oneshot::channel();
        {
            let mut asks = lock(&self.asks);
            if asks.len() >= MAX_ASKS {
                return Err(RpcError::new(-32603, "too many questions wait for this client"));
            }
            asks.insert(id.key(), answer);
        }
        let text = request(&id, ask.method.as_str(), &ask.params);
        let _withdrawn = Asked { desk: self.clone(), track: track.clone(), id };
        let waiting = async {
            track.send(text).await;
            answered.await
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(RpcError::new(-32603, "the client is gone")),
            Err(_) => Err(RpcError::new(-32603, "the client did not answer in time")),
        }
    }
}

/// A question; dropping it unanswered takes it back.
struct Asked {
    desk: Arc<Desk>,
    track: Arc<Track>,
    id: Id,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if lock(&self.desk.asks).remove(&self.id.key()).is_none() {
            return;
        }
        let mut params = b"{\"requestId\":".to_vec();
        params.extend_from_slice(self.id.raw());
        params.push(b'}');
        self.track.push(notification(Method::Cancelled.as_str(), &params));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use protocol::json::Limits;

    use super::*;

    fn raw(text: &'static [u8]) -> Raw {
        Raw::parse(&Bytes::from_static(text), Limits::REPLY).unwrap()
    }

    fn id(text: &'static str) -> Id {
        Id::from_raw(Bytes::from_static(text.as_bytes())).unwrap()
    }

    fn roots() -> Ask {
        Ask { method: Method::RootsList, params: Bytes::from_static(b"{}") }
    }

    async fn next(track: &Track) -> String {
        let item = poll_fn(|cx| track.poll_next(Track::FIRST, cx)).await.unwrap();
        String::from_utf8(item.1.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_id_runs_once_and_is_free_again_afterwards() {
        let desk = Arc::new(Desk::default());
        let ticket = desk.begin(&id("\"a\"")).unwrap();
        assert!(matches!(desk.begin(&id(r#""\u0061""#)), Err(NotBegun::SameId)));
        assert!(desk.begin(&id("1")).is_ok());
        desk.cancel(&id("\"a\"").key());
        desk.cancel(&id("77").key());
        ticket.cancelled().await;
        drop(ticket);
        assert!(!desk.is_busy());
    }

    #[tokio::test]
    async fn an_answer_reaches_its_question_and_no_other() {
        let (desk, track) = (Arc::new(Desk::default()), Arc::new(Track::new(1, 0)));
        let (d, t) = (desk.clone(), track.clone());
        let asking = tokio::spawn(async move { d.ask(&t, roots(), Duration::from_secs(5)).await });
        assert_eq!(next(&track).await, r#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#);
        for wrong in [None, Some(id("2")), Some(id("\"1\""))] {
            desk.answered(Response { id: wrong, outcome: Ok(raw(b"{}")) });
        }
        desk.answered(Response { id: Some(id("1")), outcome: Ok(raw(b"[7]")) });
        assert_eq!(asking.await.unwrap().unwrap(), "[7]");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_is_not_answered_or_no_longer_of_interest_is_taken_back() {
        let (desk, track) = (Arc::new(Desk::default()), Arc::new(Track::new(1, 0)));
        let late = desk.ask(&track, roots(), Duration::from_secs(5)).await;
        assert_eq!(late.unwrap_err().code, -32603);
        next(&track).await;
        assert!(
            next(&track)
                .await
                .contains(r#""method":"notifications/cancelled","params":{"requestId":1}"#)
        );
        assert!(lock(&desk.asks).is_empty());
    }
}
