use std::time::Duration;

/// The generic cell rate algorithm: a pure function of the theoretical arrival time and now, both in nanoseconds of
/// one monotonic clock.
///
/// It lets `burst` events through at once and one more every `interval` after that. Over any span of length `t` it
/// admits at most `burst + t / interval` events. Where a limit must hold in *every* window, use
/// [`Window`](crate::Window).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gcra {
    /// Nanoseconds between two events at the steady rate.
    interval: u64,
    /// How far the theoretical arrival time may run ahead of now: `(burst - 1) * interval`.
    tolerance: u64,
}

impl Gcra {
    /// `limit` events per `window`, of which `burst` may come at once. Zeros count as one.
    pub fn new(limit: u32, window: Duration, burst: u32) -> Self {
        let window = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let interval = window.div_ceil(u64::from(limit.max(1))).max(1);
        let tolerance = interval.saturating_mul(u64::from(burst.max(1) - 1));
        Self { interval, tolerance }
    }

    /// Judges an event at `now` against the theoretical arrival time `tat` (0 for a fresh cell).
    ///
    /// # Errors
    /// It comes too soon: how long to wait. `tat` stays as it is, so a refused event costs nothing.
    pub fn admit(self, tat: u64, now: u64) -> Result<u64, Duration> {
        let ahead = tat.saturating_sub(now);
        if ahead > self.tolerance {
            return Err(Duration::from_nanos(ahead - self.tolerance));
        }
        Ok(tat.max(now).saturating_add(self.interval))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_passes_and_the_next_one_waits_for_its_interval() {
        let rule = Gcra::new(5, Duration::from_mins(1), 5);
        let mut tat = 0;
        for _ in 0..5 {
            tat = rule.admit(tat, 100 * SECOND).unwrap();
        }
        assert_eq!(rule.admit(tat, 100 * SECOND), Err(Duration::from_secs(12)));
        assert_eq!(rule.admit(tat, 112 * SECOND - 1), Err(Duration::from_nanos(1)));
        assert!(rule.admit(tat, 112 * SECOND).is_ok());
    }

    #[test]
    fn a_clock_near_its_end_refuses_rather_than_wraps() {
        let rule = Gcra::new(1, Duration::from_mins(1), 1);
        let tat = rule.admit(0, u64::MAX - 1).unwrap();
        assert_eq!(tat, u64::MAX);
        assert!(rule.admit(tat, u64::MAX - 1).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_steady_rate_over_any_span(
            limit in 1u32..20, burst in 1u32..20, steps in prop::collection::vec(0u64..3_000, 1..200),
        ) {
            let rule = Gcra::new(limit, Duration::from_micros(10), burst);
            let (mut tat, mut now, mut admitted) = (0, 1, Vec::new());
            for step in steps {
                now += step;
                if let Ok(next) = rule.admit(tat, now) {
                    tat = next;
                    admitted.push(now);
                }
            }
            for (i, from) in admitted.iter().enumerate() {
                for (j, to) in admitted.iter().enumerate().skip(i) {
                    let bound = u64::from(burst) + (to - from) / rule.interval;
                    prop_assert!((j - i + 1) as u64 <= bound);
                }
            }
        }
    }
}
