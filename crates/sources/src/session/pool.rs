use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use gate::Lease;
use model::TenantId;
use protocol::mcp::Era;

use super::Session;
use crate::fault::Fault;

/// What a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// One lease and nobody else.
    Lease(Lease),
    /// Everybody of one tenant whose client speaks this era; only where the operator says that the server keeps nothing.
    Shared(TenantId, Era),
}

/// The sessions of one source.
pub(crate) struct Pool {
    entries: Mutex<HashMap<Key, Entry>>,
    max: usize,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Entry {
    ready: Option<Arc<Session>>,
    /// Held while a session is being opened, so that two calls do not open two.
    opening: Arc<tokio::sync::Mutex<()>>,
}

impl Pool {
    pub(crate) fn new(max: usize) -> Self {
        Self { entries: Mutex::default(), max, stopped: AtomicBool::new(false) }
    }

    /// The open session of this key, if there is one.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Session>> {
        let entries = self.lock();
        entries.get(key)?.ready.as_ref().filter(|s| s.is_open()).cloned()
    }

    /// Whether a session of this key was opened before and is over.
    pub(crate) fn had(&self, key: &Key) -> bool {
        self.lock().get(key).is_some_and(|entry| entry.ready.as_ref().is_none_or(|s| !s.is_open()))
    }

    /// The open session of this key, or the one that `open` makes. Others who want the same one wait.
    pub(crate) async fn get_or_open(
        &self,
        key: &Key,
        open: impl Future<Output = Result<Arc<Session>, Fault>>,
    ) -> Result<Arc<Session>, Fault> {
        if let Some(session) = self.get(key) {
            return Ok(session);
        }
        let opening = self.lock().entry(key.clone()).or_default().opening.clone();
        let _held = opening.lock().await;
        if let Some(session) = self.get(key) {
            return Ok(session);
        }
        self.make_room(key)?;
        let session = open.await?;
        if self.stopped.load(Ordering::Acquire) {
            session.close().await;
            return Err(Fault::down("the source is being stopped"));
        }
        let old = self.lock().entry(key.clone()).or_default().ready.replace(session.clone());
        close_apart(old);
        Ok(session)
    }

    /// Gives up this very session, unless it has been replaced already.
    pub(crate) fn forget(&self, key: &Key, session: &Arc<Session>) {
        session.set_gone();
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(key) else { return };
        if entry.ready.as_ref().is_some_and(|s| Arc::ptr_eq(s, session)) {
            close_apart(entry.ready.take());
        }
    }

    /// Ends the session of this key.
    pub(crate) fn end(&self, key: &Key) {
        let entry = self.lock().remove(key);
        close_apart(entry.and_then(|entry| entry.ready));
    }

    /// Ends all sessions that nobody has used for so long and on which nothing is watched, and those that are over.
    pub(crate) fn reap(&self, idle: Duration) {
        let mut entries = self.lock();
        let stale = |s: &Arc<Session>| {
            let unused = s.idle_for().is_some_and(|for_so_long| for_so_long >= idle);
            !s.is_open() || (unused && !s.watches())
        };
        for entry in entries.values_mut() {
            if entry.ready.as_ref().is_some_and(stale) {
                close_apart(entry.ready.take());
            }
        }
        entries.retain(|_, e| e.ready.is_some() || Arc::strong_count(&e.opening) > 1);
    }

    /// Every open session.
    pub(crate) fn open_ones(&self) -> Vec<Arc<Session>> {
        self.lock().values().filter_map(|e| e.ready.clone()).filter(|s| s.is_open()).collect()
    }

    /// How many sessions are open, and how many of them have a child of their own.
    pub(crate) fn count(&self) -> (usize, usize) {
        let open = self.open_ones();
        let pipes = open.iter().filter(|s| matches!(s.wire, crate::wire::Wire::Pipe(_))).count();
        (open.len(), pipes)
    }

    /// Ends every session; none is opened afterwards.
    pub(crate) async fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let all: Vec<_> = self.lock().drain().filter_map(|(_, e)| e.ready).collect();
        futures_util::future::join_all(all.iter().map(|s| s.close())).await;
    }

    /// Ends the session that has been idle longest if there are too many.
    fn make_room(&self, key: &Key) -> Result<(), Fault> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(Fault::down("the source is being stopped"));
        }
        let mut entries = self.lock();
        let others = entries.iter().filter(|(k, e)| *k != key && e.ready.is_some());
        if others.clone().count() < self.max {
            return Ok(());
        }
        let oldest = others
            .filter_map(|(k, e)| Some((e.ready.as_ref()?.idle_for()?, k.clone())))
            .max_by_key(|(idle, _)| *idle);
        let Some((_, oldest)) = oldest else {
            return Err(Fault::down(format!("all of its {} sessions are in use", self.max)));
        };
        close_apart(entries.remove(&oldest).and_then(|e| e.ready));
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a session without waiting for it.
fn close_apart(session: Option<Arc<Session>>) {
    let Some(session) = session else { return };
    session.set_gone();
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move { session.close().await });
    }
}
