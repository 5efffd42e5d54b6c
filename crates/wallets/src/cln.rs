use egress::Boxed;
use lightning::{Invoice, PaymentHash};
use serde_json::{Value, json};

use crate::place::{Answer, Ask, no_answer, not_asked};
use crate::read::{msat, said, text};
use crate::{Outcome, Place, Trouble, Wallet, codes};

/// Core Lightning, over its REST interface (`/v1/<method>`), with a rune in `Rune` that may call `pay`, `listpays` and `listfunds` only;
/// and `invoice`, where sessions are opened.
pub struct CoreLightning(Place);

impl CoreLightning {
    /// The node at this place.
    pub fn new(place: Place) -> Self {
        Self(place)
    }

    async fn order(&self, invoice: &Invoice, fee_limit_msat: u64, label: &str) -> Outcome {
        if invoice.amount_msat().is_none() {
            return Outcome::failed(codes::INVOICE_AMOUNT, "the invoice names no amount");
        }
        let body = json!({
            "bolt11": invoice.text(),
            "maxfee": fee_limit_msat,
            "retry_for": self.0.try_seconds(),
            "label": label,
        });
        let answer =
            match self.0.order(Ask { path: "/v1/pay", body: Some(body), ..Ask::default() }).await {
                Ok(answer) => answer,
                Err(error) => return no_answer(&error),
            };
        let object = answer.object();
        if let Some((code, words)) = object.as_ref().and_then(error) {
            return refused(code, &words).unwrap_or_else(|| {
                answer.not_taken_up().unwrap_or_else(|| {
                    Outcome::unknown(
                        codes::SENT_UNKNOWN,
                        format!("the node answered with error {code}: {words}"),
                    )
                })
            });
        }
        if let Some(outcome) = answer.not_taken_up() {
            return outcome;
        }
        match object.filter(|_| answer.status.is_success()) {
            Some(payment) => state(&payment, &invoice.payment_hash(), "payment_preimage"),
            None => Outcome::unknown(codes::SENT_UNKNOWN, answer.unclear().why),
        }
    }

    async fn found(&self, hash: PaymentHash) -> Outcome {
        let pays = match self
            .list("/v1/listpays", json!({ "payment_hash": hash.to_string() }), "pays")
            .await
        {
            Ok(pays) => pays,
            Err(trouble) => return Outcome::Unknown(trouble),
        };
        let mut outcomes: Vec<_> = pays.iter().map(|pay| state(pay, &hash, "preimage")).collect();
        // Of several tries of one payment, one that paid beats one that may yet, and that beats those that did not.
        let rank = |outcome: &Outcome| match outcome {
            Outcome::Settled { .. } => 0,
            Outcome::Unknown(_) => 1,
            Outcome::InFlight => 2,
            Outcome::Failed(_) | Outcome::Absent => 3,
        };
        outcomes.sort_by_key(rank);
        outcomes.into_iter().next().unwrap_or(Outcome::Absent)
    }

    async fn spendable(&self) -> Result<u64, Trouble> {
        let channels = self.list("/v1/listfunds", json!({}), "channels").await?;
        let open = channels.iter().filter(|c| text(c, "state") == Some("CHANNELD_NORMAL"));
        let sum = open.into_iter().try_fold(0_u64, |sum, channel| {
            sum.checked_add(msat(channel.get("our_amount_msat")?)?)
        });
        sum.ok_or_else(|| {
            Trouble::new(codes::BAD_RESPONSE, "the node lists channels without amounts")
        })
    }

    async fn invoice(&self, memo: &str, seconds: u64) -> Result<String, Trouble> {
        // The node wants a name that it has not had before.
        let mut name = [0; 16];
        ambient::random(&mut name)
            .map_err(|error| Trouble::new(codes::WALLET_UNAVAILABLE, error.to_string()))?;
        let label = format!("portcullis-{:032x}", u128::from_be_bytes(name));
        let body = json!({
            "amount_msat": "any", "label": label, "description": memo, "expiry": seconds,
        });
        let ask = Ask { path: "/v1/invoice", body: Some(body), ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        answer.made("bolt11")
    }

    /// A list that a method answers with.
    async fn list(&self, path: &str, body: Value, name: &str) -> Result<Vec<Value>, Trouble> {
        let ask = Ask { path, body: Some(body), ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        if let Some(trouble) = answer.turned_away() {
            return Err(trouble);
        }
        entries(&answer, name).ok_or_else(|| answer.unclear())
    }
}

fn entries(answer: &Answer, name: &str) -> Option<Vec<Value>> {
    if !answer.status.is_success() {
        return None;
    }
    match answer.object()?.get_mut(name)?.take() {
        Value::Array(entries) => Some(entries),
        _ => None,
    }
}

/// An error of the node: `{"code", "message"}`, or the same under `error`.
fn error(object: &Value) -> Option<(i64, String)> {
    let error = object.get("error").filter(|e| e.is_object()).unwrap_or(object);
    let code = error.get("code")?.as_i64()?;
    Some((code, said(text(error, "message").unwrap_or_default().as_bytes())))
}

/// What an error of `pay` says of the payment; `None` if it says nothing.
fn refused(code: i64, words: &str) -> Option<Outcome> {
    let failed = |code| Some(Outcome::failed(code, format!("the node gave up: {words}")));
    match code {
        // Paid before, to somebody else or with another amount: somebody's books are wrong.
        201 => Some(Outcome::unknown(
            codes::BAD_RESPONSE,
            "the node has paid this hash with another amount or to somebody else",
        )),
        200 => Some(Outcome::InFlight),
        // The payee refused; no route; tried for as long as it may, with nothing left under way.
        203 | 205 | 210 => failed(codes::PAYMENT_FAILED),
        206 => failed(codes::FEE_LIMIT),
        207 => failed(codes::INVOICE_EXPIRED),
        // JSON-RPC: no such method, or not with these parameters.
        -32602 | -32601 => failed(codes::WALLET_UNAVAILABLE),
        // Runes: not authorised, or not for this.
        1501 | 1502 => failed(codes::WALLET_AUTH),
        _ => None,
    }
}

/// What a payment of the node's books came to; `proof` is the member that holds the preimage.
fn state(payment: &Value, hash: &PaymentHash, proof: &str) -> Outcome {
    if text(payment, "payment_hash").and_then(PaymentHash::from_hex) != Some(*hash) {
        return Outcome::unknown(codes::BAD_RESPONSE, "the node answered for another payment");
    }
    match text(payment, "status") {
        Some("complete") => {
            let amount = |name| payment.get(name).and_then(msat);
            let fee = amount("amount_sent_msat").zip(amount("amount_msat"));
            let fee = fee.and_then(|(sent, received)| sent.checked_sub(received));
            Outcome::proven(text(payment, proof), hash, fee)
        }
        Some("pending") => Outcome::InFlight,
        Some("failed") => {
            Outcome::failed(codes::PAYMENT_FAILED, "the node's books say that the payment failed")
        }
        _ => Outcome::unknown(
            codes::BAD_RESPONSE,
            "the node answered with a state that is not known",
        ),
    }
}

impl Wallet for CoreLightning {
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

    fn receive<'a>(&'a self, memo: &'a str, seconds: u64) -> Boxed<'a, Result<String, Trouble>> {
        Box::pin(self.invoice(memo, seconds))
    }

    fn kind(&self) -> &'static str {
        "cln"
    }
}
