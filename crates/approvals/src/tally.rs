use std::sync::atomic::{AtomicU64, Ordering};

use crate::What;

/// How often each thing happened since the start, as far as this program recorded it.
#[derive(Debug, Default)]
pub struct Tally([AtomicU64; What::ALL.len()]);

impl Tally {
    pub(crate) fn count(&self, what: What) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often this happened.
    pub fn of(&self, what: What) -> u64 {
        self.0[what as usize].load(Ordering::Relaxed)
    }
}
