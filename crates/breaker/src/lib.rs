//! When something behind the gate is left alone, and when it is tried again. Pure: told of time and outcomes.

use std::time::Duration;

use ambient::Instant;

/// When a source is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Faults in a row that open the circuit.
    pub faults: u32,
    /// How long it stays open at first.
    pub base: Duration,
    /// How long it stays open at most: it doubles each time a trial fails.
    pub cap: Duration,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { faults: 5, base: Duration::from_secs(1), cap: Duration::from_mins(1) }
    }
}

/// A circuit breaker: pure, told of time and outcomes.
///
/// Only the upstream's own faults may be reported as [`Outcome::Fault`]; a JSON-RPC error or a tool that says it
/// failed is a sign of life.
#[derive(Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    state: State,
    /// How often it has opened since it was last well.
    opened: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        faults: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is under way to see whether the upstream is back.
    Trial,
}

/// How a call that was let through ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream answered, whatever it said.
    Alive,
    /// The upstream is at fault.
    Fault,
    /// Nothing was learnt: cancelled, or a limit of ours.
    Unknown,
}

impl Breaker {
    /// A closed circuit.
    pub const fn new(limits: BreakerLimits) -> Self {
        Self { limits, state: State::Closed { faults: 0 }, opened: 0 }
    }

    /// Lets a call through, or says how long to wait. While one call tries an open circuit, others wait.
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now >= until => {
                self.state = State::Trial;
                Ok(())
            }
            State::Open { until } => Err(until.since(now)),
            State::Trial => Err(self.limits.base),
        }
    }

    /// Tells how a call that was let through ended.
    pub fn report(&mut self, outcome: Outcome, now: Instant) {
        match (outcome, self.state) {
            // Calls let through before the circuit opened may still come home well; one trial decides, not they.
            (Outcome::Alive, State::Open { .. }) | (Outcome::Fault, State::Open { .. }) => {}
            (Outcome::Alive, _) => {
                self.state = State::Closed { faults: 0 };
                self.opened = 0;
            }
            (Outcome::Fault, State::Closed { faults }) if faults + 1 < self.limits.faults => {
                self.state = State::Closed { faults: faults + 1 };
            }
            (Outcome::Fault, _) => self.open(now),
            (Outcome::Unknown, State::Trial) => self.state = State::Open { until: now },
            (Outcome::Unknown, _) => {}
        }
    }

    /// Whether calls are let through.
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed { .. })
    }

    /// How long it stays open still.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Open { until } => Some(until.since(now)),
            _ => None,
        }
    }

    fn open(&mut self, now: Instant) {
        let pause = self.limits.base.saturating_mul(1 << self.opened.min(16)).min(self.limits.cap);
        self.opened = self.opened.saturating_add(1);
        let nanos = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        self.state = State::Open { until: Instant(now.0.saturating_add(nanos)) };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: u64 = 1_000_000_000;

    fn broken(at: u64) -> Breaker {
        let mut breaker = Breaker::new(BreakerLimits::default());
        for _ in 0..5 {
            breaker.report(Outcome::Fault, Instant(at));
        }
        breaker
    }

    #[test]
    fn faults_in_a_row_open_it_and_a_sign_of_life_between_them_does_not() {
        let mut breaker = Breaker::new(BreakerLimits::default());
        for _ in 0..20 {
            (0..4).for_each(|_| breaker.report(Outcome::Fault, Instant(0)));
            breaker.report(Outcome::Alive, Instant(0));
        }
        assert!(breaker.is_closed());
        assert_eq!(broken(0).admit(Instant(0)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn one_trial_at_a_time_decides_and_its_failure_doubles_the_pause_up_to_the_cap() {
        let mut breaker = broken(0);
        let mut now = S;
        for pause in [2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(breaker.admit(Instant(now)), Ok(()));
            assert!(breaker.admit(Instant(now)).is_err(), "a second one waits");
            breaker.report(Outcome::Fault, Instant(now));
            assert_eq!(breaker.wait(Instant(now)), Some(Duration::from_secs(pause)));
            now += pause * S;
        }
        assert_eq!(breaker.admit(Instant(now)), Ok(()));
        breaker.report(Outcome::Alive, Instant(now));
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_cancelled_trial_leaves_the_next_one_free_to_try() {
        let mut breaker = broken(0);
        assert_eq!(breaker.admit(Instant(S)), Ok(()));
        breaker.report(Outcome::Unknown, Instant(S));
        assert_eq!(breaker.admit(Instant(S)), Ok(()));
    }

    proptest! {
        #[test]
        fn it_never_stays_shut_out_for_longer_than_the_cap(steps in proptest::collection::vec((0u8..4, 0u64..90), 0..200)) {
            let mut breaker = Breaker::new(BreakerLimits::default());
            let mut now = 0;
            for (what, seconds) in steps {
                now += seconds * S;
                match what {
                    0 => breaker.report(Outcome::Alive, Instant(now)),
                    1 => breaker.report(Outcome::Fault, Instant(now)),
                    2 => breaker.report(Outcome::Unknown, Instant(now)),
                    _ => { let _ = breaker.admit(Instant(now)); }
                }
                prop_assert!(breaker.wait(Instant(now)).unwrap_or_default() <= Duration::from_mins(1));
            }
        }
    }
}
