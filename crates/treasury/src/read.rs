use ledger::{Payment, PaymentId, Pin, Row, Status, Stop};
use store::BlobKind;
use zeroize::Zeroizing;

use crate::round::Round;
use crate::{Refused, Treasury};

/// Looks at the books as they are, what other processes have stored included. All fail with the ledger alone.
impl Treasury {
    /// A payment, if there is one of that name.
    pub async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Refused> {
        self.queue().simply(move |round| Ok(round.books.payment(id).cloned())).await
    }

    /// Payments whose outcome is not known.
    pub async fn holds(&self) -> Result<Vec<Payment>, Refused> {
        self.queue().simply(|round| Ok(round.books.holds().cloned().collect())).await
    }

    /// All payments that hold money.
    pub async fn under_way(&self) -> Result<Vec<Payment>, Refused> {
        self.queue().simply(|round| Ok(round.books.open().cloned().collect())).await
    }

    /// What is paused.
    pub async fn stops(&self) -> Result<Vec<Stop>, Refused> {
        self.queue().simply(|round| Ok(round.books.stops().cloned().collect())).await
    }

    /// Who is paid, and how much, for a tool at an origin.
    pub async fn pin(&self, origin: String, tool: String) -> Result<Option<Pin>, Refused> {
        self.queue().simply(move |round| Ok(round.books.pin(&origin, &tool).cloned())).await
    }

    /// How every budget stands, for every value that ever counted against it.
    pub async fn status(&self) -> Result<Vec<Status>, Refused> {
        let work = |round: &mut Round<'_, '_>| {
            let (policy, now) = (round.policy, round.now);
            Ok(policy.budgets.iter().flat_map(|b| round.books.status(b, policy, now)).collect())
        };
        self.queue().simply(work).await
    }

    /// What was spent, by month.
    pub async fn statement(&self) -> Result<Vec<Row>, Refused> {
        self.queue().simply(|round| Ok(round.books.statement())).await
    }

    /// What was signed for a payment, to be sent again: never anything else.
    pub async fn payload(&self, id: PaymentId) -> Result<Option<Zeroizing<Vec<u8>>>, Refused> {
        self.blob(BlobKind::Payload, id.to_string()).await
    }

    /// Opens a sealed blob, if there is one.
    pub async fn blob(
        &self,
        kind: BlobKind,
        id: String,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            // One blob that was tampered with is no reason to stop all of a round.
            round.tx.blob(kind, &id).map_err(|error| Refused::Ledger(error.to_string()))
        };
        self.queue().simply(work).await
    }

    /// Seals a blob, in place of one of the same kind and id.
    pub async fn put_blob(
        &self,
        kind: BlobKind,
        id: String,
        plain: Zeroizing<Vec<u8>>,
    ) -> Result<(), Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let put = round.tx.put(kind, &id, &plain);
            round.check(put)
        };
        self.queue().simply(work).await
    }

    /// Reads a sealed blob and seals what is made of it in its place, in one step that no other process comes between.
    /// Where `change` makes nothing, the blob stays as it is.
    pub async fn change_blob<T: Send + 'static>(
        &self,
        kind: BlobKind,
        id: String,
        change: impl FnOnce(Option<Zeroizing<Vec<u8>>>) -> (Option<Zeroizing<Vec<u8>>>, T)
        + Send
        + 'static,
    ) -> Result<T, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let found = round.tx.blob(kind, &id);
            let (plain, made) = change(found.map_err(|e| Refused::Ledger(e.to_string()))?);
            if let Some(plain) = plain {
                let put = round.tx.put(kind, &id, &plain);
                round.check(put)?;
            }
            Ok(made)
        };
        self.queue().simply(work).await
    }

    /// Removes a blob, if there is one.
    pub async fn remove_blob(&self, kind: BlobKind, id: String) -> Result<(), Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let removed = round.tx.remove(kind, &id);
            round.check(removed)
        };
        self.queue().simply(work).await
    }

    /// The ids of all blobs of a kind.
    pub async fn blob_ids(&self, kind: BlobKind) -> Result<Vec<String>, Refused> {
        let work = move |round: &mut Round<'_, '_>| {
            let ids = round.tx.ids(kind);
            round.check(ids)
        };
        self.queue().simply(work).await
    }
}
