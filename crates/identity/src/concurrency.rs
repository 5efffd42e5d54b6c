use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

/// How many things each key may have going on at once.
///
/// Memory is bounded by what is going on: a key without a [`Permit`] is not remembered.
pub struct Concurrency<K: Hash + Eq + Clone> {
    cap: u32,
    running: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K: Hash + Eq + Clone> Concurrency<K> {
    /// At most `cap` at once for each key; zero lets nothing in.
    pub fn new(cap: u32) -> Self {
        Self { cap, running: Arc::default() }
    }

    /// Lets one more in for `key`, or `None` if as many as may be are in already.
    pub fn try_enter(&self, key: &K) -> Option<Permit<K>> {
        if self.cap == 0 {
            return None;
        }
        let mut running = lock(&self.running);
        match running.get_mut(key) {
            Some(count) if *count >= self.cap => return None,
            Some(count) => *count += 1,
            None => {
                running.insert(key.clone(), 1);
            }
        }
        drop(running);
        Some(Permit { key: key.clone(), running: Arc::clone(&self.running) })
    }

    /// How many are in for `key`.
    pub fn running(&self, key: &K) -> u32 {
        lock(&self.running).get(key).copied().unwrap_or(0)
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Concurrency<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concurrency").field("cap", &self.cap).finish_non_exhaustive()
    }
}

/// A place taken; given back when dropped.
#[must_use = "the place is given back at once when this is dropped"]
pub struct Permit<K: Hash + Eq> {
    key: K,
    running: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K: Hash + Eq> Drop for Permit<K> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        match running.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                running.remove(&self.key);
            }
        }
    }
}

impl<K: Hash + Eq> fmt::Debug for Permit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Counts stay right when a thread panics while holding the lock: each change is a single step.
fn lock<K>(running: &Mutex<HashMap<K, u32>>) -> MutexGuard<'_, HashMap<K, u32>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_permit_is_dropped_and_nothing_stays_behind() {
        let calls = Concurrency::new(2);
        let (first, second) = (calls.try_enter(&"a"), calls.try_enter(&"a"));
        assert!(first.is_some() && second.is_some() && calls.try_enter(&"a").is_none());
        assert!(calls.try_enter(&"b").is_some(), "another key has places of its own");
        drop(first);
        assert_eq!(calls.running(&"a"), 1);
        assert!(calls.try_enter(&"a").is_some());
        drop(second);
        assert!(lock(&calls.running).is_empty());
    }

    #[test]
    fn a_cap_of_zero_lets_nothing_in() {
        assert!(Concurrency::new(0).try_enter(&"a").is_none());
    }

    #[test]
    fn a_permit_dropped_while_unwinding_gives_its_place_back() {
        let calls = Concurrency::new(1);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _permit = calls.try_enter(&"a");
            panic!("the call went wrong");
        }));
        assert!(caught.is_err() && calls.running(&"a") == 0);
    }
}
