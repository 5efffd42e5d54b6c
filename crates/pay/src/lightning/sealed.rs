use model::Timestamp;
use model::money::{MoneyRule, Rail};
use rails::{Offer, l402, payment};
use serde_json::{Map, Value, json};

use crate::driver::{Payload, Stop};

/// The challenge that a payment answers: all that its credential needs beside the preimage.
pub(super) enum Challenge {
    /// A token and its invoice.
    L402(l402::Challenge),
    /// The Payment scheme with method `lightning`.
    Payment(Box<payment::Challenge>),
    /// The deposit of a session, and the invoice on which the rest of it comes back.
    Session(Box<payment::Challenge>, String),
}

/// What rests sealed in the books: enough to look the payment up, to judge its absence and to write its credential, after
/// any restart. It can pay nothing by itself, but it holds the token: no `Debug`.
pub(super) struct Sealed {
    /// What is answered.
    pub(super) challenge: Challenge,
    /// The invoice (BOLT 11).
    pub(super) invoice: ::lightning::Invoice,
    /// The most that fees may be, in sat.
    pub(super) fee_limit: u64,
    /// The wallet that is asked. Another one's books say nothing of this payment.
    pub(super) wallet: String,
    /// Until when it may be handed to the wallet.
    pub(super) until: Timestamp,
}

impl Challenge {
    /// The challenge of an offer of a rail that is paid over Lightning, if it is about this invoice. A session is nothing
    /// without the invoice on which the rest of its deposit comes back.
    pub(super) fn of(
        offer: &Offer,
        invoice: &::lightning::Invoice,
        back: Option<String>,
    ) -> Result<Self, Stop> {
        let (challenge, text) = match offer {
            Offer::L402(challenge) => (Self::L402(challenge.clone()), challenge.invoice.clone()),
            Offer::Payment(challenge) => {
                let charge = challenge.lightning_charge().and_then(Result::ok);
                let deposit = challenge.lightning_session().and_then(Result::ok);
                let mut kept = challenge.clone();
                // It is not echoed.
                kept.description = None;
                match (charge, deposit, back) {
                    (Some(charge), ..) => (Self::Payment(kept), charge.invoice),
                    (None, Some(session), Some(back)) => {
                        (Self::Session(kept, back), session.deposit.invoice)
                    }
                    _ => return Err(stop(MoneyRule::Scheme, OTHER_METHOD)),
                }
            }
            _ => return Err(stop(MoneyRule::Rail, "The offer is not of a rail of Lightning.")),
        };
        if !text.eq_ignore_ascii_case(invoice.text()) {
            return Err(stop(MoneyRule::HashMismatch, "The offer is for another invoice."));
        }
        Ok(challenge)
    }

    fn rail(&self) -> Rail {
        match self {
            Self::L402(_) => Rail::L402,
            Self::Payment(_) | Self::Session(..) => Rail::Mpp,
        }
    }

    /// The challenge of the Payment scheme.
    pub(super) fn payment(&self) -> Option<&payment::Challenge> {
        match self {
            Self::L402(_) => None,
            Self::Payment(challenge) | Self::Session(challenge, _) => Some(challenge),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::L402(challenge) => json!({
                "scheme": challenge.scheme.as_str(),
                "token": challenge.token,
                "invoice": challenge.invoice,
            }),
            Self::Payment(challenge) | Self::Session(challenge, _) => {
                let (encoded, native) = match &challenge.request {
                    payment::Request::Encoded(text, _) => (Some(text), None),
                    payment::Request::Native(members) => (None, Some(members)),
                };
                json!({
                    "id": challenge.id,
                    "realm": challenge.realm,
                    "method": challenge.method,
                    "intent": challenge.intent,
                    "encoded": encoded,
                    "native": native,
                    "expires": challenge.expires,
                    "digest": challenge.digest,
                    // Within an array: `null` can be what the seller wants back.
                    "opaque": challenge.opaque.as_ref().map(|opaque| [opaque]),
                    "return_invoice": match self {
                        Self::Session(_, back) => Some(back),
                        _ => None,
                    },
                })
            }
        }
    }

    fn read(rail: &str, value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        if rail == Rail::L402.as_str() {
            let scheme = text("scheme")?;
            let scheme = [l402::Scheme::L402, l402::Scheme::Lsat]
                .into_iter()
                .find(|known| known.as_str() == scheme)?;
            let (token, invoice) = (text("token")?, text("invoice")?);
            return Some(Self::L402(l402::Challenge { scheme, token, invoice }));
        }
        if rail != Rail::Mpp.as_str() {
            return None;
        }
        let request = match (text("encoded"), value.get("native").and_then(Value::as_object)) {
            (Some(encoded), None) => {
                let members = members(&encoded)?;
                payment::Request::Encoded(encoded, members)
            }
            (None, Some(members)) => payment::Request::Native(members.clone()),
            _ => return None,
        };
        let challenge = Box::new(payment::Challenge {
            id: text("id")?,
            realm: text("realm")?,
            method: text("method")?,
            intent: text("intent")?,
            request,
            expires: text("expires"),
            digest: text("digest"),
            description: None,
            opaque: value.get("opaque").and_then(|opaque| opaque.get(0)).cloned(),
        });
        Some(match text("return_invoice") {
            Some(back) => Self::Session(challenge, back),
            None => Self::Payment(challenge),
        })
    }
}

fn members(encoded: &str) -> Option<Map<String, Value>> {
    let bytes = rails::decode(encoded.as_bytes())?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

impl Sealed {
    /// As it is sealed. The mark is the payment hash: the books take each once, so no invoice is ever paid twice.
    pub(super) fn payload(&self) -> Payload {
        Payload {
            mark: Some(format!("ln:{}", self.invoice.payment_hash())),
            value: json!({
                "rail": self.challenge.rail().as_str(),
                "challenge": self.challenge.write(),
                "invoice": self.invoice.text(),
                "fee_limit": self.fee_limit,
                "wallet": self.wallet,
                "until": self.until.as_millis(),
            }),
        }
    }

    /// Reads what was sealed; `None` if this is nothing that [`Sealed::payload`] wrote.
    pub(super) fn read(payload: &Payload) -> Option<Self> {
        let value = &payload.value;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let number = |name: &str| value.get(name).and_then(Value::as_u64);
        Some(Self {
            challenge: Challenge::read(text("rail")?, value.get("challenge")?)?,
            invoice: ::lightning::Invoice::parse(text("invoice")?).ok()?,
            fee_limit: number("fee_limit")?,
            wallet: text("wallet")?.to_owned(),
            until: Timestamp(number("until")?),
        })
    }

    /// The fee limit in msat.
    pub(super) const fn fee_limit_msat(&self) -> u64 {
        self.fee_limit.saturating_mul(1000)
    }

    /// What can no longer be paid at this time: the invoice, or the challenge that it belongs to.
    pub(super) fn over(&self, now: Timestamp) -> Option<MoneyRule> {
        let challenge = self.challenge.payment().and_then(payment::Challenge::expires_at);
        if now.as_secs() >= self.invoice.expires_at() {
            Some(MoneyRule::InvoiceExpired)
        } else if challenge.is_some_and(|end| now >= end) {
            Some(MoneyRule::ChallengeExpired)
        } else {
            None
        }
    }
}

const OTHER_METHOD: &str = "The challenge is not one that this wallet pays over Lightning.";

pub(super) fn stop(rule: MoneyRule, why: &str) -> Stop {
    Stop { rule, why: why.to_owned() }
}
