//! `redeem_token`: credit at a seller that takes ecash for it beforehand, as toll-booth does.
//!
//! The seller's order (`POST /create-invoice`) names a payment and a macaroon; `POST /cashu-redeem` takes a token for it and
//! gives the second half of the credential. What is handed over is ecash of the operator's own, judged, reserved and proven as
//! an answer to a request of NUT-24 would be: an agent brings no token of its own, and never sees one.

use bytes::Bytes;
use cashu::PaymentRequest;
use egress::{Outgoing, Whole};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use model::money::{Flag, MoneyRule};
use pay::lightning::valid_until;
use pay::{Answer, Attachment, Carrier as _, Paid, Request, Reuse, Sending, heard};
use protocol::json::{Limits, value};
use serde_json::{Value, json};
use url::Url;

use crate::arguments::No;
use crate::credits::{at, offered, order, unreadable, word};
use crate::definition::Tool;
use crate::fetch::{Sender, payment, unanswered};
use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::wanted::{key, place};

/// Where toll-booth takes tokens.
const TILL: &str = "/cashu-redeem";
/// The field of ecash in a header (NUT-24).
const FIELD: &str = "X-Cashu";
/// Longest token that toll-booth takes, in bytes.
const LONGEST_TOKEN: usize = 16_384;
/// Longest name of an order that toll-booth takes, in bytes.
const LONGEST_NAME: usize = 128;

impl Call<'_> {
    /// Pays for credit with ecash, and keeps what serves for the URL that was named.
    pub(crate) async fn redeem(&self) -> Result<Found, Ended> {
        let (origin, url) = place(&self.arguments)?;
        let sat = self.arguments.count("amountSats")?;
        let sat = sat.ok_or_else(|| No::argument("`amountSats` is missing"))?;
        let client = self.purse.places.client(self.payer, &origin)?;
        let request = order(&url, Some(sat));
        let sender = Sender { client, deadline: self.deadline };
        let whole = offered(&sender, request.clone()).await?;
        let order = Order::read(&whole.body, sat)?;
        let errand = self.errand(Tool::Redeem, Request::http(&request), key(&self.arguments)?)?;
        let paid = self.bought(&errand, &asked(sat, request.url)?).await?;
        let handed = match order.handed(&url, &paid) {
            Ok(handed) => handed,
            Err(no) => {
                // Nothing was sent: its money comes back.
                paid.lost(false).await;
                return Err(no.into());
            }
        };
        let answer = match sender.send(handed, None, Sending::Once).await {
            Ok(answer) => answer,
            Err(e) => {
                let told = paid.lost(Sender::may_have_left(&e)).await;
                return Err(unanswered(&e, Some(&told)).into());
            }
        };
        let Some(credit) = Credit::read(&answer) else {
            // Taken or not, the mint knows: what the seller said is no delivery.
            let told = paid.answered(&Answer::Nothing).await;
            let why = format!(
                "the seller gave no credit: HTTP {}; payment {} is {}",
                answer.status.as_u16(),
                told.id,
                told.state
            );
            return Err(No::rule(MoneyRule::BadResponse, why).into());
        };
        let short = credit.sat.is_none_or(|credited| credited < sat);
        let paid = if short { paid.marked(Flag::ReceiptMismatch) } else { paid };
        let bought = order.credential(&credit);
        let served = Outgoing {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let served = self.errand(Tool::Fetch, Request::http(&served), None)?;
        // Before the payment is booked: what was paid for must outlive a crash.
        let kept = self.payer.keep(&errand, &served, &bought).await;
        let told = paid.answered(&heard(&answer)).await;
        Ok(json!({
            "payment": payment(&told),
            "paid": format!("{sat} sat"),
            "credit": credit.sat,
            "url": url.as_str(),
            "kept": kept,
        })
        .into())
    }
}

/// The request for so much, as an answer of the place where it was ordered.
fn asked(sat: u64, url: Url) -> Result<Answer, No> {
    let (amount, unit) = (Some(sat), Some("sat".to_owned()));
    let request = PaymentRequest { amount, unit, ..PaymentRequest::default() };
    let field = HeaderValue::try_from(request.to_creq_a());
    let field = field.map_err(|_| unreadable("its amount fits no header"))?;
    let mut headers = HeaderMap::new();
    headers.insert(FIELD, field);
    Ok(Answer::Http { status: StatusCode::PAYMENT_REQUIRED, headers, body: Bytes::new(), url })
}

/// What the seller wants a token for.
#[derive(Debug)]
struct Order {
    macaroon: String,
    hash: String,
    /// The name by which the order may be asked about.
    name: String,
}

impl Order {
    /// Reads `{payment_hash, macaroon, payment_url, amount_sats?, credit_sats?}`. Nothing else than was ordered is bought,
    /// nor for less credit than it costs.
    fn read(body: &[u8], sat: u64) -> Result<Self, No> {
        let offer = value(body, Limits::REPLY).map_err(|_| unreadable("it is no JSON"))?;
        let macaroon = word(&offer, "macaroon")?;
        let hash = word(&offer, "payment_hash")?;
        if !is_hash(&hash) {
            return Err(unreadable("its `payment_hash` is none"));
        }
        let name = offer["payment_url"].as_str().and_then(name_in);
        let name = name.ok_or_else(|| unreadable("its `payment_url` has no token"))?;
        if offer["amount_sats"].as_u64().is_some_and(|asked| asked != sat) {
            let why = "the seller asks another amount than was ordered";
            return Err(No::rule(MoneyRule::AmountMismatch, why));
        }
        if offer["credit_sats"].as_u64().is_some_and(|credit| credit < sat) {
            let why = "the seller gives less credit than it asks for";
            return Err(No::rule(MoneyRule::AmountMismatch, why));
        }
        Ok(Self { macaroon, hash, name })
    }

    /// The request that hands the ecash over, at the seller's own origin.
    fn handed(&self, url: &Url, paid: &Paid) -> Result<Outgoing, No> {
        let fields = &paid.attachment().headers;
        let token = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(FIELD));
        let token = token.map(|(_, token)| token).filter(|token| token.len() <= LONGEST_TOKEN);
        let why = "the token is longer than the seller takes";
        let token = token.ok_or_else(|| No::rule(MoneyRule::TooLarge, why))?;
        let body = json!({ "token": token, "paymentHash": self.hash, "statusToken": self.name });
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (url, body) = (at(url, TILL), body.to_string().into());
        Ok(Outgoing { method: Method::POST, url, headers, body })
    }

    /// What serves from now on: until the macaroon ends by its own caveats, or it is refused.
    fn credential(&self, credit: &Credit) -> Attachment {
        let pair = format!("{}:{}", self.macaroon, credit.secret);
        let text = format!("L402 {pair}");
        let until = valid_until(&self.macaroon).map(|seconds| seconds.saturating_mul(1000));
        Attachment {
            headers: vec![("Authorization".to_owned(), text.clone())],
            secrets: vec![credit.secret.clone(), self.macaroon.clone(), pair, text],
            reuse: Some(Reuse { until }),
            ..Attachment::default()
        }
    }
}

/// What the seller gave for the token.
struct Credit {
    /// The second half of the credential.
    secret: String,
    /// What the seller says that it has credited.
    sat: Option<u64>,
}

impl Credit {
    /// Reads `{token_suffix, credited?}`. `None` for anything else, `{state: "pending"}` among it.
    fn read(whole: &Whole) -> Option<Self> {
        if whole.status != StatusCode::OK {
            return None;
        }
        let told: Value = value(&whole.body, Limits::REPLY).ok()?;
        let secret = word(&told, "token_suffix").ok()?;
        Some(Self { secret, sat: told["credited"].as_u64() })
    }
}

/// The token in the query of the page on which an order can be looked at.
fn name_in(page: &str) -> Option<String> {
    // It may stand without an origin.
    let base = Url::parse("https://seller.invalid").ok()?;
    let url = base.join(page).ok()?;
    let token = url.query_pairs().find(|(name, _)| name == "token")?.1.into_owned();
    (!token.is_empty() && token.len() <= LONGEST_NAME).then_some(token)
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(change: impl Fn(&mut Value)) -> Result<Order, No> {
        let mut offer = json!({
            "payment_hash": "ab".repeat(32), "macaroon": "AgEE", "bolt11": "",
            "payment_url": "/invoice-status/abab?token=s1", "amount_sats": 10, "credit_sats": 11,
        });
        change(&mut offer);
        Order::read(offer.to_string().as_bytes(), 10)
    }

    #[test]
    fn an_order_is_for_what_was_ordered_and_says_where_to_pay() {
        let good = order(|_| {}).unwrap();
        assert_eq!((good.name.as_str(), good.macaroon.as_str()), ("s1", "AgEE"));
        for (code, name, bad) in [
            ("amount_mismatch", "amount_sats", json!(11)),
            ("amount_mismatch", "credit_sats", json!(9)),
            ("bad_challenge", "payment_hash", json!("ab")),
            ("bad_challenge", "macaroon", json!("a\r\nb")),
            ("bad_challenge", "payment_url", json!("/invoice-status/abab")),
            ("bad_challenge", "payment_url", json!(format!("/x?token={}", "a".repeat(129)))),
        ] {
            assert_eq!(order(|o| o[name] = bad.clone()).unwrap_err().code, code, "{name}: {bad}");
        }
    }
}
