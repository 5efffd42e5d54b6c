//! What happens outside any call, on its way to the clients that asked to hear of it.
//!
//! A source may report as fast as it likes: a watcher holds one flag per list and a bounded set of URIs, so a flood
//! costs a few bit operations and reaches the client as single notices with a pause between them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use model::{SourceName, TenantId};
use tokio::sync::Notify;

use crate::catalogue::Catalogue;
use crate::notes::Notes;
use crate::port::{Events, Filter, Kind, SourceEvent};
use crate::said::Ear;
use crate::{Client, Lease};

/// Shortest time between two notices of the same watcher.
const PAUSE: Duration = Duration::from_millis(50);
/// Most URIs that one watcher may hold or have pending.
pub(crate) const MAX_URIS: usize = 1024;
/// Most task states that wait for a slow client; the oldest give way.
const MAX_TASKS: usize = 256;

/// Something a client asked to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A list may have changed.
    ListChanged(Kind),
    /// A watched resource changed: its exposed URI.
    Updated(String),
    /// A task's state: raw params.
    Task(Bytes),
}

/// Where sources report to; knows who listens.
#[derive(Default)]
pub(crate) struct Hub {
    watchers: Mutex<HashMap<Lease, Vec<Weak<Watcher>>>>,
    catalogue: Mutex<Weak<Catalogue>>,
    /// Nothing before there is a gate with a log, nor after it.
    notes: Mutex<Weak<Notes>>,
}

struct Watcher {
    tenant: TenantId,
    only: Option<SourceName>,
    pending: Mutex<Pending>,
    wake: Notify,
}

#[derive(Default)]
struct Pending {
    /// By kind: what the client wants to hear of, and what it has yet to be told.
    wanted: [bool; 4],
    lists: [bool; 4],
    /// Upstream URI and source, to the URI the client knows.
    names: HashMap<(SourceName, String), String>,
    updated: BTreeSet<String>,
    tasks: VecDeque<Bytes>,
}

/// One client's watching; dropping it ends it.
pub struct Watch {
    watcher: Arc<Watcher>,
}

impl Hub {
    pub(crate) fn knows(&self, catalogue: &Arc<Catalogue>, notes: &Arc<Notes>) {
        *lock(&self.catalogue) = Arc::downgrade(catalogue);
        *lock(&self.notes) = Arc::downgrade(notes);
    }

    /// Begins to watch; `names` maps what sources call a resource to what the client calls it.
    pub(crate) fn watch(
        &self,
        client: &Client,
        filter: &Filter,
        names: HashMap<(SourceName, String), String>,
    ) -> Watch {
        let wanted = Kind::ALL.map(|kind| match kind {
            Kind::Tools => filter.tools,
            Kind::Prompts => filter.prompts,
            Kind::Resources | Kind::Templates => filter.resources,
        });
        let pending = Pending { wanted, names, ..Pending::default() };
        let watcher = Arc::new(Watcher {
            tenant: client.principal.tenant.clone(),
            only: client.only.clone(),
            pending: Mutex::new(pending),
            wake: Notify::new(),
        });
        let mut all = lock(&self.watchers);
        all.retain(|_, list| {
            list.retain(|w| w.strong_count() > 0);
            !list.is_empty()
        });
        all.entry(client.lease).or_default().push(Arc::downgrade(&watcher));
        Watch { watcher }
    }

    /// Every list of every client may look different now: policy or effects changed.
    pub(crate) fn everything_changed(&self) {
        for watcher in self.all() {
            for kind in Kind::ALL {
                watcher.list_changed(kind);
            }
        }
    }

    pub(crate) fn watching(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> Vec<Arc<Watcher>> {
        lock(&self.watchers).values().flatten().filter_map(Weak::upgrade).collect()
    }

    fn of(&self, lease: Lease) -> Vec<Arc<Watcher>> {
        let all = lock(&self.watchers);
        all.get(&lease).into_iter().flatten().filter_map(Weak::upgrade).collect()
    }
}

impl Events for Hub {
    fn list_changed(&self, source: &SourceName, kind: Kind) {
        let Some(catalogue) = lock(&self.catalogue).upgrade() else { return };
        let Some(shelf) = catalogue.shelf(source) else { return };
        if !catalogue.mark_stale(source, kind) {
            return;
        }
        for watcher in self.all() {
            let sees = watcher.only.as_ref().is_none_or(|only| only == source);
            if sees && shelf.settings.audience.has(&watcher.tenant) {
                watcher.list_changed(kind);
            }
        }
    }

    fn updated(&self, source: &SourceName, lease: Lease, uri: &str) {
        for watcher in self.of(lease) {
            let mut pending = lock(&watcher.pending);
            let name = pending.names.get(&(source.clone(), uri.to_owned())).cloned();
            if let Some(name) = name {
                pending.updated.insert(name);
                watcher.wake.notify_one();
            }
        }
    }

    fn task(&self, source: &SourceName, lease: Lease, params: Bytes) {
        let catalogue = lock(&self.catalogue).upgrade();
        let Some(params) = catalogue.and_then(|c| Ear::new(&c, source).params(params).said) else {
            return;
        };
        for watcher in self.of(lease) {
            let mut pending = lock(&watcher.pending);
            if pending.tasks.len() == MAX_TASKS {
                pending.tasks.pop_front();
            }
            pending.tasks.push_back(params.clone());
            watcher.wake.notify_one();
        }
    }

    fn note(&self, source: &SourceName, event: SourceEvent) {
        let notes = lock(&self.notes).upgrade();
        if let Some(notes) = notes {
            notes.write(source, event);
        }
    }
}

impl Watcher {
    fn list_changed(&self, kind: Kind) {
        let mut pending = lock(&self.pending);
        if pending.wanted[kind as usize] {
            // MCP has one notification for resources and their templates.
            let kind = if kind == Kind::Templates { Kind::Resources } else { kind };
            pending.lists[kind as usize] = true;
            self.wake.notify_one();
        }
    }

    fn has_any(&self) -> bool {
        let pending = lock(&self.pending);
        pending.lists.contains(&true) || !pending.updated.is_empty() || !pending.tasks.is_empty()
    }

    fn take(&self) -> Option<Happening> {
        let mut pending = lock(&self.pending);
        if let Some(at) = pending.lists.iter().position(|set| *set) {
            pending.lists[at] = false;
            return Some(Happening::ListChanged(Kind::ALL[at]));
        }
        if let Some(uri) = pending.updated.pop_first() {
            return Some(Happening::Updated(uri));
        }
        pending.tasks.pop_front().map(Happening::Task)
    }
}

impl Watch {
    /// The next thing that happened; waits for it. At most one every 50 ms. Nothing is lost if the wait is given up:
    /// a happening is taken only when it is returned.
    pub async fn next(&mut self) -> Happening {
        loop {
            if self.watcher.has_any() {
                tokio::time::sleep(PAUSE).await;
                if let Some(happening) = self.watcher.take() {
                    return happening;
                }
            }
            self.watcher.wake.notified().await;
        }
    }

    /// Adds resources to what is watched (a legacy client subscribes one by one).
    pub(crate) fn add(&self, names: HashMap<(SourceName, String), String>) -> bool {
        let mut pending = lock(&self.watcher.pending);
        if pending.names.len() + names.len() > MAX_URIS {
            return false;
        }
        pending.names.extend(names);
        true
    }

    /// Takes a resource out again; the sources and URIs it stood for.
    pub(crate) fn remove(&self, uri: &str) -> Vec<(SourceName, String)> {
        let mut pending = lock(&self.watcher.pending);
        let gone: Vec<_> =
            pending.names.iter().filter(|(_, name)| *name == uri).map(|(k, _)| k.clone()).collect();
        for key in &gone {
            pending.names.remove(key);
        }
        gone
    }

    /// All resources that are watched, by source.
    pub(crate) fn watched(&self) -> HashMap<SourceName, Vec<String>> {
        let mut by_source: HashMap<SourceName, Vec<String>> = HashMap::new();
        for (source, uri) in lock(&self.watcher.pending).names.keys() {
            by_source.entry(source.clone()).or_default().push(uri.clone());
        }
        by_source
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use model::{Credential, Principal, PrincipalId, Role, Scopes, TenantId};
    use protocol::mcp::{ClientCapabilities, Version};

    use super::*;

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let (hub, filter) = (Hub::default(), Filter::default());
        let begin = |lease| hub.watch(&client(lease), &filter, HashMap::new());
        let (one, two) = (begin(1), begin(1));
        for lease in 2..10 {
            begin(lease);
        }
        drop(one);
        let _three = begin(3);
        let kept: Vec<usize> = lock(&hub.watchers).values().map(Vec::len).collect();
        assert_eq!(kept, [1, 1]);
        drop(two);
    }

    fn client(lease: u128) -> Client {
        let principal = Arc::new(Principal {
            id: PrincipalId::new("alice"),
            tenant: TenantId::new("acme"),
            role: Role::Agent,
            scopes: Scopes::new([]),
            credential: Credential::ApiKey(Arc::from("k1")),
        });
        let (capabilities, session) = (ClientCapabilities::none(), String::new());
        let (version, lease) = (Version::MODERN, Lease(lease));
        Client::new(lease, principal, version, capabilities, None, None, "http", session, None)
    }
}
