use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;
use inspect::Finding;
use model::TenantId;

use super::views::Recent;
use super::{Entry, Listed, judge};
use crate::port::{Kind, Source};
use crate::{Client, SourceSettings};

/// One source, and what it offers as far as it is known.
///
/// What is known is kept apart for each tenant: a server may show one what it does not show another. Only the work of
/// judging is shared, and only where a listing has the very same bytes.
pub(crate) struct Shelf {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) settings: SourceSettings,
    kinds: [KindShelf; 4],
}

struct KindShelf {
    /// Counts the times that the source said its list has changed; begins at one.
    changes: AtomicU64,
    /// Those who watch have been told so since the list was last fetched: one notice is enough.
    told: AtomicBool,
    judged: Recent<Vec<Arc<Entry>>>,
    parts: Mutex<HashMap<TenantId, Arc<Part>>>,
}

/// What one tenant was shown of one list.
#[derive(Default)]
pub(super) struct Part {
    /// As many of the list's changes as the newest listing has in it. Behind them, the list is stale.
    seen: AtomicU64,
    /// One listing at a time: a flood of changes leads to one look at a time.
    listing: Arc<tokio::sync::Mutex<()>>,
    pub(super) listed: Recent<Listed>,
    known: Mutex<HashMap<String, Arc<Entry>>>,
}

impl Shelf {
    pub(super) fn new(source: Arc<dyn Source>, settings: SourceSettings) -> Self {
        Self { source, settings, kinds: std::array::from_fn(|_| KindShelf::new()) }
    }

    /// Whether it is there for a client: on its path, and for its tenant.
    pub(crate) fn is_for(&self, client: &Client) -> bool {
        client.sees(self.source.name()) && self.settings.audience.has(&client.principal.tenant)
    }

    pub(crate) fn is_stale(&self, kind: Kind, tenant: &TenantId) -> bool {
        let seen = self.part(kind, tenant).seen.load(Ordering::Acquire);
        seen < self.kind(kind).changes.load(Ordering::Acquire)
    }

    /// How often this list has changed so far, as far as is known.
    pub(crate) fn changes(&self, kind: Kind) -> u64 {
        self.kind(kind).changes.load(Ordering::Acquire)
    }

    /// Notes that a list may have changed. False if that was known already.
    pub(super) fn mark_stale(&self, kind: Kind) -> bool {
        if kind == Kind::Resources {
            self.kind(Kind::Templates).changes.fetch_add(1, Ordering::AcqRel);
        }
        let on = self.kind(kind);
        on.changes.fetch_add(1, Ordering::AcqRel);
        !on.told.swap(true, Ordering::AcqRel)
    }

    /// Everything is judged anew.
    pub(super) fn forget(&self) {
        for kind in &self.kinds {
            kind.judged.clear();
            kind.parts().values().for_each(|part| part.listed.clear());
            kind.changes.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Notes that a tenant's list was fetched when so many changes were known.
    pub(super) fn fetched(&self, kind: Kind, tenant: &TenantId, as_of: u64) {
        self.part(kind, tenant).seen.fetch_max(as_of, Ordering::AcqRel);
        self.kind(kind).told.store(false, Ordering::Release);
    }

    /// What was made of listings of the same bytes, for whichever tenant.
    pub(super) fn judged(&self, kind: Kind) -> &Recent<Vec<Arc<Entry>>> {
        &self.kind(kind).judged
    }

    /// Structure always counts; what only words give away, an operator may have switched off.
    pub(crate) fn counts(&self, finding: &Finding) -> bool {
        self.settings.detectors || !judge::is_heuristic(finding)
    }

    pub(crate) async fn listing(
        &self,
        kind: Kind,
        tenant: &TenantId,
    ) -> tokio::sync::OwnedMutexGuard<()> {
        self.part(kind, tenant).listing.clone().lock_owned().await
    }

    /// What a tenant was shown.
    pub(crate) fn entries(&self, kind: Kind, tenant: &TenantId) -> Vec<Arc<Entry>> {
        self.part(kind, tenant).known().values().cloned().collect()
    }

    pub(crate) fn count(&self, kind: Kind, tenant: &TenantId) -> usize {
        self.part(kind, tenant).known().len()
    }

    /// Whether a tenant was shown such an entry.
    pub(crate) fn has(
        &self,
        kind: Kind,
        tenant: &TenantId,
        wanted: impl Fn(&Entry) -> bool,
    ) -> bool {
        self.part(kind, tenant).known().values().any(|entry| wanted(entry))
    }

    /// Exposed names of everything that any tenant was shown.
    pub(super) fn exposed(&self, kind: Kind) -> BTreeSet<String> {
        let parts: Vec<_> = self.kind(kind).parts().values().cloned().collect();
        let names = |part: &Arc<Part>| -> Vec<String> {
            part.known().values().map(|entry| entry.exposed.clone()).collect()
        };
        parts.iter().flat_map(names).collect()
    }

    pub(super) fn part(&self, kind: Kind, tenant: &TenantId) -> Arc<Part> {
        let mut parts = self.kind(kind).parts();
        match parts.get(tenant) {
            Some(part) => part.clone(),
            None => parts.entry(tenant.clone()).or_default().clone(),
        }
    }

    fn kind(&self, kind: Kind) -> &KindShelf {
        &self.kinds[kind as usize]
    }
}

impl KindShelf {
    fn new() -> Self {
        Self {
            changes: AtomicU64::new(1),
            told: AtomicBool::new(false),
            judged: Recent::default(),
            parts: Mutex::default(),
        }
    }

    fn parts(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Part>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Takes entries in. Whether anything is new or otherwise than before.
    pub(super) fn learn(&self, entries: &[Arc<Entry>]) -> bool {
        let mut known = self.known();
        let mut changed = false;
        for entry in entries {
            let old = known.insert(entry.upstream.clone(), entry.clone());
            changed |= old.is_none_or(|old| old.digest != entry.digest || old.state != entry.state);
        }
        changed
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Entry>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
