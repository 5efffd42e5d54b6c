use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::SourceName;

use crate::SpawnError;

/// How many children may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Of all sources together (`children.total`).
    pub total: usize,
    /// Of any one source (`children.per_source`).
    pub per_source: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { total: 128, per_source: 16 }
    }
}

/// Which children are running. A child counts until nothing of its tree is left.
#[derive(Debug)]
pub struct Children {
    caps: Caps,
    running: Mutex<HashMap<SourceName, usize>>,
}

impl Children {
    pub(crate) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self { caps, running: Mutex::new(HashMap::new()) })
    }

    /// Running children of all sources.
    pub fn live(&self) -> usize {
        self.lock().values().sum()
    }

    /// Running children of one source.
    pub fn live_of(&self, source: &SourceName) -> usize {
        self.lock().get(source).copied().unwrap_or(0)
    }

    /// The caps in force.
    pub const fn caps(&self) -> Caps {
        self.caps
    }

    /// Counts one more child of `source` until the slot is dropped.
    pub(crate) fn reserve(self: &Arc<Self>, source: &SourceName) -> Result<Slot, SpawnError> {
        let mut running = self.lock();
        if running.values().sum::<usize>() >= self.caps.total {
            return Err(SpawnError::TooMany { limit: "children.total", cap: self.caps.total });
        }
        let mine = running.entry(source.clone()).or_default();
        if *mine >= self.caps.per_source {
            return Err(SpawnError::TooMany {
                limit: "children.per_source",
                cap: self.caps.per_source,
            });
        }
        *mine += 1;
        drop(running);
        Ok(Slot { children: self.clone(), source: source.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SourceName, usize>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One child's place among the running.
#[derive(Debug)]
pub(crate) struct Slot {
    children: Arc<Children>,
    source: SourceName,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.children.lock();
        if let Some(mine) = running.get_mut(&self.source) {
            *mine = mine.saturating_sub(1);
            if *mine == 0 {
                running.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_is_named_when_it_is_reached_and_a_dropped_slot_is_free_again() {
        let children = Children::new(Caps { total: 3, per_source: 2 });
        let [a, b] = ["a", "b"].map(|n| SourceName::new(n).unwrap());
        let limit = |r: Result<Slot, SpawnError>| match r {
            Err(SpawnError::TooMany { limit, .. }) => limit,
            _ => "none",
        };
        let slots = [children.reserve(&a).unwrap(), children.reserve(&a).unwrap()];
        assert_eq!(limit(children.reserve(&a)), "children.per_source");
        let third = children.reserve(&b).unwrap();
        assert_eq!(limit(children.reserve(&b)), "children.total");
        assert_eq!((children.live(), children.live_of(&a)), (3, 2));
        drop(third);
        assert_eq!(limit(children.reserve(&b)), "none");
        drop(slots);
        assert_eq!((children.live(), children.live_of(&a)), (0, 0));
    }
}
