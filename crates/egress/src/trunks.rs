use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ambient::Instant;

use crate::trunk::{Lane, Trunk};

/// Before the first handshake it is neither.
const ALONE: u8 = 1;
const SHARED: u8 = 2;

/// The HTTP/2 connections of one pool, and what is known about whether its peer speaks that at all.
#[derive(Default)]
pub(crate) struct Trunks {
    open: Mutex<Vec<Arc<Trunk>>>,
    known: AtomicU8,
    turn: tokio::sync::Mutex<()>,
}

impl Trunks {
    /// A place on a connection that is open.
    pub(crate) fn lane(&self) -> Option<Lane> {
        let mut open = self.lock();
        open.retain(|trunk| !trunk.is_over());
        open.iter().find_map(Trunk::lane)
    }

    /// Waits for one's turn to dial, unless the peer is known to want a connection for each exchange.
    pub(crate) async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if self.known.load(Ordering::Acquire) == ALONE {
            return None;
        }
        let turn = self.turn.lock().await;
        (self.known.load(Ordering::Acquire) != ALONE).then_some(turn)
    }

    /// What the last handshake agreed on.
    pub(crate) fn agreed(&self, shared: bool) {
        self.known.store(if shared { SHARED } else { ALONE }, Ordering::Release);
    }

    pub(crate) fn keep(&self, trunk: Arc<Trunk>) {
        self.lock().push(trunk);
    }

    /// Connections on which there is no exchange.
    pub(crate) fn unused(&self) -> usize {
        self.lock().iter().filter(|trunk| trunk.is_unused() && !trunk.is_over()).count()
    }

    /// Lets go of those that are over or have not been used for so long; `true` if none is left.
    pub(crate) fn drop_stale(&self, now: Instant, keep: Duration) -> bool {
        let mut open = self.lock();
        open.retain(|trunk| !trunk.is_over() && !trunk.is_stale(now, keep));
        open.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Trunk>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
