use std::sync::Arc;

use ledger::{Change, PaymentId, Released};
use model::money::{Amount, Flag, MoneyRule};
use store::BlobKind;
use zeroize::Zeroizing;

use crate::Refused;
use crate::queue::{Fact, Queue};
use crate::round::Round;

/// What happens to a payment that nobody finishes: it is held.
struct Ticket {
    queue: Arc<Queue>,
    id: PaymentId,
    unfinished: bool,
}

impl Ticket {
    /// The outcome is in the books, or kept until it is.
    const fn finish(&mut self) {
        self.unfinished = false;
    }

    async fn conclude(mut self, change: Change) -> Result<(), Refused> {
        let told = self.queue.clone();
        let telling = told.tell(change);
        // From here on the change is the writer's, though nobody may wait for it.
        let telling = std::pin::pin!(telling);
        self.finish();
        telling.await
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.unfinished {
            let change = Change::Held { id: self.id, rule: MoneyRule::SentUnknown };
            self.queue.fact(Fact { change, done: None });
        }
    }
}

/// Money that is reserved, and for which nothing is signed yet. Dropped, it stays held.
#[must_use = "dropped, its money stays held"]
pub struct Reservation(Ticket);

/// Something that pays is signed and sealed away. It has not left. Dropped, its money stays held.
#[must_use = "dropped, its money stays held"]
pub struct Signed(Ticket);

/// What was signed may have left. Dropped, its money stays held.
#[must_use = "dropped, its money stays held"]
pub struct Sent(Ticket);

/// What a payment came to, with proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What the payee got.
    pub amount: Amount,
    /// What it cost besides, in the same asset.
    pub fee: u128,
    /// Where the proof is.
    pub proof: Option<String>,
    /// Marks on the record. Those about amount and fee come by themselves.
    pub flags: Vec<Flag>,
}

impl Settlement {
    pub(crate) fn change(self, id: PaymentId) -> Change {
        let Self { amount, fee, proof, flags } = self;
        Change::Settled { id, amount, fee, proof, flags }
    }
}

impl Reservation {
    pub(crate) const fn new(queue: Arc<Queue>, id: PaymentId) -> Self {
        Self(Ticket { queue, id, unfinished: true })
    }

    /// The payment's name.
    pub const fn id(&self) -> PaymentId {
        self.0.id
    }

    /// Seals what was signed, and books that it is, before it may leave. `mark` is what makes it unique: a nonce, a
    /// payment hash.
    ///
    /// # Errors
    /// Spending was paused meanwhile or the mark was used: the money is released, and what was signed is gone. The
    /// ledger: the money stays held.
    pub async fn sign(
        self,
        mark: Option<String>,
        payload: Zeroizing<Vec<u8>>,
    ) -> Result<Signed, Refused> {
        let Self(mut ticket) = self;
        let (queue, id) = (ticket.queue.clone(), ticket.id);
        let work = move |round: &mut Round<'_, '_>| {
            let paused = round.books.payment(id).is_some_and(|p| round.books.is_paused(&p.intent));
            let signed = if paused {
                Err(Refused::deny(MoneyRule::Paused))
            } else {
                round.record(Change::Signed { id, mark })
            };
            if let Err(refused) = signed {
                if !matches!(refused, Refused::Ledger(_)) {
                    // Not where another process has taken the payment on: the books then refuse this too.
                    let _ = round.record(Change::Released { id, reason: Released::Unsigned });
                }
                return Err(refused);
            }
            let sealed = round.tx.put(BlobKind::Payload, &id.to_string(), &payload);
            round.check(sealed)
        };
        let finish = move |done: Result<(), Refused>| match done {
            Ok(()) => Ok(Signed(ticket)),
            Err(refused) => {
                if !matches!(refused, Refused::Ledger(_)) {
                    ticket.finish();
                }
                Err(refused)
            }
        };
        queue.step(work, finish).await
    }

    /// Gives the money back: nothing was signed.
    ///
    /// # Errors
    /// The ledger; it is given back as soon as that works.
    pub async fn release(self) -> Result<(), Refused> {
        self.release_for(Released::Unsigned).await
    }

    /// Gives the money back for that reason: `Unsigned`, or `Returned` where getting ready has cost something.
    ///
    /// # Errors
    /// The ledger; it is given back as soon as that works. Another reason: held.
    pub async fn release_for(self, reason: Released) -> Result<(), Refused> {
        let id = self.0.id;
        self.0.conclude(Change::Released { id, reason }).await
    }
}

impl Signed {
    /// The payment's name.
    pub const fn id(&self) -> PaymentId {
        self.0.id
    }

    /// Books that it is about to leave. Only what this gives may be sent.
    ///
    /// # Errors
    /// The ledger: it must not be sent, and the money stays held.
    pub async fn sent(self) -> Result<Sent, Refused> {
        let Self(ticket) = self;
        let (queue, id) = (ticket.queue.clone(), ticket.id);
        let work = move |round: &mut Round<'_, '_>| round.record(Change::Sent { id });
        queue.step(work, move |done| done.map(|()| Sent(ticket))).await
    }

    /// Gives the money back: it has not left, and what was signed is destroyed.
    ///
    /// # Errors
    /// The ledger; the money stays held.
    pub async fn destroy(self) -> Result<(), Refused> {
        let Self(mut ticket) = self;
        let (queue, id) = (ticket.queue.clone(), ticket.id);
        let work = move |round: &mut Round<'_, '_>| {
            let gone = round.tx.remove(BlobKind::Payload, &id.to_string());
            round.check(gone)?;
            round.record(Change::Released { id, reason: Released::Destroyed })
        };
        let finish = move |done: Result<(), Refused>| {
            if done.is_ok() {
                ticket.finish();
            }
            done
        };
        queue.step(work, finish).await
    }
}

impl Sent {
    /// The payment's name.
    pub const fn id(&self) -> PaymentId {
        self.0.id
    }

    /// There is proof that it was paid.
    ///
    /// # Errors
    /// The ledger; it is booked as soon as that works. An amount in another asset: held.
    pub async fn settle(self, settlement: Settlement) -> Result<(), Refused> {
        let change = settlement.change(self.0.id);
        self.0.conclude(change).await
    }

    /// There is proof that it was not paid, nor will be.
    ///
    /// # Errors
    /// The ledger; it is booked as soon as that works. No such proof (`Unsigned`, `Destroyed`): held.
    pub async fn release(self, reason: Released) -> Result<(), Refused> {
        let id = self.0.id;
        self.0.conclude(Change::Released { id, reason }).await
    }

    /// Nobody knows.
    ///
    /// # Errors
    /// The ledger; it is booked as soon as that works.
    pub async fn hold(self, rule: MoneyRule) -> Result<(), Refused> {
        let id = self.0.id;
        self.0.conclude(Change::Held { id, rule }).await
    }
}

macro_rules! named {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.id)
            }
        }
    )*};
}

named!(Reservation Signed Sent);
