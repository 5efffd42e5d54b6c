//! What is behind the gate: every definition found, named, scanned and held against its pin.

mod entry;
mod index;
mod judge;
mod pins;
mod shelf;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use inspect::{Finding, Neighbours};
use model::SourceName;

pub(crate) use entry::{Entry, State};
pub(crate) use index::Index;
pub(crate) use pins::PinBook;
pub(crate) use shelf::{Fragment, Listed, ViewKey};

use crate::SourceSettings;
use crate::port::{Kind, Listing, Source};

/// All sources and what is known of their definitions.
pub(crate) struct Catalogue {
    shelves: Vec<Shelf>,
    index: ArcSwap<Index>,
    book: PinBook,
    rebuild: Mutex<()>,
}

/// One source, and what it offers as far as it is known.
pub(crate) struct Shelf {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) settings: SourceSettings,
    kinds: [KindShelf; 4],
}

struct KindShelf {
    /// Counts the times that the source said its list has changed; begins at one.
    changes: AtomicU64,
    /// As many of them as the newest listing has in it. Behind `changes`, the list is stale.
    seen: AtomicU64,
    /// Those who watch have been told so since the list was last fetched: one notice is enough.
    told: AtomicBool,
    /// One listing at a time: a flood of changes leads to one look at a time.
    pub(crate) listing: tokio::sync::Mutex<()>,
    listed: shelf::Recent,
    known: Mutex<HashMap<String, Arc<Entry>>>,
}

impl Catalogue {
    pub(crate) fn new(sources: Vec<(Arc<dyn Source>, SourceSettings)>, book: PinBook) -> Arc<Self> {
        let shelves = sources
            .into_iter()
            .map(|(source, settings)| Shelf {
                source,
                settings,
                kinds: std::array::from_fn(|_| KindShelf::new()),
            })
            .collect();
        Arc::new(Self {
            shelves,
            index: ArcSwap::from_pointee(Index::default()),
            book,
            rebuild: Mutex::new(()),
        })
    }

    pub(crate) fn shelves(&self) -> &[Shelf] {
        &self.shelves
    }

    pub(crate) fn shelf(&self, name: &SourceName) -> Option<&Shelf> {
        self.shelves.iter().find(|s| s.source.name() == name)
    }

    pub(crate) fn index(&self) -> arc_swap::Guard<Arc<Index>> {
        self.index.load()
    }

    pub(crate) const fn book(&self) -> &PinBook {
        &self.book
    }

    /// Notes that a list may have changed. False if that was known already: one notice is enough.
    pub(crate) fn mark_stale(&self, source: &SourceName, kind: Kind) -> bool {
        let Some(shelf) = self.shelf(source) else { return false };
        if kind == Kind::Resources {
            shelf.kind(Kind::Templates).changes.fetch_add(1, Ordering::AcqRel);
        }
        let on = shelf.kind(kind);
        on.changes.fetch_add(1, Ordering::AcqRel);
        !on.told.swap(true, Ordering::AcqRel)
    }

    /// Everything is looked at anew: pins, effects or rules changed.
    pub(crate) fn forget(&self) {
        // What is being judged this moment was judged by what is to be forgotten.
        let _one_at_a_time = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in self.shelves.iter().flat_map(|s| &s.kinds) {
            kind.listed.clear();
            kind.changes.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Takes a listing in: judged definition by definition, unless these very bytes were judged before. `as_of` is
    /// what [`Shelf::changes`] said before the source was asked: a change after that may not be in it.
    pub(crate) fn take_in(
        &self,
        shelf: &Shelf,
        kind: Kind,
        listing: &Listing,
        as_of: u64,
    ) -> Arc<Listed> {
        let on = shelf.kind(kind);
        on.seen.fetch_max(as_of, Ordering::AcqRel);
        on.told.store(false, Ordering::Release);
        if let Some(listed) = on.listed.find(listing) {
            return listed;
        }
        let _one_at_a_time = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = judge::judge(self, shelf, kind, listing);
        let mut known = on.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for entry in &entries {
            let old = known.insert(entry.upstream.clone(), entry.clone());
            changed |= old.is_none_or(|old| old.digest != entry.digest || old.state != entry.state);
        }
        drop(known);
        let index = Index::build(&self.shelves);
        let listed = Arc::new(Listed::new(entries, &index));
        self.index.store(Arc::new(index));
        if changed {
            // What was rendered of other views may name what is now quarantined.
            on.listed.clear();
        }
        on.listed.keep(listing, listed.clone());
        listed
    }

    /// What every source but this one is called and offers, for the detectors.
    pub(crate) fn neighbours(&self, of: &SourceName) -> Neighbours {
        let mut all = Neighbours::default();
        for shelf in self.shelves.iter().filter(|s| s.source.name() != of) {
            all = all.source(shelf.source.name().as_str());
            for entry in shelf.kind(Kind::Tools).entries() {
                all = all.tool(&entry.exposed);
            }
        }
        all
    }
}

impl Shelf {
    pub(crate) fn is_stale(&self, kind: Kind) -> bool {
        let on = self.kind(kind);
        on.seen.load(Ordering::Acquire) < on.changes.load(Ordering::Acquire)
    }

    /// How often this list has changed so far, as far as is known.
    pub(crate) fn changes(&self, kind: Kind) -> u64 {
        self.kind(kind).changes.load(Ordering::Acquire)
    }

    /// Structure always counts; what only words give away, an operator may have switched off.
    pub(crate) fn counts(&self, finding: &Finding) -> bool {
        self.settings.detectors || !judge::is_heuristic(finding)
    }

    pub(crate) async fn listing(&self, kind: Kind) -> tokio::sync::MutexGuard<'_, ()> {
        self.kind(kind).listing.lock().await
    }

    pub(crate) fn entries(&self, kind: Kind) -> Vec<Arc<Entry>> {
        self.kind(kind).entries()
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.kind(kind).known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is such an entry among those.
    pub(crate) fn has(&self, kind: Kind, wanted: impl Fn(&Entry) -> bool) -> bool {
        let known = self.kind(kind).known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().any(|entry| wanted(entry))
    }

    fn kind(&self, kind: Kind) -> &KindShelf {
        &self.kinds[kind as usize]
    }
}

impl KindShelf {
    fn new() -> Self {
        Self {
            changes: AtomicU64::new(1),
            seen: AtomicU64::new(0),
            told: AtomicBool::new(false),
            listing: tokio::sync::Mutex::new(()),
            listed: shelf::Recent::default(),
            known: Mutex::default(),
        }
    }

    fn entries(&self) -> Vec<Arc<Entry>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
