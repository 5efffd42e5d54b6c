use ledger::{Intent, Judgement, Payment, PaymentId};

use crate::{Refused, Treasury};

impl Treasury {
    /// What each of these intents would meet now. Reserves nothing: a reservation judges again and decides.
    ///
    /// # Errors
    /// The ledger.
    pub async fn judge(&self, intents: Vec<Intent>) -> Result<Vec<Judgement>, Refused> {
        let work = move |round: &mut crate::round::Round<'_, '_>| {
            Ok(intents.iter().map(|intent| round.judge(intent)).collect())
        };
        self.queue().simply(work).await
    }

    /// The newest payments, the latest change first.
    ///
    /// # Errors
    /// The ledger.
    pub async fn recent(&self, most: usize) -> Result<Vec<Payment>, Refused> {
        let work = move |round: &mut crate::round::Round<'_, '_>| {
            let mut all: Vec<&Payment> = round.books.all().collect();
            all.sort_by_key(|payment| (std::cmp::Reverse(payment.changed), payment.id));
            Ok(all.into_iter().take(most).cloned().collect())
        };
        self.queue().simply(work).await
    }

    /// The payment that changed last among those that are `wanted`.
    ///
    /// # Errors
    /// The ledger.
    pub async fn latest(
        &self,
        wanted: impl Fn(&Payment) -> bool + Send + 'static,
    ) -> Result<Option<Payment>, Refused> {
        let work = move |round: &mut crate::round::Round<'_, '_>| {
            let wanted = round.books.all().filter(|payment| wanted(payment));
            Ok(wanted.max_by_key(|payment| (payment.changed, payment.id)).cloned())
        };
        self.queue().simply(work).await
    }

    /// Whether something is in the books as the proof of another payment than `id`: what proves one proves no second.
    ///
    /// # Errors
    /// The ledger.
    pub async fn is_proof_of_another(&self, id: PaymentId, proof: String) -> Result<bool, Refused> {
        let work = move |round: &mut crate::round::Round<'_, '_>| {
            Ok(round.books.all().any(|p| p.id != id && p.proof.as_deref() == Some(proof.as_str())))
        };
        self.queue().simply(work).await
    }
}
