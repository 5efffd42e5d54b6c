//! One timer for all connections of a listener: who is overdue is told to end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Limits;
use crate::line::{Line, Seen, Told};

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

/// All connections of a listener.
pub(crate) struct Rounds {
    limits: Limits,
    lines: Mutex<HashMap<u64, Watched>>,
    next: AtomicU64,
}

struct Watched {
    line: Arc<Line>,
    peer: IpAddr,
    /// None before the first round, which may come at once.
    watchman: Option<Watchman>,
}

/// One connection's place on the rounds. Dropping it gives it up.
pub(crate) struct Place {
    rounds: Arc<Rounds>,
    id: u64,
    pub(crate) line: Arc<Line>,
}

impl Rounds {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), lines: Mutex::default(), next: AtomicU64::default() }
    }

    /// Takes up a connection from this address.
    pub(crate) fn place(self: &Arc<Self>, peer: IpAddr) -> Place {
        let (id, line) = (self.next.fetch_add(1, Relaxed), Arc::new(Line::default()));
        self.lines().insert(id, Watched { line: line.clone(), peer, watchman: None });
        Place { rounds: self.clone(), id, line }
    }

    /// Tells all connections.
    pub(crate) fn tell(&self, told: Told) {
        self.lines().values().for_each(|watched| watched.line.tell(told));
    }

    /// Goes round, for ever.
    pub(crate) async fn walk(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(tick(&self.limits)).await;
            for watched in self.lines().values_mut() {
                let seen = watched.line.seen();
                match &mut watched.watchman {
                    None => watched.watchman = Some(Watchman::new(&self.limits, seen)),
                    Some(watchman) => {
                        if let Some(why) = watchman.judge(seen, &self.limits) {
                            tracing::debug!(peer = %watched.peer, "connection ended: {why:?}");
                            watched.line.tell(Told::End);
                        }
                    }
                }
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<u64, Watched>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rounds.lines().remove(&self.id);
    }
}

/// Time between two rounds.
fn tick(limits: &Limits) -> Duration {
    let shortest = limits.header_time.min(limits.idle).min(limits.stall);
    (shortest / 4).clamp(Duration::from_millis(20), Duration::from_secs(5))
}

/// Judges one connection, once a round.
#[derive(Debug)]
struct Watchman {
    tick: Duration,
    before: Seen,
    /// Since the last request, or since the beginning of a head.
    quiet: Duration,
    stalled: Duration,
}

impl Watchman {
    fn new(limits: &Limits, seen: Seen) -> Self {
        let (quiet, stalled) = (Duration::ZERO, Duration::ZERO);
        Self { tick: tick(limits), before: seen, quiet, stalled }
    }

    /// A round has passed.
    fn judge(&mut self, seen: Seen, limits: &Limits) -> Option<Overdue> {
        let before = std::mem::replace(&mut self.before, seen);
        // Bytes that make no request are no use of the line: frames of HTTP/2 might come for ever.
        let moved = seen.requests != before.requests || (seen.head && !before.head);
        self.quiet = if seen.busy || moved { Duration::ZERO } else { self.quiet + self.tick };
        let stuck = seen.blocked && seen.sent == before.sent;
        self.stalled = if stuck { self.stalled + self.tick } else { Duration::ZERO };
        if self.stalled >= limits.stall {
            return Some(Overdue::Stalled);
        }
        match seen.head {
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
            if let Some(why) = watchman.judge(line.seen(), &limits()) {
                return (Some(why), watchman.tick * n);
            }
        }
        (None, Duration::MAX)
    }

    #[test]
    fn a_head_that_trickles_in_has_the_time_of_a_head_and_an_idle_line_that_of_an_idle_one() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits(), Seen::default());
        assert_eq!(ticks(&line, &mut watchman), (Some(Overdue::Idle), Duration::from_secs(75)));
        let mut watchman = Watchman::new(&limits(), Seen::default());
        let mut why = None;
        for _ in 0..8 {
            line.received();
            why = why.or(watchman.judge(line.seen(), &limits()));
        }
        assert_eq!(why, Some(Overdue::Head), "a byte a tick does not help");
    }

    #[test]
    fn a_request_in_flight_is_never_idle_but_may_stall() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits(), Seen::default());
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
        let mut watchman = Watchman::new(&limits(), Seen::default());
        for _ in 0..20 {
            assert_eq!(watchman.judge(line.seen(), &limits()), None);
        }
        line.received();
        let (why, after) = ticks(&line, &mut watchman);
        assert_eq!(why, Some(Overdue::Head));
        assert_eq!(after, limits().header_time + watchman.tick, "counted from the first tick");
    }

    #[test]
    fn one_request_after_the_other_is_never_overdue_even_if_the_next_head_has_begun() {
        let line = Arc::new(Line::default());
        let mut watchman = Watchman::new(&limits(), Seen::default());
        for _ in 0..100 {
            drop(line.begin());
            line.received();
            assert_eq!(watchman.judge(line.seen(), &limits()), None);
        }
    }

    #[test]
    fn over_http_2_bytes_without_a_request_are_neither_a_head_nor_a_use() {
        let line = Arc::new(Line::default());
        line.speaks_h2();
        let mut watchman = Watchman::new(&limits(), Seen::default());
        let mut passed = Duration::ZERO;
        let why = (0..1000).find_map(|_| {
            line.received();
            passed += watchman.tick;
            watchman.judge(line.seen(), &limits())
        });
        assert_eq!((why, passed), (Some(Overdue::Idle), limits().idle));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_overdue_is_told_to_end_and_who_is_not_is_left_alone_and_who_has_gone_is_forgotten()
     {
        let limits = limits();
        let rounds = Arc::new(Rounds::new(&limits));
        let (idle, busy) =
            (rounds.place([127, 0, 0, 1].into()), rounds.place([127, 0, 0, 1].into()));
        let _request = busy.line.begin();
        let ended = |place: &Place| {
            let line = place.line.clone();
            std::future::poll_fn(move |cx| line.poll_end(cx))
        };
        let begun = tokio::time::Instant::now();
        tokio::select! {
            never = rounds.walk() => match never {},
            () = ended(&idle) => {}
            () = ended(&busy) => panic!("it is being answered"),
        }
        let passed = begun.elapsed();
        assert!((limits.idle..=limits.idle + 2 * tick(&limits)).contains(&passed), "{passed:?}");
        drop(idle);
        assert_eq!(rounds.lines().len(), 1);
        assert!(!busy.line.is_closing());
        rounds.tell(Told::Finish);
        assert!(busy.line.is_closing());
        let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(busy.line.poll_end(cx).is_pending(), "it may finish");
        rounds.tell(Told::End);
        rounds.tell(Told::Finish);
        assert!(busy.line.poll_end(cx).is_ready(), "what weighs more counts");
    }
}
