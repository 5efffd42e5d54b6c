use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// How many connections, sessions and streams there are at this moment, and how many were turned away.
#[derive(Debug, Default)]
pub struct Gauges {
    connections: AtomicI64,
    sessions: AtomicI64,
    streams: AtomicI64,
    refused: AtomicU64,
}

impl Gauges {
    /// Open connections.
    pub fn connections(&self) -> i64 {
        self.connections.load(Relaxed)
    }

    /// Sessions of legacy clients.
    pub fn sessions(&self) -> i64 {
        self.sessions.load(Relaxed)
    }

    /// Event streams, replies that became one included.
    pub fn streams(&self) -> i64 {
        self.streams.load(Relaxed)
    }

    /// Connections that were closed at once, because there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

/// Counts one thing for as long as it lives.
pub(crate) struct Counted {
    gauges: Arc<Gauges>,
    which: fn(&Gauges) -> &AtomicI64,
}

impl Counted {
    pub(crate) fn connection(gauges: &Arc<Gauges>) -> Self {
        Self::new(gauges, |g| &g.connections)
    }

    pub(crate) fn session(gauges: &Arc<Gauges>) -> Self {
        Self::new(gauges, |g| &g.sessions)
    }

    pub(crate) fn stream(gauges: &Arc<Gauges>) -> Self {
        Self::new(gauges, |g| &g.streams)
    }

    fn new(gauges: &Arc<Gauges>, which: fn(&Gauges) -> &AtomicI64) -> Self {
        which(gauges).fetch_add(1, Relaxed);
        Self { gauges: gauges.clone(), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.gauges).fetch_sub(1, Relaxed);
    }
}
