use approvals::{ByHand, Paid};
use ledger::{PaymentId, Released, State};
use model::money::{MoneyRule, Rail};
use treasury::BlobKind;
use zeroize::Zeroizing;

use super::NotProven;
use super::flow::payload;
use crate::driver::{Open, Standing};
use crate::payer::{Inner, Payer};
use crate::reconcile::Found;

impl Payer {
    /// An operator brings what proves a payment by hand: a preimage, or the hash of a transaction. If it does, the books
    /// have it when this returns, and the next equal call is served by it.
    ///
    /// # Errors
    /// It proves nothing, or the payment is none that waits: nothing is changed but marks.
    pub async fn told_paid(&self, payment: &str, by: &str, proof: &str) -> Result<(), NotProven> {
        let inner = &self.0;
        let open = inner.waiting_by_hand(payment).await?;
        let payload = payload(inner, open.id).await.ok_or_else(away)?;
        let driver = inner.drivers.hand.as_ref().ok_or_else(|| {
            NotProven::of_rule(MoneyRule::Rail, "Payments by hand are not configured any more.")
        })?;
        let (payload, standing) = match driver.proven(&open, &payload, proof.trim()).await {
            Ok(proven) => proven,
            Err(no) => {
                if !no.flags.is_empty() {
                    let _ = inner.treasury.flag(open.id, no.flags.clone()).await;
                }
                return Err(no);
            }
        };
        // The proof first: it is what the seller wants to see.
        let sealed = Zeroizing::new(serde_json::to_vec(&payload).map_err(|_| away())?);
        let kept = inner.treasury.put_blob(BlobKind::Payload, open.id.to_string(), sealed).await;
        kept.map_err(|_| away())?;
        let found = inner.booked(&open, &payload, standing).await.map_err(|_| away())?;
        inner.conclude_at_desk(payment, by, &found).await;
        Ok(())
    }

    /// An operator answers for it that nothing was paid, and nothing will be.
    ///
    /// # Errors
    /// The payment is none that waits, or the ledger.
    pub async fn told_unpaid(&self, payment: &str, by: &str) -> Result<(), NotProven> {
        let inner = &self.0;
        let open = inner.waiting_by_hand(payment).await?;
        let payload = payload(inner, open.id).await.ok_or_else(away)?;
        let reason = Released::Operator { by: by.to_owned() };
        let standing = Standing::Released { reason, rule: Some(MoneyRule::Denied) };
        let found = inner.booked(&open, &payload, standing).await.map_err(|_| away())?;
        inner.conclude_at_desk(payment, by, &found).await;
        Ok(())
    }
}

fn away() -> NotProven {
    NotProven::of_rule(
        MoneyRule::Ledger,
        "The ledger cannot be written now. Try again in a moment.",
    )
}

impl Inner {
    async fn waiting_by_hand(&self, payment: &str) -> Result<Open, NotProven> {
        let id: PaymentId = payment.parse().map_err(|_| away())?;
        let open = self.treasury.payment(id).await.map_err(|_| away())?;
        let waits = |p: &Open| {
            p.intent.terms.rail == Rail::Human && matches!(p.state, State::Held(_) | State::Sent)
        };
        open.filter(waits).ok_or_else(|| {
            NotProven::of_rule(MoneyRule::AlreadyPaid, "This payment does not wait any more.")
        })
    }

    async fn conclude_at_desk(&self, payment: &str, by: &str, found: &Found) {
        let paid = match found.state {
            "settled" => Paid::Yes,
            "released" => Paid::No,
            _ => return,
        };
        if let Err(error) = self.desk.concluded(payment, by, paid).await {
            tracing::error!(payment, "the question of a payment by hand stays open: {error}");
        }
    }

    /// Ends the questions of payments whose outcome is in the books, by whatever way it came there.
    pub(crate) async fn tell_desk(&self) {
        let waiting = self.desk.waiting_by_hand().await.unwrap_or_default();
        for ByHand { payment, .. } in waiting {
            let Ok(id) = payment.parse::<PaymentId>() else { continue };
            let Ok(Some(open)) = self.treasury.payment(id).await else { continue };
            let state = match open.state {
                State::Settled => "settled",
                State::Released(_) => "released",
                _ => continue,
            };
            let found = Found { id, state, why: String::new() };
            self.conclude_at_desk(&payment, "", &found).await;
        }
    }
}
