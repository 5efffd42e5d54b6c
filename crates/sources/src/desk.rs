use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::json::Object;
use protocol::mcp::{Method, keys};
use protocol::rpc::{Message, Response};
use tokio::sync::{mpsc, oneshot};

use crate::fault::Fault;

/// Messages besides its answer that wait for one call. A flood beyond this is dropped, not stored.
const EXTRA: usize = 64;

/// Who waits for what on one session: answers by id, progress by token, the rest only where it can belong to
/// exactly one call.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    running: Mutex<Running>,
    /// Answers that nobody waited for.
    strays: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Running {
    calls: HashMap<u64, Slot>,
    /// Why nothing more will come, once that is so.
    closed: Option<Fault>,
}

#[derive(Debug)]
struct Slot {
    /// Whether the server may ask the client something during it (2026-07-28 basic/patterns/mrtr).
    asks: bool,
    extra: mpsc::Sender<Message>,
    answer: Option<oneshot::Sender<Result<Response, Fault>>>,
}

/// One call's place at the desk, given up when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    id: u64,
    desk: Arc<Desk>,
    extra: mpsc::Receiver<Message>,
    answer: Waiting,
}

#[derive(Debug)]
enum Waiting {
    For(oneshot::Receiver<Result<Response, Fault>>),
    Has(Result<Response, Fault>),
    Done,
}

impl Desk {
    /// A desk that counts the answers nobody waits for.
    pub(crate) fn new(strays: Arc<AtomicU64>) -> Self {
        Self { strays, ..Self::default() }
    }

    /// A place for the call of this id.
    pub(crate) fn open(self: &Arc<Self>, id: u64, asks: bool) -> Ticket {
        let (extra_in, extra) = mpsc::channel(EXTRA);
        let (answer_in, answer) = oneshot::channel();
        let mut running = self.lock();
        let answer = match &running.closed {
            Some(fault) => Waiting::Has(Err(fault.clone().after_sending(false))),
            None => Waiting::For(answer),
        };
        running.calls.insert(id, Slot { asks, extra: extra_in, answer: Some(answer_in) });
        drop(running);
        Ticket { id, desk: self.clone(), extra, answer }
    }

    /// Takes a message to whom it belongs. Comes back with it if it belongs to the session as a whole; unknown
    /// answers and progress that nobody waits for end here.
    pub(crate) fn route(&self, message: Message) -> Option<Message> {
        let mut running = self.lock();
        match &message {
            Message::Response(response) => {
                let id = response.id.as_ref().and_then(|id| number(id.raw()));
                let slot = id.and_then(|id| running.calls.get_mut(&id));
                let Some(answer) = slot.and_then(|slot| slot.answer.take()) else {
                    self.strays.fetch_add(1, Ordering::Relaxed);
                    return None;
                };
                if let Message::Response(response) = message {
                    // Gone if the call was given up this very moment.
                    let _ = answer.send(Ok(response));
                }
                None
            }
            Message::Notification { method: Method::Progress, params } => {
                let id = params.raw("progressToken").and_then(number)?;
                let _ = running.calls.get(&id)?.extra.try_send(message);
                None
            }
            Message::Notification { method: Method::Cancelled, .. } => {
                for slot in running.calls.values() {
                    let _ = slot.extra.try_send(message.clone());
                }
                Some(message)
            }
            Message::Notification { method: Method::LogMessage, .. } => {
                let Some(slot) = only(running.calls.values()) else { return Some(message) };
                let _ = slot.extra.try_send(message);
                None
            }
            Message::Request(_) => {
                let Some(slot) = only(running.calls.values().filter(|s| s.asks)) else {
                    return Some(message);
                };
                match slot.extra.try_send(message) {
                    Ok(()) => None,
                    Err(e) => Some(e.into_inner()),
                }
            }
            Message::Notification { params, .. } => {
                // What a modern server tells a subscriber names the subscription.
                let Some(id) = subscription(params) else { return Some(message) };
                let _ = running.calls.get(&id)?.extra.try_send(message);
                None
            }
        }
    }

    /// Ends one call that could not be sent.
    pub(crate) fn fail(&self, id: u64, fault: Fault) {
        let answer = self.lock().calls.get_mut(&id).and_then(|slot| slot.answer.take());
        if let Some(answer) = answer {
            let _ = answer.send(Err(fault));
        }
    }

    /// Whether somebody still waits for the answer to this id.
    pub(crate) fn waits(&self, id: u64) -> bool {
        self.lock().calls.contains_key(&id)
    }

    /// Ends the call that this text, which is no message, was meant for: the one whose id it holds, or else the only
    /// one there is.
    pub(crate) fn spoilt(&self, text: &[u8], fault: Fault) {
        let said = serde_json::from_slice::<OnlyId>(text).ok();
        let id = said.map(|s| s.id).filter(|id| self.waits(*id));
        let id = id.or_else(|| only(self.lock().calls.keys().copied()));
        // Text before a message is a program's chatter; only what was meant as one may end a call.
        if let (Some(id), Some(b'{')) = (id, text.trim_ascii_start().first()) {
            self.fail(id, fault);
        }
    }

    /// Ends every call, and those to come: the way to the server is gone.
    pub(crate) fn close(&self, fault: &Fault) {
        let mut running = self.lock();
        running.closed.get_or_insert_with(|| fault.clone());
        for slot in running.calls.values_mut() {
            if let Some(answer) = slot.answer.take() {
                let _ = answer.send(Err(fault.clone().after_sending(true)));
            }
        }
    }

    /// Why nothing more will come, if that is so.
    pub(crate) fn closed(&self) -> Option<Fault> {
        self.lock().closed.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The next message of this call: what came before the answer first, then the answer. Nothing is lost when the
    /// future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        loop {
            if let Ok(message) = self.extra.try_recv() {
                return Ok(message);
            }
            match std::mem::replace(&mut self.answer, Waiting::Done) {
                Waiting::Has(answer) => return answer.map(Message::Response),
                Waiting::Done => return Err(Fault::failed("nothing more comes for this call")),
                Waiting::For(answer) => self.answer = Waiting::For(answer),
            }
            let Waiting::For(answer) = &mut self.answer else { continue };
            tokio::select! {
                biased;
                Some(message) = self.extra.recv() => return Ok(message),
                answer = answer => {
                    let gone = |_| Err(Fault::failed("the session ended").after_sending(true));
                    self.answer = Waiting::Has(answer.unwrap_or_else(gone));
                }
            }
        }
    }

    /// The next message besides the answer, for transports where the answer comes in another way.
    pub(crate) async fn next_extra(&mut self) -> Option<Message> {
        self.extra.recv().await
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.desk.lock().calls.remove(&self.id);
    }
}

/// What can be read of a message that is wrong otherwise.
#[derive(serde::Deserialize)]
struct OnlyId {
    id: u64,
}

/// The one there is, if there is exactly one.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}

fn subscription(params: &Object) -> Option<u64> {
    let meta = params.object("_meta").ok()??;
    let id = meta.raw(keys::SUBSCRIPTION_ID)?;
    // Its type is to be kept; some servers make a text of it all the same.
    number(id).or_else(|| number(protocol::json::unquote(id)?.as_bytes()))
}

/// An id or token of our own making: digits and nothing else.
pub(crate) fn number(raw: &[u8]) -> Option<u64> {
    let digits = !raw.is_empty() && raw.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(raw).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::json::Limits;

    use super::*;

    fn message(text: &'static str) -> Message {
        Message::parse(Bytes::from_static(text.as_bytes()), Limits::REPLY).unwrap()
    }

    const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    const PROGRESS: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#;
    const ASK: &str = r#"{"jsonrpc":"2.0","id":"s","method":"elicitation/create"}"#;

    #[tokio::test]
    async fn what_came_before_the_answer_is_heard_before_it() {
        let desk = Arc::new(Desk::default());
        let mut ticket = desk.open(1, true);
        assert!(desk.route(message(PROGRESS)).is_none());
        assert!(desk.route(message(ANSWER)).is_none());
        assert!(matches!(ticket.next().await, Ok(Message::Notification { .. })));
        assert!(matches!(ticket.next().await, Ok(Message::Response(_))));
    }

    #[tokio::test]
    async fn answers_and_progress_that_nobody_waits_for_end_here() {
        let strays = Arc::new(AtomicU64::new(0));
        let desk = Arc::new(Desk::new(strays.clone()));
        let mut ticket = desk.open(2, true);
        for stray in [ANSWER, PROGRESS, r#"{"jsonrpc":"2.0","id":"2","result":{}}"#] {
            assert!(desk.route(message(stray)).is_none());
        }
        assert!(desk.route(message(r#"{"jsonrpc":"2.0","id":2,"result":{"n":1}}"#)).is_none());
        assert!(desk.route(message(r#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"#)).is_none());
        let Ok(Message::Response(first)) = ticket.next().await else { panic!("no answer") };
        assert_eq!(&first.outcome.unwrap()[..], b"{\"n\":1}");
        assert!(ticket.next().await.is_err(), "a second answer to one id is not heard");
        assert_eq!(strays.load(Ordering::Relaxed), 3, "two to nobody, and the second one");
    }

    #[tokio::test]
    async fn a_reply_with_a_member_twice_fails_the_call_it_names_g_protocol_02() {
        let desk = Arc::new(Desk::default());
        let (mut one, mut two) = (desk.open(1, true), desk.open(2, true));
        let twice = || Fault::malformed("twice");
        desk.spoilt(br#"{"jsonrpc":"2.0","id":2,"result":{},"result":{}}"#, twice());
        assert!(two.next().await.unwrap_err().unknown);
        drop(two);
        desk.spoilt(b"listening on port 3000", twice());
        assert!(desk.waits(1));
        desk.spoilt(b"{\"id\":1,\"id\":1}", twice());
        assert!(one.next().await.is_err(), "it can only be meant for the one that waits");
    }

    #[tokio::test]
    async fn a_request_of_the_server_belongs_to_a_call_only_if_it_can_be_no_other() {
        let desk = Arc::new(Desk::default());
        let mut one = desk.open(1, true);
        let _list = desk.open(2, false);
        assert!(desk.route(message(ASK)).is_none());
        assert!(matches!(one.next().await, Ok(Message::Request(_))));
        let _other = desk.open(3, true);
        assert!(desk.route(message(ASK)).is_some(), "two could be meant");
    }

    #[tokio::test]
    async fn a_closed_desk_fails_who_waits_and_who_comes_later() {
        let desk = Arc::new(Desk::default());
        let mut ticket = desk.open(1, true);
        desk.close(&Fault::failed("crashed"));
        assert!(ticket.next().await.unwrap_err().unknown, "it had been sent");
        assert!(!desk.open(2, true).next().await.unwrap_err().unknown, "it had not");
    }
}
