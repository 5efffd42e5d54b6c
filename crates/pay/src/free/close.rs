use egress::{Outgoing, Whole};
use model::money::Rail;
use rails::payment::{RECEIPT_HEADER, SessionAct};
use rails::{Demand, Offer};
use serde_json::Value;

use super::{Session, asked};
use crate::demand;
use crate::errand::{Answer, Attachment, Errand};
use crate::exchange::{Carrier, Sending, Shown, heard};
use crate::payer::Payer;

/// A session that has ended, as far as the seller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What the seller says it pays back, in satoshi. A claim: it counts in no budget.
    pub sat: Option<u64>,
    /// What it says has become of that: `succeeded`, `failed`, `skipped`.
    pub status: Option<&'static str>,
}

impl Payer {
    /// Ends the session that the caller has where a request leads, if it has one there: the request is sent once to get a
    /// challenge, and once more to end the session, without doing what it asks for.
    ///
    /// # Errors
    /// The request came to no answer.
    pub async fn close<C: Carrier>(
        &self,
        errand: &Errand,
        request: Outgoing,
        carrier: &C,
    ) -> Result<Option<Closed>, C::Trouble> {
        let first = carrier.send(request.clone(), None, Sending::Once).await?;
        let Some((kept, ends)) = self.ending(errand, &heard(&first)).await else { return Ok(None) };
        let shown = Shown { own: None, paid: &ends };
        let whole = carrier.send(request, Some(&shown), Sending::Once).await?;
        // Whatever is answered: it has ended, or is not known there. An error of the seller says neither.
        if whole.status.is_success() || whole.status.is_client_error() {
            self.0.credits.end(errand, &kept).await;
        }
        Ok(whole.status.is_success().then(|| told(&whole)))
    }

    /// The session that a challenge is about, and what ends it.
    async fn ending(&self, errand: &Errand, answer: &Answer) -> Option<(Session, Attachment)> {
        let inner = &*self.0;
        let target = asked(errand, answer)?;
        let Demand::Offers(offers) = demand::read(errand, answer) else { return None };
        for offer in &offers {
            let Offer::Payment(challenge) = offer else { continue };
            if !challenge.is_lightning_session() {
                continue;
            }
            let Some(kept) = inner.credits.session(errand, &challenge.realm).await else {
                continue;
            };
            if !inner.admits(errand, &target.origin, Rail::Mpp).await {
                return None;
            }
            let session = kept.session?;
            let ends = session.act(challenge, |id, preimage| SessionAct::Close { id, preimage })?;
            return Some((session, ends));
        }
        None
    }
}

/// What a seller says of the end of a session: in the receipt, or else in the body.
fn told(whole: &Whole) -> Closed {
    let receipt = whole.headers.get(RECEIPT_HEADER).map(|value| rails::decode(value.as_bytes()));
    let receipt = receipt.flatten().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let body = serde_json::from_slice::<Value>(&whole.body).ok();
    let says = |name: &str| {
        let in_receipt = receipt.as_ref().and_then(|said| said.get(name));
        in_receipt.or_else(|| body.as_ref().and_then(|said| said.get(name)))
    };
    let known = ["succeeded", "failed", "skipped"];
    let status = says("refundStatus").and_then(Value::as_str);
    Closed {
        sat: says("refundSats").and_then(Value::as_u64),
        status: status.and_then(|status| known.into_iter().find(|word| *word == status)),
    }
}
