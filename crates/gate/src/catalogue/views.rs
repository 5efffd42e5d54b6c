use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use protocol::mcp::Version;

use super::{Entry, Index};
use crate::port::Listing;

/// How many different listings of one source are remembered: servers may show different clients different lists.
const LISTINGS: usize = 8;
/// How many rendered views of one listing are remembered.
const VIEWS: usize = 64;

/// One listing, judged, with what was rendered of it.
pub(crate) struct Listed {
    pub(crate) entries: Vec<Arc<Entry>>,
    views: Mutex<HashMap<ViewKey, Arc<Fragment>>>,
}

/// Who sees a listing, and in which words. The policy epoch is part of it: a new policy means new views.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ViewKey {
    pub(crate) principal: String,
    pub(crate) credential: String,
    pub(crate) version: Version,
    pub(crate) epoch: u64,
}

/// The part of a list that comes from one source: definitions one principal may use, joined by commas.
pub(crate) struct Fragment {
    /// Exposed name and rendered definition of each, in the source's order.
    pub(crate) items: Vec<(String, Bytes)>,
    /// All of them, joined.
    pub(crate) text: Bytes,
}

impl Listed {
    pub(super) fn new(entries: Vec<Arc<Entry>>, index: &Index) -> Self {
        let entries = entries.into_iter().filter(|e| index.holds(e)).collect();
        Self { entries, views: Mutex::default() }
    }

    /// The view for that key, made by `make` if it is not there yet.
    pub(crate) fn view(
        &self,
        key: ViewKey,
        make: impl FnOnce(&[Arc<Entry>]) -> Fragment,
    ) -> Arc<Fragment> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = views.get(&key) {
            return found.clone();
        }
        let fragment = Arc::new(make(&self.entries));
        if views.len() >= VIEWS {
            views.clear();
        }
        views.insert(key, fragment.clone());
        fragment
    }
}

impl Fragment {
    pub(crate) fn new(items: Vec<(String, Bytes)>) -> Self {
        let mut text = Vec::with_capacity(items.iter().map(|(_, d)| d.len() + 1).sum());
        for (_, definition) in &items {
            if !text.is_empty() {
                text.push(b',');
            }
            text.extend_from_slice(definition);
        }
        Self { items, text: Bytes::from(text) }
    }
}

/// Equal; told at once where both are one place in memory.
fn same_bytes(a: &Bytes, b: &Bytes) -> bool {
    std::ptr::eq(&raw const a[..], &raw const b[..]) || a == b
}

/// What was made of the listings seen last, found again by their very bytes.
pub(super) struct Recent<T>(Mutex<Vec<(Listing, Arc<T>)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Recent<T> {
    pub(super) fn find(&self, listing: &Listing) -> Option<Arc<T>> {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |seen: &&(Listing, _)| {
            seen.0.era == listing.era
                && seen.0.pages.len() == listing.pages.len()
                && seen.0.pages.iter().zip(&listing.pages).all(|(a, b)| same_bytes(a, b))
        };
        recent.iter().rev().find(same).map(|(_, made)| made.clone())
    }

    pub(super) fn keep(&self, listing: &Listing, made: Arc<T>) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= LISTINGS {
            recent.remove(0);
        }
        recent.push((listing.clone(), made));
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
