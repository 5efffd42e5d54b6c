//! Sessions by their secret number: bounded for each principal, ended when nobody uses them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;

use crate::base::Who;

/// Something that a client comes back to.
pub(crate) trait Held: Send + Sync {
    /// Its secret number.
    fn uid(&self) -> u128;
    /// Whose it is.
    fn owner(&self) -> Who;
    /// When it was last used, in milliseconds since the epoch.
    fn used(&self) -> u64;
    /// When its time is over, in the same.
    fn expires(&self) -> u64;
    /// Whether anything goes on in it.
    fn is_busy(&self) -> bool;
    /// Ends what goes on in it.
    fn end(&self);
}

pub(crate) struct Table<T> {
    cap: usize,
    all: Mutex<All<T>>,
}

struct All<T> {
    by_uid: HashMap<u128, Arc<T>>,
    by_owner: HashMap<Who, Vec<u128>>,
}

/// The owner has as many as may be, and all of them are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl<T: Held> Table<T> {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            cap,
            all: Mutex::new(All { by_uid: HashMap::default(), by_owner: HashMap::default() }),
        }
    }

    /// Takes one in. At the cap the owner's oldest that nobody uses gives way.
    pub(crate) fn insert(&self, item: Arc<T>) -> Result<(), Full> {
        let owner = item.owner();
        let gone = {
            let mut all = self.lock();
            let own = all.by_owner.get(&owner).map_or(0, Vec::len);
            let gone =
                if own >= self.cap { Some(all.take_oldest(&owner).ok_or(Full)?) } else { None };
            all.by_owner.entry(owner).or_default().push(item.uid());
            all.by_uid.insert(item.uid(), item);
            gone
        };
        if let Some(gone) = gone {
            gone.end();
        }
        Ok(())
    }

    pub(crate) fn get(&self, uid: u128) -> Option<Arc<T>> {
        self.lock().by_uid.get(&uid).cloned()
    }

    /// Ends one.
    pub(crate) fn end(&self, uid: u128) -> bool {
        let gone = self.lock().take(uid);
        gone.map(|gone| gone.end()).is_some()
    }

    /// Ends those whose time is over, and those that nobody has used for `idle` milliseconds.
    pub(crate) fn sweep(&self, now: u64, idle: u64) -> usize {
        let gone: Vec<_> = {
            let mut all = self.lock();
            let over = |item: &Arc<T>| {
                now >= item.expires()
                    || (!item.is_busy() && now.saturating_sub(item.used()) >= idle)
            };
            let uids: Vec<u128> =
                all.by_uid.iter().filter(|(_, item)| over(item)).map(|(uid, _)| *uid).collect();
            uids.into_iter().filter_map(|uid| all.take(uid)).collect()
        };
        for item in &gone {
            item.end();
        }
        gone.len()
    }

    /// Does something to each.
    pub(crate) fn each(&self, act: impl Fn(&T)) {
        let all: Vec<_> = self.lock().by_uid.values().cloned().collect();
        for item in all {
            act(&item);
        }
    }

    fn lock(&self) -> MutexGuard<'_, All<T>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Held> All<T> {
    fn take(&mut self, uid: u128) -> Option<Arc<T>> {
        let item = self.by_uid.remove(&uid)?;
        let owner = item.owner();
        if let Some(own) = self.by_owner.get_mut(&owner) {
            own.retain(|other| *other != uid);
            if own.is_empty() {
                self.by_owner.remove(&owner);
            }
        }
        Some(item)
    }

    fn take_oldest(&mut self, owner: &Who) -> Option<Arc<T>> {
        let own = self.by_owner.get(owner)?.iter().filter_map(|uid| self.by_uid.get(uid));
        let oldest = own.filter(|item| !item.is_busy()).min_by_key(|item| item.used())?.uid();
        self.take(oldest)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use model::{PrincipalId, TenantId};

    use super::*;

    struct Item {
        uid: u128,
        owner: &'static str,
        used: u64,
        busy: bool,
        ended: AtomicBool,
    }

    impl Held for Item {
        fn uid(&self) -> u128 {
            self.uid
        }
        fn owner(&self) -> Who {
            (TenantId::new("acme"), PrincipalId::new(self.owner))
        }
        fn used(&self) -> u64 {
            self.used
        }
        fn expires(&self) -> u64 {
            1000
        }
        fn is_busy(&self) -> bool {
            self.busy
        }
        fn end(&self) {
            self.ended.store(true, Ordering::Relaxed);
        }
    }

    fn item(uid: u128, owner: &'static str, used: u64, busy: bool) -> Arc<Item> {
        Arc::new(Item { uid, owner, used, busy, ended: AtomicBool::new(false) })
    }

    // v-session-07, b-front-02
    #[test]
    fn at_the_cap_the_oldest_idle_one_gives_way_and_others_are_left_alone() {
        let table = Table::new(2);
        let first = item(1, "alice", 5, true);
        let second = item(2, "alice", 9, false);
        for i in [first.clone(), second.clone(), item(3, "bob", 1, false)] {
            table.insert(i).unwrap();
        }
        table.insert(item(4, "alice", 10, true)).unwrap();
        assert!(second.ended.load(Ordering::Relaxed) && !first.ended.load(Ordering::Relaxed));
        assert!(table.get(2).is_none() && table.get(3).is_some());
        assert_eq!(table.insert(item(5, "alice", 11, false)), Err(Full));
    }

    #[test]
    fn what_is_over_or_unused_is_swept_and_leaves_nothing_behind() {
        let table = Table::new(10);
        for i in [item(1, "a", 0, false), item(2, "a", 0, true), item(3, "b", 90, false)] {
            table.insert(i).unwrap();
        }
        assert_eq!(table.sweep(100, 50), 1);
        assert!(table.end(3) && !table.end(3));
        assert_eq!(table.sweep(1000, 5000), 1);
        let all = table.lock();
        assert!(all.by_uid.is_empty() && all.by_owner.is_empty());
    }
}
