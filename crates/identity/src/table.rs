use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
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
///
/// `S` hashes the keys: SipHash ([`std::hash::RandomState`]) where strangers choose them.
pub(crate) struct Table<K, C: Cell, S> {
    rule: C::Rule,
    /// Cells in each shard.
    capacity: usize,
    hasher: S,
    shards: Box<[Mutex<Shard<K, C>>]>,
}

struct Shard<K, C> {
    cells: HashMap<Kept<K>, C, AsItIs>,
    overflow: C,
    /// No cell falls idle before this moment, so looking for one is in vain.
    next_sweep: u64,
}

impl<K: Hash + Eq + Clone, C: Cell, S: BuildHasher + Default> Table<K, C, S> {
    /// A table of about `capacity` keys.
    pub(crate) fn new(rule: C::Rule, capacity: usize) -> Self {
        let shard =
            || Mutex::new(Shard { cells: HashMap::default(), overflow: C::EMPTY, next_sweep: 0 });
        Self {
            rule,
            capacity: capacity.div_ceil(SHARDS).max(1),
            hasher: S::default(),
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    /// The rule of all cells.
    pub(crate) fn rule(&self) -> &C::Rule {
        &self.rule
    }

    /// Judges an event of `key`.
    pub(crate) fn admit(&self, key: &K, now: u64) -> Result<(), Duration> {
        let hash = self.hasher.hash_one(key);
        let sought = Sought { hash, key };
        let shard = usize::try_from(hash >> 32).unwrap_or(0) % SHARDS;
        // A poisoned shard still holds whole cells: they are plain numbers, written one by one.
        let mut shard = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = shard.cells.get_mut(&sought as &dyn Hashed<K>) {
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
        shard.cells.insert(Kept { hash, key: key.clone() }, cell);
        answer
    }

    /// Keys remembered at the moment.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap().cells.len()).sum()
    }
}

/// A key and its hash, which is made once for shard and place.
trait Hashed<K> {
    fn hash(&self) -> u64;
    fn key(&self) -> &K;
}

struct Kept<K> {
    hash: u64,
    key: K,
}

struct Sought<'a, K> {
    hash: u64,
    key: &'a K,
}

impl<K> Hashed<K> for Kept<K> {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn key(&self) -> &K {
        &self.key
    }
}

impl<K> Hashed<K> for Sought<'_, K> {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn key(&self) -> &K {
        self.key
    }
}

impl<K: Eq> PartialEq for dyn Hashed<K> + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash() && self.key() == other.key()
    }
}

impl<K: Eq> Eq for dyn Hashed<K> + '_ {}

impl<K> Hash for dyn Hashed<K> + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(Hashed::hash(self));
    }
}

impl<K: Eq> PartialEq for Kept<K> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.key == other.key
    }
}

impl<K: Eq> Eq for Kept<K> {}

impl<K> Hash for Kept<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<'a, K: 'a> Borrow<dyn Hashed<K> + 'a> for Kept<K> {
    fn borrow(&self) -> &(dyn Hashed<K> + 'a) {
        self
    }
}

/// Takes a hash for itself: those here are made with a secret that nobody outside knows.
#[derive(Default)]
struct Ready(u64);

type AsItIs = BuildHasherDefault<Ready>;

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Hashes come as one number; anything else still counts, byte for byte.
        self.0 = bytes.iter().fold(self.0, |all, b| all.rotate_left(8) ^ u64::from(*b));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl<K: Eq, C: Cell> Shard<K, C> {
    fn sweep(&mut self, rule: &C::Rule, now: u64) {
        if now < self.next_sweep {
            return;
        }
        self.cells.retain(|_, cell| cell.idle_from(rule) > now);
        self.next_sweep = self.cells.values().map(|cell| cell.idle_from(rule)).min().unwrap_or(0);
    }
}
