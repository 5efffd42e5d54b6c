use serde_json::{Value, json};

use super::server::{Reply, Server};
use super::*;
use crate::{Lnd, Outcome, Wallet};

const TRACK: &str = "/prefix/v2/router/track/cs1uhCLEB_ttCYaQ8RMLfe1-wvf14dML2dUh8BU2N5M=";

async fn lnd(
    send: impl Fn() -> Reply + Send + Sync + 'static,
    track: impl Fn() -> Reply + Send + Sync + 'static,
) -> Server {
    Server::start(move |method, path, _| match (method, path) {
        ("POST", "/prefix/v2/router/send") => send(),
        ("GET", TRACK) => track(),
        ("GET", "/prefix/v1/balance/channels") => {
            Reply::Json(200, r#"{"balance":"5","local_balance":{"sat":"5","msat":"5432"}}"#.into())
        }
        _ => Reply::Json(404, r#"{"code":5,"message":"Not Found","details":[]}"#.into()),
    })
    .await
}

fn wallet(server: &Server) -> Lnd {
    Lnd::new(place(server, "grpc-metadata-macaroon"))
}

async fn pay(server: &Server) -> Outcome {
    wallet(server).pay(&invoice(), 10_000, "weather").await
}

fn line(status: &str, more: &Value) -> String {
    let mut payment = json!({"payment_hash": hash().to_string(), "value_msat": "10000", "status": status, "fee_msat": "7"});
    for (name, value) in more.as_object().unwrap() {
        payment[name] = value.clone();
    }
    format!("{}\n", json!({ "result": payment }))
}

fn succeeded(preimage: &str) -> String {
    line("SUCCEEDED", &json!({ "payment_preimage": preimage }))
}

fn gave_up(reason: &str) -> String {
    line("FAILED", &json!({ "failure_reason": reason }))
}

fn refused(status: u16, code: i64, message: &str) -> Reply {
    Reply::Json(
        status,
        json!({"error": {"code": code, "message": message, "details": []}}).to_string(),
    )
}

fn nothing() -> Reply {
    refused(404, 5, "payment isn't initiated")
}

#[tokio::test]
async fn a_payment_settles_by_its_proof_at_the_end_of_the_stream() {
    let both = || format!("{}{}", line("IN_FLIGHT", &json!({})), succeeded(RIGHT));
    let server = lnd(move || Reply::Json(200, both()), nothing).await;
    assert_eq!(told(&pay(&server).await), settled(7));
    let asked = &server.asked()[0];
    assert!(asked.contains(&format!("grpc-metadata-macaroon: {KEY}")));
    assert!(
        asked.contains(r#""fee_limit_msat":"10000""#) && asked.contains(r#""timeout_seconds":5"#)
    );
}

#[tokio::test]
async fn a_proof_that_came_counts_whatever_becomes_of_the_stream() {
    let server = lnd(|| Reply::Stalled(succeeded(RIGHT)), nothing).await;
    assert_eq!(told(&pay(&server).await), settled(7));
    let server = lnd(|| Reply::Cut(succeeded(RIGHT)), nothing).await;
    assert_eq!(told(&pay(&server).await), settled(7));
}

// L4C-16, L4C-17, L4C-18
#[tokio::test]
async fn only_a_preimage_that_proves_the_payment_settles_it() {
    for (preimage, wanted) in [
        (RIGHT.to_uppercase().as_str(), settled(7)),
        (WRONG, unknown("bad_proof")),
        (&format!("{RIGHT}\r\nX-Evil: 1"), unknown("bad_proof")),
        ("", unknown("no_proof")),
    ] {
        let text = succeeded(preimage);
        let server = lnd(move || Reply::Json(200, text.clone()), nothing).await;
        assert_eq!(told(&pay(&server).await), wanted);
    }
}

// WLT-03
#[tokio::test]
async fn a_stream_that_is_cut_is_held_and_tracking_decides() {
    let server = lnd(
        || Reply::Cut(line("IN_FLIGHT", &json!({}))),
        || Reply::Stalled(line("IN_FLIGHT", &json!({}))),
    )
    .await;
    assert_eq!(told(&pay(&server).await), unknown("sent_unknown"));
    assert_eq!(told(&wallet(&server).lookup(hash()).await), IN_FLIGHT, "told at once, not awaited");
    assert_eq!(server.count("POST "), 1);
    for reply in [
        (|| Reply::Dropped) as fn() -> Reply,
        || Reply::Cut(String::new()),
        || Reply::Json(500, "oops".into()),
    ] {
        let server = lnd(reply, nothing).await;
        assert_eq!(told(&pay(&server).await), unknown("sent_unknown"));
    }
    let server = lnd(|| Reply::Json(200, line("IN_FLIGHT", &json!({}))), nothing).await;
    assert_eq!(told(&pay(&server).await), IN_FLIGHT, "the stream ended by itself");
}

// WLT-04
#[tokio::test]
async fn a_payment_that_the_books_call_failed_is_released() {
    for (reason, code) in [
        ("FAILURE_REASON_NO_ROUTE", "payment_failed"),
        ("FAILURE_REASON_TIMEOUT", "payment_failed"),
        ("FAILURE_REASON_INSUFFICIENT_BALANCE", "insufficient"),
    ] {
        let server = lnd(
            move || Reply::Json(200, gave_up(reason)),
            move || Reply::Json(200, gave_up(reason)),
        )
        .await;
        assert_eq!(told(&wallet(&server).lookup(hash()).await), failed(code), "{reason}");
        assert_eq!(told(&pay(&server).await), failed(code), "{reason}");
    }
    let server = lnd(|| Reply::Dropped, || Reply::Json(200, line("UNKNOWN", &json!({})))).await;
    assert_eq!(told(&wallet(&server).lookup(hash()).await), unknown("bad_response"));
}

#[tokio::test]
async fn an_order_that_was_given_before_is_settled_by_the_books() {
    let twice = || refused(409, 6, "invoice is already paid");
    let server = lnd(twice, || Reply::Stalled(succeeded(RIGHT))).await;
    assert_eq!(told(&pay(&server).await), settled(7));
    let server = lnd(|| refused(200, 2, "unknown"), nothing).await;
    assert_eq!(
        told(&pay(&server).await),
        failed("wallet_unavailable"),
        "it answered, and never began"
    );
    let server = lnd(|| refused(200, 2, "unknown"), || Reply::Dropped).await;
    assert_eq!(told(&pay(&server).await).0, "unknown");
}

#[tokio::test]
async fn what_was_not_taken_up_is_definite() {
    for (reply, code) in [
        ((|| refused(400, 3, "invoice expired")) as fn() -> Reply, "payment_failed"),
        (|| refused(500, 7, "permission denied"), "wallet_auth"),
        (|| Reply::Json(401, "{}".into()), "wallet_auth"),
        (|| Reply::Json(404, r#"{"code":5,"message":"Not Found"}"#.into()), "wallet_unavailable"),
        (|| Reply::Json(429, "{}".into()), "wallet_busy"),
    ] {
        let server = lnd(reply, nothing).await;
        assert_eq!(told(&pay(&server).await), failed(code));
    }
    let server = lnd(|| Reply::Dropped, nothing).await;
    assert_eq!(told(&wallet(&server).pay(&amountless(), 1, "").await), failed("invoice_amount"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn absent_is_what_the_books_do_not_know_and_not_a_path_that_is_wrong() {
    let server = lnd(|| Reply::Dropped, nothing).await;
    let wallet = wallet(&server);
    assert_eq!(told(&wallet.lookup(hash()).await), ABSENT);
    assert_eq!(wallet.balance().await.ok(), Some(5_432));
    let other = Preimage::from_bytes([3; 32]).hash();
    assert_eq!(told(&wallet.lookup(other).await), unknown("wallet_unavailable"));
}

#[tokio::test]
async fn an_answer_for_another_payment_is_not_believed() {
    let text =
        line("SUCCEEDED", &json!({"payment_hash": "00".repeat(32), "payment_preimage": RIGHT}));
    let server = lnd(move || Reply::Json(200, text.clone()), nothing).await;
    assert_eq!(told(&pay(&server).await), unknown("bad_response"));
}
