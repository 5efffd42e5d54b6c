use serde_json::json;

use super::server::{Reply, Server};
use super::*;
use crate::{LnBits, Outcome, Wallet};

/// A server that sets 2000 msat aside, does this with an order and this with a look-up.
async fn lnbits(
    order: impl Fn() -> Reply + Send + Sync + 'static,
    found: impl Fn() -> Reply + Send + Sync + 'static,
) -> Server {
    Server::start(move |method, path, _| match (method, path) {
        ("GET", path) if path.starts_with("/prefix/api/v1/payments/fee-reserve?invoice=lnbc") => {
            Reply::Json(200, r#"{"fee_reserve":2000}"#.into())
        }
        ("POST", "/prefix/api/v1/payments") => order(),
        ("GET", path) if path == format!("/prefix/api/v1/payments/{}", hash()) => found(),
        ("GET", "/prefix/api/v1/wallet") => {
            Reply::Json(200, r#"{"name":"w","balance":123000}"#.into())
        }
        _ => Reply::Json(404, r#"{"detail":"Not Found"}"#.into()),
    })
    .await
}

fn wallet(server: &Server) -> LnBits {
    LnBits::new(place(server, "x-api-key"))
}

async fn pay(server: &Server) -> Outcome {
    wallet(server).pay(&invoice(), 10_000, "weather").await
}

fn paid(preimage: &str) -> Reply {
    let payment = json!({"payment_hash": hash().to_string(), "status": "success", "preimage": preimage, "amount": -10_000, "fee": -7});
    Reply::Json(201, payment.to_string())
}

fn booked(paid: bool, status: &str, preimage: &str, amount: i64) -> Reply {
    let details = json!({"status": status, "preimage": preimage, "amount": amount, "fee": -7});
    Reply::Json(200, json!({"paid": paid, "preimage": preimage, "details": details}).to_string())
}

fn refused(detail: &str) -> Reply {
    Reply::Json(520, json!({"detail": detail, "status": "failed"}).to_string())
}

fn nothing() -> Reply {
    Reply::Json(404, r#"{"detail":"Payment does not exist."}"#.into())
}

#[tokio::test]
async fn a_payment_settles_by_its_proof_and_its_fee_is_told() {
    let server = lnbits(|| paid(RIGHT), nothing).await;
    assert_eq!(told(&pay(&server).await), settled(7));
    let asked = server.asked();
    assert!(asked.iter().all(|text| text.contains(&format!("x-api-key: {KEY}"))));
    assert!(asked[1].contains(invoice().text()) && asked[1].contains(r#""out":true"#));
}

// L4C-16, L4C-17, L4C-18, NWC-15
#[tokio::test]
async fn only_a_preimage_that_proves_the_payment_settles_it() {
    for (preimage, wanted) in [
        (RIGHT.to_uppercase().as_str(), settled(7)),
        (WRONG, unknown("bad_proof")),
        (&RIGHT[2..], unknown("bad_proof")),
        (&format!("{RIGHT}\r\nX-Evil: 1"), unknown("bad_proof")),
        (&"0".repeat(64), unknown("bad_proof")),
        ("", unknown("no_proof")),
    ] {
        let preimage = preimage.to_owned();
        let server = lnbits(move || paid(&preimage), nothing).await;
        assert_eq!(told(&pay(&server).await), wanted);
    }
    let hides = json!({"payment_hash": hash().to_string(), "checking_id": "x"}).to_string();
    let order = hides.clone();
    let server = lnbits(move || Reply::Json(201, order.clone()), nothing).await;
    assert_eq!(told(&pay(&server).await), unknown("no_proof"), "nor do its books show it");
    let server =
        lnbits(move || Reply::Json(201, hides.clone()), || booked(true, "success", RIGHT, -10_000))
            .await;
    assert_eq!(told(&pay(&server).await), settled(7), "its books do");
}

// WLT-01
#[tokio::test]
async fn a_second_order_of_a_payment_is_settled_by_the_books() {
    let server =
        lnbits(|| refused("Payment already paid."), || booked(true, "success", RIGHT, -10_000))
            .await;
    assert_eq!(told(&pay(&server).await), settled(7));
    assert_eq!(server.count("POST "), 1, "ordered once");
}

#[tokio::test]
async fn a_refusal_is_what_the_books_make_of_it() {
    type Case = (fn() -> Reply, (&'static str, &'static str, Option<u64>));
    let cases: [Case; 7] = [
        (|| booked(false, "pending", "", -10_000), IN_FLIGHT),
        (|| booked(false, "failed", "", -10_000), failed("payment_failed")),
        (nothing, failed("insufficient")),
        (|| Reply::Json(500, "{}".into()), unknown("wallet_unavailable")),
        (|| Reply::Json(404, "<html>".into()), unknown("wallet_unavailable")),
        (
            || Reply::Json(200, r#"{"paid":false,"status":"failed"}"#.into()),
            unknown("bad_response"),
        ),
        (|| booked(true, "success", RIGHT, 10_000), unknown("bad_response")),
    ];
    for (found, wanted) in cases {
        let server = lnbits(|| refused("Insufficient balance."), found).await;
        assert_eq!(told(&pay(&server).await), wanted);
    }
}

// WLT-02
#[tokio::test]
async fn an_error_after_the_order_is_held_and_looked_up_later() {
    for reply in [
        (|| Reply::Json(500, r#"{"detail":"Unexpected error!"}"#.into())) as fn() -> Reply,
        || Reply::Json(502, "bad gateway".into()),
        || Reply::Json(520, "error code: 520".into()),
        || Reply::Json(408, r#"{"detail":"timeout"}"#.into()),
        || Reply::Json(200, "not json".into()),
        || Reply::Dropped,
        || Reply::Cut(r#"{"payment_hash":"#.into()),
    ] {
        let server = lnbits(reply, nothing).await;
        assert_eq!(told(&pay(&server).await), unknown("sent_unknown"));
        assert_eq!(server.count("POST "), 1, "ordered once");
    }
}

#[tokio::test]
async fn what_was_not_taken_up_is_definite() {
    for (status, code) in [
        (401, "wallet_auth"),
        (403, "wallet_auth"),
        (404, "wallet_unavailable"),
        (405, "wallet_unavailable"),
        (429, "wallet_busy"),
    ] {
        let server = lnbits(move || Reply::Json(status, "{}".into()), nothing).await;
        assert_eq!(told(&pay(&server).await), failed(code), "{status}");
    }
    let server = lnbits(|| paid(RIGHT), nothing).await;
    let nobody = LnBits::new(place_with(&server, "x-api-key", "missing"));
    assert_eq!(told(&nobody.pay(&invoice(), 10_000, "").await), failed("wallet_auth"));
    assert!(server.asked().is_empty(), "nothing was sent without the key");
    let gone = wallet(&server);
    drop(server);
    tokio::task::yield_now().await;
    assert_eq!(told(&gone.pay(&invoice(), 10_000, "").await), failed("wallet_unavailable"));
}

#[tokio::test]
async fn a_fee_beyond_the_limit_and_a_missing_amount_are_refused_before_the_order() {
    let server = lnbits(|| paid(RIGHT), nothing).await;
    let wallet = wallet(&server);
    assert_eq!(told(&wallet.pay(&invoice(), 1_999, "").await), failed("fee_limit"));
    assert_eq!(told(&wallet.pay(&amountless(), 10_000, "").await), failed("invoice_amount"));
    assert_eq!(server.count("POST "), 0);
    assert_eq!(told(&wallet.pay(&invoice(), 2_000, "").await), settled(7));
}

#[tokio::test]
async fn an_answer_for_another_payment_is_not_believed() {
    let other = json!({"payment_hash": "00".repeat(32), "status": "success", "preimage": RIGHT})
        .to_string();
    let server = lnbits(move || Reply::Json(201, other.clone()), nothing).await;
    assert_eq!(told(&pay(&server).await), unknown("bad_response"));
}

#[tokio::test]
async fn a_look_up_and_the_balance_pay_nothing() {
    let server = lnbits(|| paid(RIGHT), nothing).await;
    let wallet = wallet(&server);
    assert_eq!(told(&wallet.lookup(hash()).await), ABSENT);
    assert_eq!(wallet.balance().await.ok(), Some(123_000));
    assert_eq!(server.count("POST "), 0);
}

// NWC-16
#[tokio::test]
async fn a_key_that_the_wallet_says_back_is_not_shown() {
    let echo = || refused(&format!("no: X-Api-Key {KEY} is poor"));
    let server = lnbits(echo, nothing).await;
    let outcome = pay(&server).await;
    assert_eq!(told(&outcome), failed("payment_failed"));
    let shown = format!("{outcome:?}");
    assert!(shown.contains("is poor") && !shown.contains(KEY), "{shown}");
}
