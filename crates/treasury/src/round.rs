use ledger::{Books, Change, Event, Judgement, PaymentId, Policy, Unlawful};
use model::Timestamp;
use model::money::{Flag, MoneyRule};
use store::{LedgerTx, StoreError};

use crate::Refused;

/// One transaction on the books and their file, in which many steps are taken.
pub(crate) struct Round<'a, 'tx> {
    pub(crate) books: &'a mut Books,
    pub(crate) tx: &'a mut LedgerTx<'tx>,
    pub(crate) policy: &'a Policy,
    /// What the clock says.
    pub(crate) now: Timestamp,
    pub(crate) owner: &'a str,
    /// Why nothing of this round may be committed.
    pub(crate) broken: Option<StoreError>,
    pub(crate) events: u64,
}

impl Round<'_, '_> {
    /// Books and stores a change, at the clock's moment or the newest event's, whichever is later.
    pub(crate) fn record(&mut self, change: Change) -> Result<(), Refused> {
        let at = self.now.max(self.books.newest());
        self.record_at(at, change)
    }

    pub(crate) fn record_at(&mut self, at: Timestamp, change: Change) -> Result<(), Refused> {
        if let Some(error) = &self.broken {
            return Err(Refused::Ledger(error.to_string()));
        }
        let event = Event { at, change };
        self.books.apply(&event)?;
        let written = event.encode().map_err(|error| StoreError::Engine(error.to_string()));
        let stored = written.and_then(|payload| self.tx.append(&payload));
        self.events += 1;
        self.check(stored).map(drop)
    }

    /// Where the file fails, all of the round does.
    pub(crate) fn check<T>(&mut self, done: Result<T, StoreError>) -> Result<T, Refused> {
        done.map_err(|error| {
            let refused = Refused::Ledger(error.to_string());
            self.broken.get_or_insert(error);
            refused
        })
    }

    /// Books an outcome that somebody may not wait for. What the books cannot take as it was told leaves the payment
    /// held.
    pub(crate) fn conclude(&mut self, change: Change) -> Result<(), Refused> {
        let id = subject(&change);
        let done = self.settle(change);
        if let (Err(Refused::Unlawful(unlawful)), Some(id)) = (&done, id) {
            tracing::warn!(%id, %unlawful, "an outcome does not fit the books: the payment stays as it is, or held");
            // It may be held already, or have ended.
            let _ = self.record(Change::Held { id, rule: MoneyRule::BadResponse });
        }
        done
    }

    /// Books a change; a settlement that took more than the terms allow is marked.
    pub(crate) fn settle(&mut self, mut change: Change) -> Result<(), Refused> {
        if let Change::Settled { id, amount, fee, flags, .. } = &mut change
            && let Some(payment) = self.books.payment(*id)
        {
            let terms = &payment.intent.terms;
            if *fee > terms.fee_limit {
                flags.push(Flag::FeeOverLimit);
            }
            if amount.minor > terms.amount.minor {
                flags.push(Flag::ReceiptMismatch);
            }
        }
        self.record(change)
    }

    /// Judges an intent; gives what it would hold and which budgets it brings near their end.
    pub(crate) fn judge(&self, intent: &ledger::Intent) -> Judgement {
        self.books.judge(intent, self.policy, self.now)
    }

    /// A name that no payment has.
    pub(crate) fn fresh_id(&self) -> Result<PaymentId, Refused> {
        let mut bytes = [0; 16];
        ambient::random(&mut bytes).map_err(|error| Refused::Ledger(error.to_string()))?;
        let id = PaymentId::new(bytes);
        match self.books.payment(id) {
            None => Ok(id),
            Some(_) => Err(Unlawful::Twice(id).into()),
        }
    }
}

const fn subject(change: &Change) -> Option<PaymentId> {
    match change {
        Change::Settled { id, .. } | Change::Released { id, .. } => Some(*id),
        _ => None,
    }
}
