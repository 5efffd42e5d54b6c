use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ambient::Clock;
use gate::Lease;
use gate::port::{Events, Filter, Kind};
use model::SourceName;
use protocol::json::Object;
use protocol::mcp::Method;
use tokio::sync::Semaphore;

use crate::call::Till;
use crate::config::{Bounds, Times};
use crate::pages::Pages;

/// Cancellations on their way to a server at the same time; beyond this a call is just dropped.
const CANCELLATIONS: usize = 64;

/// What all parts of one source share: its name and bounds, who watches what, and where news goes.
pub(crate) struct Hub {
    pub(crate) name: SourceName,
    pub(crate) times: Times,
    pub(crate) bounds: Bounds,
    pub(crate) roots: bool,
    pub(crate) clock: Clock,
    /// What pays for calls, if anything at this server may be paid.
    pub(crate) till: Option<Till>,
    pub(crate) cancelling: Arc<Semaphore>,
    events: Arc<dyn Events>,
    watched: Mutex<HashMap<Lease, Filter>>,
    /// Messages that the server must not send in its era.
    breaches: AtomicU64,
    /// Answers that nobody waited for: to an id that was never asked, or was answered before.
    pub(crate) strays: Arc<AtomicU64>,
    /// The pages of its lists as they were last.
    pub(crate) pages: Pages,
    last_trouble: Mutex<Option<String>>,
}

impl Hub {
    pub(crate) fn new(
        name: SourceName,
        times: Times,
        bounds: Bounds,
        roots: bool,
        clock: Clock,
        events: Arc<dyn Events>,
        till: Option<Till>,
    ) -> Self {
        Self {
            name,
            times,
            bounds,
            roots,
            clock,
            till,
            cancelling: Arc::new(Semaphore::new(CANCELLATIONS)),
            events,
            watched: Mutex::default(),
            breaches: AtomicU64::new(0),
            strays: Arc::default(),
            pages: Pages::default(),
            last_trouble: Mutex::default(),
        }
    }

    /// Takes note of what the server tells outside any call. `lease` is whose session it came on, if it is one's.
    /// Comes back with false for what is none of this.
    pub(crate) fn heard(&self, method: &Method, params: &Object, lease: Option<Lease>) -> bool {
        let changed = |kind| self.events.list_changed(&self.name, kind);
        match method {
            Method::ToolsChanged => changed(Kind::Tools),
            Method::PromptsChanged => changed(Kind::Prompts),
            Method::ResourcesChanged => {
                changed(Kind::Resources);
                changed(Kind::Templates);
            }
            Method::ResourceUpdated => {
                if let Some(uri) = params.str("uri") {
                    self.updated(&uri, lease);
                }
            }
            Method::TasksNotice => self.task(params, lease),
            _ => return false,
        }
        true
    }

    /// Reports an update to those who watch exactly this resource; to nobody else.
    fn updated(&self, uri: &str, lease: Option<Lease>) {
        let watchers: Vec<Lease> = {
            let watched = self.lock();
            let mine = |l: &Lease| lease.is_none_or(|only| only == *l);
            let wants = |f: &Filter| f.uris.iter().any(|u| u == uri);
            watched.iter().filter(|(l, f)| mine(l) && wants(f)).map(|(l, _)| *l).collect()
        };
        for lease in watchers {
            self.events.updated(&self.name, lease, uri);
        }
    }

    fn task(&self, params: &Object, lease: Option<Lease>) {
        let (Some(lease), Some(id)) = (lease, params.str("taskId")) else { return };
        let wants = self.lock().get(&lease).is_some_and(|f| f.tasks.iter().any(|t| *t == *id));
        if wants {
            self.events.task(&self.name, lease, params.text().clone());
        }
    }

    /// After a session was lost, everything watched may have changed unseen: saying so once too often is safe.
    pub(crate) fn presume_changed(&self, lease: Lease) {
        let Some(filter) = self.watched(lease) else { return };
        let kinds = [
            (filter.tools, Kind::Tools),
            (filter.prompts, Kind::Prompts),
            (filter.resources, Kind::Resources),
            (filter.resources, Kind::Templates),
        ];
        for (_, kind) in kinds.into_iter().filter(|(wanted, _)| *wanted) {
            self.events.list_changed(&self.name, kind);
        }
        for uri in &filter.uris {
            self.events.updated(&self.name, lease, uri);
        }
    }

    /// A session was lost, and what is opened in its stead may offer something else: calls by known names must not go
    /// on until somebody has looked.
    pub(crate) fn lists_may_differ(&self) {
        for kind in Kind::ALL {
            self.events.list_changed(&self.name, kind);
        }
    }

    /// What this lease watches.
    pub(crate) fn watched(&self, lease: Lease) -> Option<Filter> {
        self.lock().get(&lease).cloned()
    }

    /// Notes what this lease watches from now on.
    pub(crate) fn watch(&self, lease: Lease, filter: Filter) {
        self.lock().insert(lease, filter);
    }

    /// Whether another lease than this one watches the resource.
    pub(crate) fn watched_by_others(&self, lease: Lease, uri: &str) -> bool {
        self.lock().iter().any(|(l, f)| *l != lease && f.uris.iter().any(|u| u == uri))
    }

    /// Forgets what this lease watches.
    pub(crate) fn forget(&self, lease: Lease) -> Option<Filter> {
        self.lock().remove(&lease)
    }

    /// Notes that the server sent what its era forbids.
    pub(crate) fn breach(&self, what: &str) {
        let count = self.breaches.fetch_add(1, Ordering::Relaxed) + 1;
        // A flood of them is logged at ever greater distances.
        if count.is_power_of_two() {
            tracing::warn!(source = %self.name, count, "the server breaks the protocol: {what}");
        }
        self.trouble(format!("breaks the protocol: {what}"));
    }

    /// Notes the last thing that went wrong, for the operator.
    pub(crate) fn trouble(&self, what: String) {
        *self.last_trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    pub(crate) fn last_trouble(&self) -> Option<String> {
        self.last_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Lease, Filter>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
