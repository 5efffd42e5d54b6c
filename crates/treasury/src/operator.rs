use ledger::{Change, PaymentId, Released, Stop};
use model::Timestamp;
use model::money::{Amount, Flag};

use crate::round::Round;
use crate::{Refused, Settlement, Treasury};

impl Treasury {
    /// Stops spending.
    ///
    /// # Errors
    /// The ledger.
    pub async fn pause(&self, stop: Stop) -> Result<(), Refused> {
        self.queue().simply(move |round| round.record(Change::Paused(stop))).await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// The ledger.
    pub async fn resume(&self, stop: Stop) -> Result<(), Refused> {
        self.queue().simply(move |round| round.record(Change::Resumed(stop))).await
    }

    /// Keeps who is paid, and how much, for a tool at an origin. Only a person's decision comes here.
    ///
    /// # Errors
    /// The ledger.
    pub async fn keep_pin(
        &self,
        (origin, tool): (String, String),
        payee: String,
        price: Option<Amount>,
    ) -> Result<(), Refused> {
        let change = Change::Pinned { origin, tool, payee, price };
        self.queue().simply(move |round| round.record(change)).await
    }

    /// An operator confirms that the clock is right, though the books have later moments.
    ///
    /// # Errors
    /// The ledger.
    pub async fn confirm_clock(&self, by: String) -> Result<Timestamp, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let now = round.now;
            round.record_at(now, Change::ClockConfirmed { by })?;
            Ok(now)
        };
        self.queue().simply(work).await
    }

    /// Proof was found that a held payment was paid.
    ///
    /// # Errors
    /// It is not held, nothing was signed for it, or the ledger.
    pub async fn settle_held(&self, id: PaymentId, settlement: Settlement) -> Result<(), Refused> {
        self.queue().simply(move |round| round.settle(settlement.change(id))).await
    }

    /// Proof was found that a held payment was not paid, nor will be.
    ///
    /// # Errors
    /// It is not held, or the ledger.
    pub async fn release_held(&self, id: PaymentId, reason: Released) -> Result<(), Refused> {
        self.queue().simply(move |round| round.record(Change::Released { id, reason })).await
    }

    /// Puts marks on the record of a payment.
    ///
    /// # Errors
    /// There is no such payment, or the ledger.
    pub async fn flag(&self, id: PaymentId, flags: Vec<Flag>) -> Result<(), Refused> {
        self.queue().simply(move |round| round.record(Change::Flagged { id, flags })).await
    }
}
