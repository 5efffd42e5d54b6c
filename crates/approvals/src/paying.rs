//! The desk, as far as it is about payments by hand.

use crate::answer::{Answerer, NoAnswer};
use crate::desk::{Desk, DeskError};
use crate::entry::{Entry, State};
use crate::hand::{self, ByHand, Hand, Paid};

impl Desk {
    /// The newest payment by hand of this request (SHA-256 in hexadecimal) of this principal.
    ///
    /// # Errors
    /// The store fails.
    pub async fn by_hand(
        &self,
        (tenant, principal, request): (&str, &str, &str),
    ) -> Result<Option<ByHand>, DeskError> {
        let book = self.read().await?;
        Ok(hand::of(&book, (tenant, principal, request)).map(ByHand::from))
    }

    /// The payments by hand that wait for an end.
    ///
    /// # Errors
    /// The store fails.
    pub async fn waiting_by_hand(&self) -> Result<Vec<ByHand>, DeskError> {
        let book = self.read().await?;
        let waits = |e: &&Entry| e.question.hand.is_some() && e.progress.state == State::Waiting;
        Ok(book.iter().filter(waits).map(ByHand::from).collect())
    }

    /// The payment that is made by hand for the question of that id, if `who` may say what became of it.
    ///
    /// # Errors
    /// They may not, it is none such, or it has ended.
    pub async fn may_tell(&self, id: &str, who: &Answerer) -> Result<Hand, NoAnswer> {
        let book = self.read().await.map_err(|e| NoAnswer::Failed(e.to_string()))?;
        hand::may_tell(&book, id, who)
    }

    /// The books know what became of a payment by hand, and by whose word or proof. Durable.
    ///
    /// # Errors
    /// The store or the log fails.
    pub async fn concluded(&self, payment: &str, by: &str, paid: Paid) -> Result<(), DeskError> {
        let (payment, by) = (payment.to_owned(), by.to_owned());
        let change =
            move |book: &mut Vec<Entry>, now| hand::conclude(book, &payment, &by, paid, now);
        self.change(change).await?;
        self.log().await
    }

    /// Takes up, once, what was paid by hand for the question of that id. Whether it was there. Durable.
    ///
    /// # Errors
    /// The store or the log fails: the call does not go on.
    pub async fn take_paid(&self, id: &str) -> Result<bool, DeskError> {
        let id = id.to_owned();
        let there =
            self.change(move |book: &mut Vec<Entry>, now| hand::take(book, &id, now)).await?;
        self.log().await?;
        Ok(there)
    }
}
