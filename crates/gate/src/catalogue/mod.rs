//! What is behind the gate: every definition found, named, scanned and held against its pin.

mod entry;
mod index;
mod judge;
mod pins;
mod shelf;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use inspect::Neighbours;
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
    /// Nothing has been listed yet, or the source says that its list has changed.
    stale: AtomicBool,
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
            shelf.kind(Kind::Templates).stale.store(true, Ordering::Release);
        }
        let on = shelf.kind(kind);
        on.stale.store(true, Ordering::Release);
        !on.told.swap(true, Ordering::AcqRel)
    }

    /// Everything is looked at anew: pins, effects or rules changed.
    pub(crate) fn forget(&self) {
        for kind in self.shelves.iter().flat_map(|s| &s.kinds) {
            kind.stale.store(true, Ordering::Release);
            kind.listed.clear();
        }
    }

    /// Takes a listing in: judged definition by definition, unless these very bytes were judged before.
    pub(crate) fn take_in(&self, shelf: &Shelf, kind: Kind, listing: &Listing) -> Arc<Listed> {
        let on = shelf.kind(kind);
        on.stale.store(false, Ordering::Release);
        on.told.store(false, Ordering::Release);
        if let Some(listed) = on.listed.find(listing) {
            return listed;
        }
        let _one_at_a_time = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = judge::judge(self, shelf, kind, listing);
        let mut known = on.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for entry in &entries {
            changed |= known.insert(entry.upstream.clone(), entry.clone()).is_none_or(|old| {
                old.digest != entry.digest || old.state != entry.state || old.effect != entry.effect
            });
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
        self.kind(kind).stale.load(Ordering::Acquire)
    }

    pub(crate) async fn listing(&self, kind: Kind) -> tokio::sync::MutexGuard<'_, ()> {
        self.kind(kind).listing.lock().await
    }

    pub(crate) fn entries(&self, kind: Kind) -> Vec<Arc<Entry>> {
        self.kind(kind).entries()
    }

    fn kind(&self, kind: Kind) -> &KindShelf {
        &self.kinds[kind as usize]
    }
}

impl KindShelf {
    fn new() -> Self {
        Self {
            stale: AtomicBool::new(true),
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
