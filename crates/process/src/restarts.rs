use std::time::Duration;

use ambient::Instant;

/// How starts of one program are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Pause after the first early end; doubled by each that follows.
    pub first: Duration,
    /// Longest pause.
    pub longest: Duration,
    /// A program that ran this long was well: the count of early ends begins anew.
    pub well: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_mins(1),
            well: Duration::from_secs(30),
        }
    }
}

/// When one program may be started again. Holds no clock: the caller says what time it is.
#[derive(Debug, Clone)]
pub struct Restarts {
    backoff: Backoff,
    early: u32,
    not_before: Instant,
}

impl Restarts {
    /// A program that was never started may start at once.
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, early: 0, not_before: Instant::default() }
    }

    /// Whether a start is allowed at `now`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn may_start(&self, now: Instant) -> Result<(), Duration> {
        if now >= self.not_before { Ok(()) } else { Err(self.not_before.since(now)) }
    }

    /// The program, started at `started`, ended at `now` without having been asked to; or could not be started.
    pub fn ended(&mut self, started: Instant, now: Instant) {
        let well = now.since(started) >= self.backoff.well;
        self.early = if well { 1 } else { self.early.saturating_add(1) };
        let doubled = 1_u32.checked_shl(self.early - 1).unwrap_or(u32::MAX);
        let pause = self.backoff.first.saturating_mul(doubled).min(self.backoff.longest);
        let pause = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        self.not_before = Instant(now.0.saturating_add(pause));
    }

    /// Early ends in a row, for people and metrics.
    pub const fn early_ends(&self) -> u32 {
        self.early
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000_000)
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_begin_anew_after_a_good_run() {
        let mut restarts = Restarts::new(Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
            well: Duration::from_secs(30),
        });
        assert_eq!(restarts.may_start(at(0)), Ok(()));
        for pause in [1, 2, 4, 5, 5] {
            restarts.ended(at(100), at(100));
            assert_eq!(restarts.may_start(at(100)), Err(Duration::from_secs(pause)));
            assert_eq!(restarts.may_start(at(100 + pause)), Ok(()));
        }
        restarts.ended(at(100), at(130));
        assert_eq!(restarts.may_start(at(130)), Err(Duration::from_secs(1)));
    }

    proptest! {
        /// However a program ends, starts never come faster than the first pause, nor is any wait longer than the cap.
        #[test]
        fn no_history_breaks_the_bounds(lives in proptest::collection::vec(0_u64..100, 1..200)) {
            let backoff = Backoff::default();
            let mut restarts = Restarts::new(backoff);
            let mut now = at(1);
            for life in lives {
                prop_assert_eq!(restarts.may_start(now), Ok(()));
                let end = Instant(now.0 + life * 1_000_000_000);
                restarts.ended(now, end);
                let wait = restarts.may_start(end).unwrap_err();
                prop_assert!(wait >= backoff.first && wait <= backoff.longest);
                now = Instant(end.0 + u64::try_from(wait.as_nanos()).unwrap());
            }
        }
    }
}
