//! `buy_credits`: credit at a seller that sells it beforehand, as toll-booth does.
//!
//! The seller's offer (`POST /create-invoice`) is an invoice and a token, which is what an L402 challenge holds, too. It is
//! judged, paid and proven as that, at the place where it was offered; nothing of it is believed that the invoice does not say.

use bytes::Bytes;
use egress::{Outgoing, Whole};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use lightning::Invoice;
use model::money::MoneyRule;
use pay::{Answer, Carrier as _, Errand, Paid, Request, Sending, Unpaid};
use protocol::json::{Limits, value};
use serde_json::{Value, json};
use url::Url;

use crate::arguments::No;
use crate::definition::Tool;
use crate::fetch::{Sender, payment, refused, unanswered};
use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::wanted::{key, place};

/// Where toll-booth sells credit.
const SHOP: &str = "/create-invoice";
/// Longest token or invoice, in bytes.
const LONGEST: usize = 8 << 10;

impl Call<'_> {
    /// Buys credit, and keeps what serves for the URL that was named.
    pub(crate) async fn buy_credits(&self) -> Result<Found, Ended> {
        let (origin, url) = place(&self.arguments)?;
        let most = self.arguments.count("amountSats")?;
        let client = self.purse.places.client(self.payer, &origin)?;
        let request = order(&url, most);
        let sender = Sender { client, deadline: self.deadline };
        let whole = offered(&sender, request.clone()).await?;
        let offer = Offer::read(&whole.body, most)?;
        let key = key(&self.arguments)?;
        let errand = self.errand(Tool::BuyCredits, Request::http(&request), key)?;
        let paid = self.bought(&errand, &offer.challenge(request.url)?).await?;
        let served = Outgoing {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let served = self.errand(Tool::Fetch, Request::http(&served), None)?;
        let kept = self.payer.keep(&errand, &served, paid.attachment()).await;
        // Paid and proven before anything could be sent with it: there is no further request that its fate hangs on.
        let told = paid.lost(false).await;
        Ok(json!({
            "payment": payment(&told),
            "paid": format!("{} sat", offer.sat),
            "credit": offer.credit,
            "url": url.as_str(),
            "kept": kept,
        })
        .into())
    }

    /// Pays for credit as it was offered.
    pub(crate) async fn bought(&self, errand: &Errand, offer: &Answer) -> Result<Paid, Ended> {
        match self.payer.pay(errand, offer).await {
            Ok(paid) => Ok(paid),
            Err(Unpaid::Asks(asked)) => Err(Ended::Asks(asked)),
            Err(Unpaid::Refused(no)) => Err(refused(&no).into()),
            Err(Unpaid::NoDemand) => Err(unreadable("nothing is asked for").into()),
        }
    }
}

/// What a seller answers to an order for credit. Nothing is paid yet.
pub(crate) async fn offered(sender: &Sender, order: Outgoing) -> Result<Whole, Ended> {
    let sent = sender.send(order, None, Sending::Once).await;
    let whole = sent.map_err(|e| Ended::from(unanswered(&e, None)))?;
    if !whole.status.is_success() {
        let why = format!("the seller sells no credit here: HTTP {}", whole.status.as_u16());
        return Err(No::rule(MoneyRule::NoAcceptableOffer, why).into());
    }
    Ok(whole)
}

/// The order for credit, at the seller's own origin.
pub(crate) fn order(url: &Url, most: Option<u64>) -> Outgoing {
    let place = at(url, SHOP);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = most.map_or_else(|| json!({}), |sat| json!({ "amountSats": sat }));
    Outgoing { method: Method::POST, url: place, headers, body: body.to_string().into() }
}

/// A path at the origin of a URL.
pub(crate) fn at(url: &Url, path: &str) -> Url {
    let mut place = url.clone();
    place.set_path(path);
    place.set_query(None);
    place
}

/// What the seller offers: a token that is worth something once its invoice is paid.
#[derive(Debug)]
struct Offer {
    token: String,
    invoice: String,
    /// What the invoice asks, in satoshi, rounded up.
    sat: u64,
    /// What the seller says it is worth.
    credit: Option<u64>,
}

impl Offer {
    /// Reads `{payment_hash, macaroon, bolt11, credit_sats?}`. Nothing else than was ordered is bought, nor for less credit
    /// than it costs.
    fn read(body: &[u8], most: Option<u64>) -> Result<Self, No> {
        let offer = value(body, Limits::REPLY).map_err(|_| unreadable("it is no JSON"))?;
        let token = word(&offer, "macaroon")?;
        let invoice = word(&offer, "bolt11")?;
        let read = Invoice::parse(&invoice)
            .map_err(|_| No::rule(MoneyRule::BadInvoice, "the seller's invoice cannot be read"))?;
        let hash = read.payment_hash().to_string();
        if offer["payment_hash"].as_str().is_some_and(|said| !said.eq_ignore_ascii_case(&hash)) {
            let why = "the invoice is for another payment than the seller says";
            return Err(No::rule(MoneyRule::HashMismatch, why));
        }
        let sat = read.sat_ceil().ok_or_else(|| {
            No::rule(MoneyRule::InvoiceAmount, "the seller's invoice has no amount")
        })?;
        if most.is_some_and(|most| sat > most) {
            let why = format!("the seller asks {sat} sat, which is more than was ordered");
            return Err(No::rule(MoneyRule::InvoiceAmount, why));
        }
        let credit = offer["credit_sats"].as_u64();
        if credit.is_some_and(|credit| credit < sat) {
            let why = "the seller gives less credit than its invoice asks for";
            return Err(No::rule(MoneyRule::AmountMismatch, why));
        }
        Ok(Self { token, invoice, sat, credit })
    }

    /// The same as an L402 challenge of the place where it was offered.
    fn challenge(&self, url: Url) -> Result<Answer, No> {
        let text =
            format!("L402 version=\"0\", token=\"{}\", invoice=\"{}\"", self.token, self.invoice);
        let field = HeaderValue::try_from(text);
        let field = field.map_err(|_| unreadable("its token fits no header"))?;
        let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, field)]);
        Ok(Answer::Http { status: StatusCode::PAYMENT_REQUIRED, headers, body: Bytes::new(), url })
    }
}

/// A token or an invoice: base64 or bech32, so that it means nothing else where it is put.
pub(crate) fn word(offer: &Value, name: &str) -> Result<String, No> {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || b"+/=-_".contains(&c);
    let text = offer[name]
        .as_str()
        .filter(|text| !text.is_empty() && text.len() <= LONGEST && text.bytes().all(lawful));
    text.map(ToOwned::to_owned).ok_or_else(|| unreadable(&format!("it has no `{name}`")))
}

pub(crate) fn unreadable(why: &str) -> No {
    No::rule(MoneyRule::BadChallenge, format!("the seller's offer cannot be read: {why}"))
}
