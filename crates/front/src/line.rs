//! What is known of one connection, shared between its socket and its requests.

use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

/// The state of one connection. Nothing here reads a clock: time passes in ticks of the one timer of all connections.
#[derive(Debug, Default)]
pub(crate) struct Line {
    h2: AtomicBool,
    /// Requests that are being answered.
    busy: AtomicU32,
    /// Bytes came in while no request was being answered: the beginning of a head.
    head: AtomicBool,
    /// Requests so far.
    requests: AtomicU64,
    sent: AtomicU64,
    blocked: AtomicBool,
    /// While set, the end of the client's sending is kept from the protocol: it may still wait for its answer.
    hold: AtomicBool,
    ended: AtomicBool,
    lingers: AtomicBool,
    waiting: Mutex<Option<Waker>>,
    /// What it was told from outside ([`Told`]).
    told: AtomicU8,
    /// The task that serves it.
    task: AtomicWaker,
}

/// What a connection is told from outside. Later ones weigh more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// The doors close: it ends once the request that is being answered has its answer.
    Finish = 1,
    /// It ends now.
    End,
}

/// What has happened on a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Requests so far.
    pub(crate) requests: u64,
    /// Whether one is being answered.
    pub(crate) busy: bool,
    /// Whether the beginning of a head came in.
    pub(crate) head: bool,
    /// Bytes that were sent so far.
    pub(crate) sent: u64,
    /// Whether what is sent is not taken.
    pub(crate) blocked: bool,
}

impl Line {
    pub(crate) fn speaks_h2(&self) {
        self.h2.store(true, Relaxed);
    }

    pub(crate) fn is_h2(&self) -> bool {
        self.h2.load(Relaxed)
    }

    /// A request begins; it lasts until what is given back is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        self.head.store(false, Relaxed);
        Busy(self.clone())
    }

    /// Bytes came in.
    pub(crate) fn received(&self) {
        if self.busy.load(Relaxed) == 0 {
            self.head.store(true, Relaxed);
        }
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Relaxed);
        self.blocked.store(false, Relaxed);
    }

    pub(crate) fn blocked(&self) {
        self.blocked.store(true, Relaxed);
    }

    pub(crate) fn tell(&self, told: Told) {
        self.told.fetch_max(told as u8, Release);
        self.task.wake();
    }

    /// Whether no further request is taken.
    pub(crate) fn is_closing(&self) -> bool {
        self.told.load(Relaxed) >= Told::Finish as u8
    }

    /// Ready once the connection has to end now. Its task is woken by whatever it is told.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.task.register(cx.waker());
        if self.told.load(Acquire) >= Told::End as u8 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The last answer left bytes of the client unread.
    pub(crate) fn lingers(&self) {
        self.lingers.store(true, Relaxed);
    }

    pub(crate) fn is_lingering(&self) -> bool {
        self.lingers.load(Relaxed)
    }

    /// From now on the client may close its sending side and still be answered.
    pub(crate) fn hold(&self) {
        self.hold.store(!self.is_h2(), Relaxed);
    }

    /// The client closed its sending side. Whether to keep that from the protocol for now.
    pub(crate) fn end_reached(&self) -> bool {
        let hold = self.hold.load(Relaxed);
        if hold
            && !self.ended.swap(true, Relaxed)
            && let Some(waker) = self.waiting().take()
        {
            waker.wake();
        }
        hold
    }

    /// Ready once the client has closed its sending side while it waits for an answer.
    pub(crate) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ended.load(Relaxed) {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting();
        match &*waiting {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            _ => *waiting = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// What has happened on it so far.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            requests: self.requests.load(Relaxed),
            busy: self.busy.load(Relaxed) > 0,
            head: self.head.load(Relaxed) && !self.is_h2(),
            sent: self.sent.load(Relaxed),
            blocked: self.blocked.load(Relaxed),
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request; dropping it says that its answer has been handed over.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Line>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Relaxed);
        if !self.0.is_h2() {
            self.0.hold.store(false, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_of_sending_is_held_back_while_an_answer_is_due_and_whoever_waits_hears_of_it()
    {
        let line = Arc::new(Line::default());
        assert!(!line.end_reached(), "nothing is due");
        let busy = line.begin();
        line.hold();
        let first = line.poll_ended(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        let waiting = tokio::spawn({
            let line = line.clone();
            async move { std::future::poll_fn(|cx| line.poll_ended(cx)).await }
        });
        tokio::task::yield_now().await;
        assert!(line.end_reached());
        let woken = tokio::time::timeout(Duration::from_secs(1), waiting).await;
        assert!(woken.is_ok(), "the last one to ask is woken");
        drop(busy);
        assert!(!line.end_reached(), "the answer is out");
    }

    #[test]
    fn over_http_2_the_end_of_sending_is_never_held_back() {
        let line = Arc::new(Line::default());
        line.speaks_h2();
        line.hold();
        assert!(!line.end_reached());
    }
}
