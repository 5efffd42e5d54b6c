//! What is known of one connection, shared between its socket and its requests.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::Limits;

/// The state of one connection. Nothing here reads a clock: time passes in ticks of the connection's one timer.
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
    /// No further request is taken.
    closing: AtomicBool,
}

/// Why a connection is closed by this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// The headers did not come in time.
    Head,
    /// No request for too long.
    Idle,
    /// The client does not read what it is sent.
    Stalled,
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

    /// The doors close: the connection ends once the request that is being answered has its answer.
    pub(crate) fn closes(&self) {
        self.closing.store(true, Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
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

/// Judges a connection once a tick.
#[derive(Debug)]
pub(crate) struct Watchman {
    tick: Duration,
    requests: u64,
    head: bool,
    sent: u64,
    /// Since the last request, or since the beginning of a head.
    quiet: Duration,
    stalled: Duration,
}

impl Watchman {
    pub(crate) fn new(limits: &Limits) -> Self {
        let shortest = limits.header_time.min(limits.idle).min(limits.stall);
        let tick = (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(5));
        Self {
            tick,
            requests: 0,
            head: false,
            sent: 0,
            quiet: Duration::ZERO,
            stalled: Duration::ZERO,
        }
    }

    pub(crate) const fn tick(&self) -> Duration {
        self.tick
    }

    /// A tick has passed.
    pub(crate) fn judge(&mut self, line: &Line, limits: &Limits) -> Option<Overdue> {
        let (requests, sent) = (line.requests.load(Relaxed), line.sent.load(Relaxed));
        let head = line.head.load(Relaxed) && !line.is_h2();
        // Bytes that make no request are no use of the line: frames of HTTP/2 might come for ever.
        let moved = requests != self.requests || (head && !self.head);
        let busy = line.busy.load(Relaxed) > 0;
        self.quiet = if busy || moved { Duration::ZERO } else { self.quiet + self.tick };
        let stuck = line.blocked.load(Relaxed) && sent == self.sent;
        self.stalled = if stuck { self.stalled + self.tick } else { Duration::ZERO };
        (self.requests, self.head, self.sent) = (requests, head, sent);
        if self.stalled >= limits.stall {
            return Some(Overdue::Stalled);
        }
        match head {
            true if self.quiet >= limits.header_time => Some(Overdue::Head),
            false if self.quiet >= limits.idle => Some(Overdue::Idle),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            header_time: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            ..Limits::default()
        }
    }

    fn ticks(line: &Line, watchman: &mut Watchman) -> (Option<Overdue>, Duration) {
        for n in 1..1000 {
            if let Some(why) = watchman.judge(line, &limits()) {
                return (Some(why), watchman.tick() * n);
            }
        }
        (None, Duration::MAX)
    }

    #[test]
    fn a_head_that_trickles_in_has_the_time_of_a_head_and_an_idle_line_that_of_an_idle_one() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits());
        assert_eq!(ticks(&line, &mut watchman), (Some(Overdue::Idle), Duration::from_secs(75)));
        let mut watchman = Watchman::new(&limits());
        let mut seen = None;
        for _ in 0..8 {
            line.received();
            seen = seen.or(watchman.judge(&line, &limits()));
        }
        assert_eq!(seen, Some(Overdue::Head), "a byte a tick does not help");
    }

    #[test]
    fn a_request_in_flight_is_never_idle_but_may_stall() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits());
        let busy = line.begin();
        assert_eq!(ticks(&line, &mut watchman).0, None);
        line.blocked();
        assert_eq!(ticks(&line, &mut watchman).0, Some(Overdue::Stalled));
        line.sent(1);
        drop(busy);
        assert_eq!(ticks(&line, &mut watchman).0, Some(Overdue::Idle));
    }

    #[test]
    fn a_head_has_its_whole_time_however_long_the_line_was_idle_before() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits());
        for _ in 0..20 {
            assert_eq!(watchman.judge(&line, &limits()), None);
        }
        line.received();
        let (why, after) = ticks(&line, &mut watchman);
        assert_eq!(why, Some(Overdue::Head));
        assert_eq!(after, limits().header_time + watchman.tick(), "counted from the first tick");
    }

    #[test]
    fn one_request_after_the_other_is_never_overdue_even_if_the_next_head_has_begun() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits());
        for _ in 0..100 {
            drop(line.begin());
            line.received();
            assert_eq!(watchman.judge(&line, &limits()), None);
        }
    }

    #[test]
    fn over_http_2_bytes_without_a_request_are_neither_a_head_nor_a_use() {
        let line = Arc::new(Line::default());
        line.speaks_h2();
        let mut watchman = Watchman::new(&limits());
        let mut passed = Duration::ZERO;
        let why = (0..1000).find_map(|_| {
            line.received();
            passed += watchman.tick();
            watchman.judge(&line, &limits())
        });
        assert_eq!((why, passed), (Some(Overdue::Idle), limits().idle));
    }

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
