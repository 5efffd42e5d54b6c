use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::challenge::{Challenge, details};
use crate::transfer::amount;
use crate::{Digits, Flaw, strict};

/// The request of method `lightning`, intent `charge`. The invoice is authoritative; all else must equal it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LightningCharge {
    /// The declared amount in `currency`, or what is wrong with it (`bad_amount`, `zero_amount`, `bad_type`).
    pub amount: Result<Digits, Flaw>,
    /// The declared currency; only `sat` is one.
    pub currency: String,
    /// The invoice (BOLT 11).
    pub invoice: String,
    /// The declared payment hash, in hex.
    pub payment_hash: Option<String>,
    /// The declared network: `mainnet`, `regtest` or `signet`.
    pub network: Option<String>,
}

impl Challenge {
    /// The request as a charge over Lightning. `None` for another method or intent.
    ///
    /// # Errors
    /// `bad_challenge` for a missing member, `bad_type` for one of another type.
    pub fn lightning_charge(&self) -> Option<Result<LightningCharge, Flaw>> {
        let ours = self.method == "lightning" && self.intent == "charge";
        ours.then(|| charge(self.request.members()))
    }
}

fn charge(members: &Map<String, Value>) -> Result<LightningCharge, Flaw> {
    let details = details(members)?;
    let optional = |name| Ok::<_, Flaw>(strict::optional_text(details, name)?.map(str::to_owned));
    Ok(LightningCharge {
        amount: amount(members.get("amount")),
        currency: strict::text(members, "currency", MoneyRule::BadChallenge)?.to_owned(),
        invoice: strict::text(details, "invoice", MoneyRule::BadChallenge)?.to_owned(),
        payment_hash: optional("paymentHash")?,
        network: optional("network")?,
    })
}
