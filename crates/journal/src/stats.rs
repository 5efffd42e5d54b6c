use std::sync::atomic::{AtomicU64, Ordering};

/// How the log is doing, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Records taken since the log was opened.
    pub records: u64,
    /// Number of the last durable record.
    pub durable: u64,
    /// Number of the last record under a signed checkpoint.
    pub signed: u64,
    /// Writes to disk since the log was opened, each with one sync.
    pub batches: u64,
    /// Bytes of records written since the log was opened.
    pub bytes: u64,
    /// Records waiting to be written.
    pub queued: usize,
    /// Slots reserved and not yet used.
    pub reserved: usize,
    /// Checkpoints the sink does not have yet.
    pub sink_backlog: u64,
    /// Checkpoints that could not be written and will be tried again.
    pub checkpoint_failures: u64,
    /// A write or sync has failed; no record is taken any more.
    pub failed: bool,
}

/// What the writer counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) records: AtomicU64,
    pub(crate) signed: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) checkpoint_failures: AtomicU64,
}

impl Counters {
    pub(crate) fn batch(&self, records: usize, bytes: usize) {
        self.records.fetch_add(records as u64, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
    }
}
