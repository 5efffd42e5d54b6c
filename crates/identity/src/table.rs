use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Shards, so that threads seldom wait for each other. A power of two.
const SHARDS: usize = 16;

/// What a table remembers of one key.
pub(crate) trait Cell: Copy {
    /// The rule that cells are judged by.
    type Rule;

    /// A cell to which nothing has happened.
    const EMPTY: Self;

    /// Judges an event at `now` nanoseconds.
    fn admit(&mut self, rule: &Self::Rule, now: u64) -> Result<(), Duration>;

    /// The moment from which the cell is as good as an empty one.
    fn idle_from(&self, rule: &Self::Rule) -> u64;
}

/// Cells by key, in bounded memory.
///
/// A full shard first forgets its idle cells, which changes no answer. If all are busy, newcomers share one cell:
/// whoever floods the table with keys is limited as one, and nobody's count is lost to make room.
pub(crate) struct Table<K, C: Cell> {
    rule: C::Rule,
    /// Cells in each shard.
    capacity: usize,
    hasher: RandomState,
    shards: Box<[Mutex<Shard<K, C>>]>,
}

struct Shard<K, C> {
    cells: HashMap<K, C>,
    overflow: C,
    /// No cell falls idle before this moment, so looking for one is in vain.
    next_sweep: u64,
}

impl<K: Hash + Eq + Clone, C: Cell> Table<K, C> {
    /// A table of about `capacity` keys.
    pub(crate) fn new(rule: C::Rule, capacity: usize) -> Self {
        let shard =
            || Mutex::new(Shard { cells: HashMap::new(), overflow: C::EMPTY, next_sweep: 0 });
        Self {
            rule,
            capacity: capacity.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    /// The rule of all cells.
    pub(crate) fn rule(&self) -> &C::Rule {
        &self.rule
    }

    /// Judges an event of `key`.
    pub(crate) fn admit(&self, key: &K, now: u64) -> Result<(), Duration> {
        let hash = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or(0);
        // A poisoned shard still holds whole cells: they are plain numbers, written one by one.
        let mut shard = self.shards[hash % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = shard.cells.get_mut(key) {
            return cell.admit(&self.rule, now);
        }
        if shard.cells.len() >= self.capacity {
            shard.sweep(&self.rule, now);
        }
        if shard.cells.len() >= self.capacity {
            return shard.overflow.admit(&self.rule, now);
        }
        let mut cell = C::EMPTY;
        let answer = cell.admit(&self.rule, now);
        shard.cells.insert(key.clone(), cell);
        answer
    }

    /// Keys remembered at the moment.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap().cells.len()).sum()
    }
}

impl<K: Hash + Eq, C: Cell> Shard<K, C> {
    fn sweep(&mut self, rule: &C::Rule, now: u64) {
        if now < self.next_sweep {
            return;
        }
        self.cells.retain(|_, cell| cell.idle_from(rule) > now);
        self.next_sweep = self.cells.values().map(|cell| cell.idle_from(rule)).min().unwrap_or(0);
    }
}
