use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use egress::Boxed;
use http::StatusCode;
use lightning::{Invoice, PaymentHash};
use protocol::json::{Limits, value};
use serde_json::{Value, json};

use crate::place::{Answer, Ask, no_answer, not_asked};
use crate::read::{msat, said, text};
use crate::{Outcome, Place, Trouble, Wallet, codes};

/// LND, over its REST interface: payments by `/v2/router`, with a macaroon in `Grpc-Metadata-macaroon` that may do no more than pay,
/// look up and read the balance; and make invoices, where sessions are opened.
///
/// Both sending and tracking answer with a stream of JSON lines that ends with the payment.
pub struct Lnd(Place);

/// Codes of gRPC that LND answers with.
mod grpc {
    pub(super) const INVALID_ARGUMENT: i64 = 3;
    pub(super) const NOT_FOUND: i64 = 5;
    pub(super) const PERMISSION_DENIED: i64 = 7;
    pub(super) const UNAUTHENTICATED: i64 = 16;
}

/// One line of a stream.
enum Line {
    /// The state of the payment.
    Payment(Value),
    /// The stream ended with this code.
    Error(i64, String),
}

impl Lnd {
    /// The node at this place.
    pub fn new(place: Place) -> Self {
        Self(place)
    }

    async fn order(&self, invoice: &Invoice, fee_limit_msat: u64) -> Outcome {
        if invoice.amount_msat().is_none() {
            return Outcome::failed(codes::INVOICE_AMOUNT, "the invoice names no amount");
        }
        let body = json!({
            "payment_request": invoice.text(),
            "timeout_seconds": self.0.try_seconds(),
            "fee_limit_msat": fee_limit_msat.to_string(),
            "no_inflight_updates": true,
        });
        let ask = Ask {
            path: "/v2/router/send",
            body: Some(body),
            until: Some(has_end),
            ..Ask::default()
        };
        let answer = match self.0.order(ask).await {
            Ok(answer) => answer,
            // A stream that is cut says nothing of the payment.
            Err(error) => return no_answer(&error),
        };
        if let Some(outcome) = answer.not_taken_up() {
            return outcome;
        }
        let hash = invoice.payment_hash();
        match last(&answer) {
            Some(Line::Payment(payment)) => state(&payment, &hash),
            Some(Line::Error(code, words)) => self.refused(code, &words, hash).await,
            None => Outcome::unknown(codes::SENT_UNKNOWN, answer.unclear().why),
        }
    }

    async fn refused(&self, code: i64, words: &str, hash: PaymentHash) -> Outcome {
        match code {
            grpc::INVALID_ARGUMENT => {
                Outcome::failed(codes::PAYMENT_FAILED, format!("the node refused: {words}"))
            }
            grpc::PERMISSION_DENIED | grpc::UNAUTHENTICATED => {
                Outcome::failed(codes::WALLET_AUTH, "the node does not take the macaroon")
            }
            // Paid or under way before (6), or anything else: its books know, and it books a payment before it makes it.
            _ => match self.found(hash).await {
                Outcome::Absent => Outcome::failed(
                    codes::WALLET_UNAVAILABLE,
                    format!("the node did not begin: {words}"),
                ),
                outcome => outcome,
            },
        }
    }

    async fn found(&self, hash: PaymentHash) -> Outcome {
        let path = format!("/v2/router/track/{}", BASE64_URL_SAFE.encode(hash.0));
        // The first line is how things stand; later ones would be waited for.
        let ask = Ask { path: &path, until: Some(has_line), ..Ask::default() };
        let answer = match self.0.ask(ask).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Unknown(not_asked(&error)),
        };
        match last(&answer) {
            Some(Line::Payment(payment)) => state(&payment, &hash),
            // The gateway of the node says the same of a path that it has not.
            Some(Line::Error(grpc::NOT_FOUND, words)) if words != "Not Found" => Outcome::Absent,
            Some(Line::Error(_, words)) if answer.turned_away().is_none() => {
                Outcome::unknown(codes::WALLET_UNAVAILABLE, format!("the node answered: {words}"))
            }
            _ => Outcome::Unknown(answer.turned_away().unwrap_or_else(|| answer.unclear())),
        }
    }

    async fn spendable(&self) -> Result<u64, Trouble> {
        let ask = Ask { path: "/v1/balance/channels", ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        if let Some(trouble) = answer.turned_away() {
            return Err(trouble);
        }
        let object = answer.object().filter(|_| answer.status == StatusCode::OK);
        let local = object.as_ref().and_then(|o| msat(o.get("local_balance")?.get("msat")?));
        local.ok_or_else(|| answer.unclear())
    }

    async fn invoice(&self, memo: &str, seconds: u64) -> Result<String, Trouble> {
        let body = json!({ "memo": memo, "expiry": seconds.to_string() });
        let ask = Ask { path: "/v1/invoices", body: Some(body), ..Ask::default() };
        let answer = self.0.ask(ask).await.map_err(|e| not_asked(&e))?;
        answer.made("payment_request")
    }
}

/// Whether a whole line has come.
fn has_line(body: &[u8]) -> bool {
    body.contains(&b'\n')
}

/// Whether a line has come that ends the payment.
fn has_end(body: &[u8]) -> bool {
    let whole = body.iter().rposition(|c| *c == b'\n').unwrap_or(0);
    lines(&body[..whole]).any(|line| match line {
        Line::Payment(payment) => matches!(text(&payment, "status"), Some("SUCCEEDED" | "FAILED")),
        Line::Error(..) => true,
    })
}

/// The last line that can be read; where the whole is one object over several lines, that one.
fn last(answer: &Answer) -> Option<Line> {
    answer.object().and_then(line).or_else(|| lines(&answer.body).last())
}

fn lines(body: &[u8]) -> impl Iterator<Item = Line> {
    let lines = body.split(|c| *c == b'\n').filter(|line| !line.trim_ascii().is_empty());
    lines.filter_map(|text| line(value(text, Limits::REQUEST).ok()?))
}

/// `{"result": …}`, `{"error": {"code", "message"}}`, or an error without its wrapping.
fn line(mut object: Value) -> Option<Line> {
    if let Some(payment) = object.get_mut("result") {
        return Some(Line::Payment(payment.take()));
    }
    let error = object.get("error").filter(|e| e.is_object()).unwrap_or(&object);
    let code = ["code", "grpc_code"].iter().find_map(|name| error.get(name)?.as_i64())?;
    Some(Line::Error(code, said(text(error, "message").unwrap_or_default().as_bytes())))
}

/// What a payment of the node's books came to.
fn state(payment: &Value, hash: &PaymentHash) -> Outcome {
    if text(payment, "payment_hash").and_then(PaymentHash::from_hex) != Some(*hash) {
        return Outcome::unknown(codes::BAD_RESPONSE, "the node answered for another payment");
    }
    match text(payment, "status") {
        Some("SUCCEEDED") => {
            let fee = payment.get("fee_msat").and_then(msat);
            Outcome::proven(text(payment, "payment_preimage"), hash, fee)
        }
        Some("FAILED") => {
            let reason = text(payment, "failure_reason").unwrap_or_default();
            let code = match reason {
                "FAILURE_REASON_INSUFFICIENT_BALANCE" => codes::INSUFFICIENT,
                _ => codes::PAYMENT_FAILED,
            };
            Outcome::failed(code, format!("the node gave up: {}", said(reason.as_bytes())))
        }
        Some("IN_FLIGHT" | "INITIATED") => Outcome::InFlight,
        _ => Outcome::unknown(
            codes::BAD_RESPONSE,
            "the node answered with a state that is not known",
        ),
    }
}

impl Wallet for Lnd {
    fn pay<'a>(
        &'a self,
        invoice: &'a Invoice,
        fee_limit_msat: u64,
        _label: &'a str,
    ) -> Boxed<'a, Outcome> {
        Box::pin(self.order(invoice, fee_limit_msat))
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
        "lnd"
    }
}
