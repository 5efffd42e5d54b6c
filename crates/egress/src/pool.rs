use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};

use crate::link::Link;
use crate::trunk::{Lane, Trunk};
use crate::trunks::Trunks;

/// Connections waiting for their next use; the one used last is taken first, so that the rest can grow old.
pub(crate) struct Pool {
    idle: Mutex<Vec<Idle>>,
    trunks: Trunks,
    max: usize,
    keep: Duration,
    clock: Clock,
    sweeping: AtomicBool,
    dialled: AtomicU64,
}

struct Idle {
    since: Instant,
    link: Box<Link>,
}

impl Pool {
    pub(crate) fn new(max: usize, keep: Duration, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            idle: Mutex::new(Vec::new()),
            trunks: Trunks::default(),
            max,
            keep,
            clock,
            sweeping: AtomicBool::new(false),
            dialled: AtomicU64::new(0),
        })
    }

    /// A connection that was open when last looked at, which was now.
    pub(crate) fn take(&self) -> Option<Box<Link>> {
        loop {
            let Idle { since, mut link } = self.lock().pop()?;
            if self.clock.instant().since(since) < self.keep && link.is_idle() {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for its next use, or closes it when it is unfit or the pool is full.
    pub(crate) fn put(self: &Arc<Self>, mut link: Box<Link>) {
        if self.max == 0 || !link.is_idle() {
            return;
        }
        link.slim();
        let since = self.clock.instant();
        let mut idle = self.lock();
        if idle.len() < self.max {
            idle.push(Idle { since, link });
            drop(idle);
            self.sweep();
        }
    }

    /// A place on a connection that is shared.
    pub(crate) fn lane(&self) -> Option<Lane> {
        self.trunks.lane()
    }

    /// Shares a connection with those who come later, if connections are kept at all.
    pub(crate) fn share(self: &Arc<Self>, trunk: Arc<Trunk>) {
        if self.max > 0 {
            self.trunks.keep(trunk);
            self.sweep();
        }
    }

    /// What is known of the peer's connections.
    pub(crate) fn trunks(&self) -> &Trunks {
        &self.trunks
    }

    /// The clock that connections grow old by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Connections at rest.
    pub(crate) fn len(&self) -> usize {
        self.lock().len() + self.trunks.unused()
    }

    pub(crate) fn count_dial(&self) {
        self.dialled.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections opened so far.
    pub(crate) fn dialled(&self) -> u64 {
        self.dialled.load(Ordering::Relaxed)
    }

    /// Starts the one task that closes what has been idle too long; it ends when nothing is left, or with the pool.
    fn sweep(self: &Arc<Self>) {
        if self.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.sweeping.store(false, Ordering::Release);
            return;
        };
        let pool = Arc::downgrade(self);
        let pause = (self.keep / 2).max(Duration::from_millis(50));
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.drop_stale() {
                    return;
                }
            }
        });
    }

    /// Closes what is old or was closed by the peer. `true` if nothing is left and the sweeper may end.
    fn drop_stale(&self) -> bool {
        let now = self.clock.instant();
        let mut idle = self.lock();
        idle.retain_mut(|i| now.since(i.since) < self.keep && i.link.is_idle());
        let done = self.trunks.drop_stale(now, self.keep) && idle.is_empty();
        if done {
            // Under the lock, so that a connection put back right after it starts a new sweeper.
            self.sweeping.store(false, Ordering::Release);
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
