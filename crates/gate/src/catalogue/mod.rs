//! What is behind the gate: every definition found, named, scanned and held against its pin.

mod entry;
mod index;
mod judge;
mod pins;
mod shelf;
mod views;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use foldhash::HashMap;
use inspect::Neighbours;
use model::{SourceName, TenantId};

pub(crate) use entry::{Entry, State};
pub(crate) use index::{Collision, Index};
pub(crate) use pins::PinBook;
use shelf::Part;
pub(crate) use shelf::Shelf;
pub(crate) use views::{Fragment, Listed, ViewKey};

use crate::port::{Kind, Listing, Source};
use crate::{Client, SourceSettings};

/// All sources and what is known of their definitions.
pub(crate) struct Catalogue {
    shelves: Vec<Shelf>,
    /// A tenant's names are looked up among what it was shown, and nowhere else.
    indexes: ArcSwap<HashMap<TenantId, Arc<Index>>>,
    nothing: Arc<Index>,
    book: PinBook,
    rebuild: Mutex<()>,
    /// By source, all the others: made when first asked for, until a listing changes.
    neighbours: Mutex<HashMap<SourceName, Arc<Neighbours>>>,
}

impl Catalogue {
    pub(crate) fn new(sources: Vec<(Arc<dyn Source>, SourceSettings)>, book: PinBook) -> Arc<Self> {
        let shelves = sources.into_iter().map(|(source, settings)| Shelf::new(source, settings));
        Arc::new(Self {
            shelves: shelves.collect(),
            indexes: ArcSwap::default(),
            nothing: Arc::default(),
            book,
            rebuild: Mutex::new(()),
            neighbours: Mutex::default(),
        })
    }

    /// Every source, whomever it is there for: for the operator's eyes, and for what belongs to no tenant.
    pub(crate) fn shelves(&self) -> &[Shelf] {
        &self.shelves
    }

    /// The sources that are there for a client: those of its path, for its tenant.
    pub(crate) fn in_view<'a>(&'a self, client: &'a Client) -> impl Iterator<Item = &'a Shelf> {
        self.shelves.iter().filter(|shelf| shelf.is_for(client))
    }

    pub(crate) fn shelf(&self, name: &SourceName) -> Option<&Shelf> {
        self.shelves.iter().find(|s| s.source.name() == name)
    }

    /// What the names that a tenant's agents use mean.
    pub(crate) fn index(&self, tenant: &TenantId) -> Arc<Index> {
        self.indexes.load().get(tenant).unwrap_or(&self.nothing).clone()
    }

    /// Two definitions that would have one name, for whichever tenant.
    pub(crate) fn collisions(&self) -> Vec<Collision> {
        let mut all: Vec<Collision> = Vec::new();
        for collision in self.indexes.load().values().flat_map(|index| index.collisions()) {
            if !all.contains(collision) {
                all.push(collision.clone());
            }
        }
        all
    }

    pub(crate) const fn book(&self) -> &PinBook {
        &self.book
    }

    /// Notes that a list may have changed. False if that was known already: one notice is enough.
    pub(crate) fn mark_stale(&self, source: &SourceName, kind: Kind) -> bool {
        let Some(shelf) = self.shelf(source) else { return false };
        shelf.mark_stale(kind)
    }

    /// Everything is looked at anew: pins, effects or rules changed.
    pub(crate) fn forget(&self) {
        // What is being judged this moment was judged by what is to be forgotten.
        let _one_at_a_time = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        self.shelves.iter().for_each(Shelf::forget);
    }

    /// Takes a listing in that a tenant was shown: judged definition by definition, unless these very bytes were judged
    /// before. `as_of` is what [`Shelf::changes`] said before the source was asked: a change after that may not be in
    /// it.
    pub(crate) fn take_in(
        &self,
        shelf: &Shelf,
        kind: Kind,
        tenant: &TenantId,
        listing: &Listing,
        as_of: u64,
    ) -> Arc<Listed> {
        let part = shelf.part(kind, tenant);
        let known = part.listed.find(listing);
        let listed = known.unwrap_or_else(|| self.judge(shelf, kind, tenant, listing, &part));
        // Only now: whoever finds the list fresh looks its names up without asking again.
        shelf.fetched(kind, tenant, as_of);
        listed
    }

    /// Judges a listing of bytes that this tenant was not shown before.
    fn judge(
        &self,
        shelf: &Shelf,
        kind: Kind,
        tenant: &TenantId,
        listing: &Listing,
        part: &Part,
    ) -> Arc<Listed> {
        let _one_at_a_time = self.rebuild.lock().unwrap_or_else(PoisonError::into_inner);
        let judged = shelf.judged(kind);
        let entries = judged
            .find(listing)
            .unwrap_or_else(|| Arc::new(judge::judge(self, shelf, kind, listing)));
        let changed = part.learn(&entries);
        let index = Index::build(&self.shelves, tenant);
        let listed = Arc::new(Listed::new(entries.to_vec(), &index));
        self.put(tenant, index);
        self.lock_neighbours().clear();
        if changed {
            // What was rendered of other views may name what is now quarantined.
            part.listed.clear();
            judged.clear();
        }
        judged.keep(listing, entries);
        part.listed.keep(listing, listed.clone());
        listed
    }

    /// Puts a tenant's index in the place of its last one. Called by one at a time.
    fn put(&self, tenant: &TenantId, index: Index) {
        let mut all = HashMap::clone(&self.indexes.load());
        all.insert(tenant.clone(), Arc::new(index));
        self.indexes.store(Arc::new(all));
    }

    /// What every source but this one is called and offers, for the detectors: of the sources that somebody sees beside
    /// it, so that nobody learns from a finding what others have.
    pub(crate) fn neighbours(&self, of: &SourceName) -> Arc<Neighbours> {
        let mut known = self.lock_neighbours();
        known.entry(of.clone()).or_insert_with(|| Arc::new(self.beside(of))).clone()
    }

    fn lock_neighbours(&self) -> std::sync::MutexGuard<'_, HashMap<SourceName, Arc<Neighbours>>> {
        self.neighbours.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beside(&self, of: &SourceName) -> Neighbours {
        let mut all = Neighbours::default();
        let Some(own) = self.shelf(of) else { return all };
        let beside =
            |s: &&Shelf| s.source.name() != of && s.settings.audience.meets(&own.settings.audience);
        for shelf in self.shelves.iter().filter(beside) {
            all = all.source(shelf.source.name().as_str());
            for exposed in shelf.exposed(Kind::Tools) {
                all = all.tool(&exposed);
            }
        }
        all
    }
}
