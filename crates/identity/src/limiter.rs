use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use ambient::Instant;
use foldhash::quality::RandomState;

use crate::table::{Cell, Table};
use crate::window::{Rate, Window};

/// A [`Rate`] for each key, such as a principal or a principal and tool, in bounded memory.
///
/// For keys that callers do not choose. Keyed by principal, two keys of one principal share one allowance. Answers come from memory in well under a
/// microsecond; nothing is allocated for a key that is known already.
pub struct Limiter<K>(Table<K, Window, RandomState>);

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// A limiter that tells about `capacity` busy keys apart (each takes some 300 bytes once used). When more are
    /// busy at once, the newcomers are limited together.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        Self(Table::new(rate, capacity))
    }

    /// Counts one event of `key`, if the limit has room for it.
    ///
    /// # Errors
    /// It has none: how long to wait. A refused event is not counted.
    pub fn try_acquire(&self, key: &K, now: Instant) -> Result<(), Duration> {
        self.0.admit(key, now.0)
    }

    /// The limit of every key.
    pub fn rate(&self) -> &Rate {
        self.0.rule()
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("rate", self.rate()).finish_non_exhaustive()
    }
}

impl Cell for Window {
    type Rule = Rate;
    const EMPTY: Self = Self::EMPTY;

    fn admit(&mut self, rule: &Rate, now: u64) -> Result<(), Duration> {
        Self::admit(self, rule, now)
    }

    fn idle_from(&self, rule: &Rate) -> u64 {
        Self::idle_from(self, rule)
    }
}

#[cfg(test)]
mod tests {
    use model::PrincipalId;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(millis: u64) -> Instant {
        Instant(millis * 1_000_000)
    }

    #[test]
    fn one_principal_at_its_limit_takes_nothing_from_another() {
        let limiter = Limiter::new(Rate::new(30, MINUTE), 100);
        let (a, b) = (PrincipalId::new("a"), PrincipalId::new("b"));
        for _ in 0..30 {
            assert_eq!(limiter.try_acquire(&a, at(0)), Ok(()));
        }
        assert!(limiter.try_acquire(&a, at(0)).is_err());
        assert_eq!(limiter.try_acquire(&b, at(0)), Ok(()));
        assert_eq!(limiter.try_acquire(&a, at(60_001)), Ok(()));
    }

    #[test]
    fn keys_within_the_capacity_are_told_apart() {
        let limiter = Limiter::new(Rate::new(1, MINUTE), 16 * 200);
        for key in 0..200_u64 {
            assert_eq!(limiter.try_acquire(&key, at(0)), Ok(()), "{key}");
        }
    }

    #[test]
    fn a_million_keys_stay_within_the_capacity_and_are_limited_as_one_when_all_are_busy() {
        let limiter = Limiter::new(Rate::new(1, MINUTE), 1_000);
        let passed = (0..1_000_000_u64).filter(|k| limiter.try_acquire(k, at(0)).is_ok()).count();
        assert!(limiter.0.len() <= 1_008, "{}", limiter.0.len());
        assert!(passed <= 1_008 + 16, "{passed}");
    }

    #[test]
    fn making_room_never_forgets_a_busy_key() {
        let limiter = Limiter::new(Rate::new(1, MINUTE), 16);
        assert_eq!(limiter.try_acquire(&0_u64, at(0)), Ok(()));
        for key in 1..10_000_u64 {
            let _ = limiter.try_acquire(&key, at(1));
        }
        assert!(limiter.try_acquire(&0, at(59_999)).is_err());
        let later = (20_000..40_000_u64).filter(|k| limiter.try_acquire(k, at(120_000)).is_ok());
        assert_eq!(later.count(), 32, "idle keys made room");
    }

    #[test]
    fn a_key_makes_room_at_the_moment_it_falls_idle_and_not_before() {
        let limiter = Limiter::new(Rate::new(1, MINUTE), 16);
        let mut next = 0_u64;
        let mut passed = |now| {
            next += 10_000;
            (next..next + 10_000).filter(|k| limiter.try_acquire(k, now).is_ok()).count()
        };
        // One key of its own and one that the others share, in each of sixteen shards.
        assert_eq!(passed(at(0)), 32);
        assert_eq!(passed(Instant(60_000_000_000 - 1)), 0);
        assert_eq!(passed(at(60_000)), 32);
    }

    #[test]
    fn threads_together_never_pass_more_than_the_limit() {
        let limiter = Limiter::new(Rate::new(500, MINUTE), 10);
        let passed: usize = std::thread::scope(|scope| {
            let tries = || (0..400).filter(|_| limiter.try_acquire(&'k', at(5)).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(tries)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(passed, 500);
    }
}
