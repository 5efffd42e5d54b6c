use egress::Boxed;
use http::StatusCode;
use lightning::{Invoice, PaymentHash};
use serde_json::{Value, json};

use crate::place::{Answer, Ask, no_answer, not_asked};
use crate::read::{msat, said, text};
use crate::{Outcome, Place, Trouble, Wallet, codes};

/// LNbits, over its REST interface (`/api/v1`), with the admin key of one wallet in `X-Api-Key`.
///
/// LNbits takes no fee limit: it sets aside a reserve of its own and pays no more than that. So the reserve is asked for first.
pub struct LnBits(Place);

/// What LNbits answers to an order that it could not carry out, or had carried out before.
const REFUSED: u16 = 520;

impl LnBits {
    /// The wallet at this place.
    pub fn new(place: Place) -> Self {
        Self(place)
    }

    async fn order(&self, invoice: &Invoice, fee_limit_msat: u64, label: &str) -> Outcome {
        if invoice.amount_msat().is_none() {
            return Outcome::failed(codes::INVOICE_AMOUNT, "the invoice names no amount");
        }
        if let Err(trouble) = self.within(invoice, fee_limit_msat).await {
            return Outcome::Failed(trouble);
        }
        let body = json!({ "out": true, "bolt11": invoice.text(), "extra": { "label": label } });
        let ask = Ask { path: "/api/v1/payments", body: Some(body), ..Ask::default() };
        let answer = match self.0.order(ask).await {
            Ok(answer) => answer,
            Err(error) => return no_answer(&error),
        };
        if let Some(outcome) = answer.not_taken_up() {
            return outcome;
        }
        let hash = invoice.payment_hash();
        match (answer.status.as_u16(), answer.object()) {
            (200..300, Some(payment)) => self.ordered(&payment, hash).await,
            // It says why in so many words, but not whether an order before this one paid: its books do.
            (REFUSED | 400 | 422, Some(refusal)) if refusal.get("detail").is_some() => {
                self.refused(&refusal, hash).await
            }
            _ => Outcome::unknown(codes::SENT_UNKNOWN, answer.unclear().why),
        }
    }

    /// Whether the most that LNbits would pay in fees is within the limit.
    async fn within(&self, invoice: &Invoice, fee_limit_msat: u64) -> Result<(), Trouble> {
        let query = Some(("invoice", invoice.text()));
        let ask = Ask { path: "/api/v1/payments/fee-reserve", query, ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        if let Some(trouble) = answer.turned_away() {
            return Err(trouble);
        }
        let object = answer.object().filter(|_| answer.status.is_success());
        let reserve = object.as_ref().and_then(|o| msat(o.get("fee_reserve")?));
        match reserve {
            Some(reserve) if reserve <= fee_limit_msat => Ok(()),
            Some(reserve) => {
                let why = format!(
                    "the wallet may pay {reserve} msat in fees; the limit is {fee_limit_msat}"
                );
                Err(Trouble::new(codes::FEE_LIMIT, why))
            }
            None => Err(answer.unclear()),
        }
    }

    async fn ordered(&self, payment: &Value, hash: PaymentHash) -> Outcome {
        let same = text(payment, "payment_hash").and_then(PaymentHash::from_hex) == Some(hash);
        if !same {
            return Outcome::unknown(
                codes::BAD_RESPONSE,
                "the wallet answered for another payment",
            );
        }
        match (text(payment, "status"), text(payment, "preimage")) {
            (Some("pending"), _) => Outcome::InFlight,
            (Some("success"), Some(preimage)) => {
                Outcome::proven(Some(preimage), &hash, payment.get("fee").and_then(fee))
            }
            // Versions before 1 say no more than the hash.
            _ => match self.found(hash).await {
                Outcome::Absent => Outcome::unknown(
                    codes::NO_PROOF,
                    "the wallet took the order, and its books do not show it",
                ),
                outcome => outcome,
            },
        }
    }

    async fn refused(&self, refusal: &Value, hash: PaymentHash) -> Outcome {
        match self.found(hash).await {
            // It has answered, and it books a payment before it makes it: there was none, and there is none on its way.
            Outcome::Absent => {
                let words = text(refusal, "detail").unwrap_or_default();
                let short = words.to_ascii_lowercase().contains("insufficient");
                let code = if short { codes::INSUFFICIENT } else { codes::PAYMENT_FAILED };
                Outcome::failed(code, format!("the wallet refused: {}", said(words.as_bytes())))
            }
            outcome => outcome,
        }
    }

    async fn found(&self, hash: PaymentHash) -> Outcome {
        let path = format!("/api/v1/payments/{hash}");
        match self.0.ask(Ask { path: &path, ..Ask::default() }).await {
            Ok(answer) => Self::booked(&answer, &hash),
            Err(error) => Outcome::Unknown(not_asked(&error)),
        }
    }

    /// What the answer to a look-up says. Without `details` it is not about a payment of this wallet.
    fn booked(answer: &Answer, hash: &PaymentHash) -> Outcome {
        let object = answer.object();
        if answer.status == StatusCode::NOT_FOUND
            && object.as_ref().is_some_and(|o| o.get("detail").is_some())
        {
            return Outcome::Absent;
        }
        let Some(object) = object.filter(|_| answer.status.is_success()) else {
            return Outcome::Unknown(answer.turned_away().unwrap_or_else(|| answer.unclear()));
        };
        let strange = |why| Outcome::unknown(codes::BAD_RESPONSE, why);
        let Some(details) = object.get("details").filter(|details| details.is_object()) else {
            return strange("the wallet does not count this payment, or this key, as its own");
        };
        let outgoing =
            details.get("amount").and_then(Value::as_i64).is_some_and(|amount| amount < 0);
        if !outgoing {
            return strange("the wallet has an incoming payment of this hash");
        }
        match (object.get("paid").and_then(Value::as_bool), text(details, "status")) {
            (Some(true), _) => {
                let preimage = text(&object, "preimage").or_else(|| text(details, "preimage"));
                Outcome::proven(preimage, hash, details.get("fee").and_then(fee))
            }
            (Some(false), Some("failed")) => Outcome::failed(
                codes::PAYMENT_FAILED,
                "the wallet's books say that the payment failed",
            ),
            (Some(false), Some("pending")) => Outcome::InFlight,
            _ => strange("the wallet's books say neither that it paid nor that it did not"),
        }
    }

    async fn spendable(&self) -> Result<u64, Trouble> {
        let ask = Ask { path: "/api/v1/wallet", ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        if let Some(trouble) = answer.turned_away() {
            return Err(trouble);
        }
        let object = answer.object().filter(|_| answer.status.is_success());
        object.as_ref().and_then(|o| msat(o.get("balance")?)).ok_or_else(|| answer.unclear())
    }
}

/// A fee: LNbits writes what goes out with a minus.
fn fee(value: &Value) -> Option<u64> {
    value.as_i64().map(i64::unsigned_abs)
}

impl Wallet for LnBits {
    fn pay<'a>(
        &'a self,
        invoice: &'a Invoice,
        fee_limit_msat: u64,
        label: &'a str,
    ) -> Boxed<'a, Outcome> {
        Box::pin(self.order(invoice, fee_limit_msat, label))
    }

    fn lookup(&self, hash: PaymentHash) -> Boxed<'_, Outcome> {
        Box::pin(self.found(hash))
    }

    fn balance(&self) -> Boxed<'_, Result<u64, Trouble>> {
        Box::pin(self.spendable())
    }

    fn kind(&self) -> &'static str {
        "lnbits"
    }
}
