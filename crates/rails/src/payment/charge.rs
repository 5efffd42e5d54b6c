use model::money::MoneyRule;
use serde_json::{Map, Value};

use super::challenge::{Challenge, bad};
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
    /// Whether the method is written as methods are: lower-case letters, digits and hyphens.
    pub fn method_is_lawful(&self) -> bool {
        let lawful = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        !self.method.is_empty() && self.method.bytes().all(lawful)
    }

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
    let details = members.get("methodDetails");
    let details = details.ok_or_else(|| bad("The request has no `methodDetails`."))?;
    let details = details.as_object().ok_or_else(|| {
        Flaw::new(MoneyRule::BadType, "The `methodDetails` of the request are not an object.")
    })?;
    let amount = match members.get("amount") {
        Some(Value::String(text)) => Digits::parse(text),
        _ => Err(Flaw::new(MoneyRule::BadType, "The amount of the request is not a string.")),
    };
    let optional = |name| Ok::<_, Flaw>(strict::optional_text(details, name)?.map(str::to_owned));
    Ok(LightningCharge {
        amount,
        currency: strict::text(members, "currency", MoneyRule::BadChallenge)?.to_owned(),
        invoice: strict::text(details, "invoice", MoneyRule::BadChallenge)?.to_owned(),
        payment_hash: optional("paymentHash")?,
        network: optional("network")?,
    })
}
