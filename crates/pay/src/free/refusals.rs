use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::credit::Buyer;
use crate::errand::Errand;

/// How long a place that did not take a sign-in is not tried again, in milliseconds.
const QUIET: u64 = 5 * 60 * 1000;
/// The most places that are remembered.
const MOST: usize = 1024;

/// Where sign-ins were not taken lately: a seller that asks for them and gives nothing for them is not asked twice for
/// every request. Kept in memory; after a restart one more is tried.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, u64>>);

impl Refusals {
    /// Whether one was refused here lately. `now` is in milliseconds.
    pub(crate) fn stand(&self, errand: &Errand, now: u64) -> bool {
        let Some(buyer) = Buyer::of(errand) else { return false };
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&buyer.name()).is_some_and(|at| now < at.saturating_add(QUIET))
    }

    /// One was refused here.
    pub(crate) fn add(&self, errand: &Errand, now: u64) {
        let Some(buyer) = Buyer::of(errand) else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, at| now < at.saturating_add(QUIET));
        }
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(buyer.name(), now);
    }

    /// Something was paid here since.
    pub(crate) fn forget(&self, errand: &Errand) {
        if let Some(buyer) = Buyer::of(errand) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&buyer.name());
        }
    }
}
