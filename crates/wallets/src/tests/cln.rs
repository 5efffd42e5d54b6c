use serde_json::{Value, json};

use super::server::{Reply, Server};
use super::*;
use crate::{CoreLightning, Outcome, Wallet};

async fn cln(
    pay: impl Fn() -> Reply + Send + Sync + 'static,
    pays: impl Fn() -> Value + Send + Sync + 'static,
) -> Server {
    Server::start(move |_, path, _| match path {
        "/prefix/v1/pay" => pay(),
        "/prefix/v1/listpays" => Reply::Json(201, json!({ "pays": pays() }).to_string()),
        "/prefix/v1/listfunds" => {
            let channels = json!([
                {"state": "CHANNELD_NORMAL", "our_amount_msat": 1_000},
                {"state": "CHANNELD_NORMAL", "our_amount_msat": "234msat"},
                {"state": "ONCHAIN", "our_amount_msat": 5_000},
            ]);
            Reply::Json(201, json!({"outputs": [], "channels": channels}).to_string())
        }
        _ => Reply::Json(404, "{}".into()),
    })
    .await
}

fn wallet(server: &Server) -> CoreLightning {
    CoreLightning::new(place(server, "rune"))
}

async fn pay(server: &Server) -> Outcome {
    wallet(server).pay(&invoice(), 10_000, "weather").await
}

fn payment(status: &str, proof: &str, preimage: &str) -> Value {
    json!({
        "payment_hash": hash().to_string(), "status": status, proof: preimage,
        "amount_msat": 10_000, "amount_sent_msat": 10_007,
    })
}

fn done(status: &str, preimage: &str) -> Reply {
    Reply::Json(201, payment(status, "payment_preimage", preimage).to_string())
}

fn refused(status: u16, code: i64) -> Reply {
    Reply::Json(status, json!({"code": code, "message": "no"}).to_string())
}

fn none() -> Value {
    json!([])
}

#[tokio::test]
async fn a_payment_settles_by_its_proof_and_its_fee_is_the_difference() {
    let server = cln(|| done("complete", RIGHT), none).await;
    assert_eq!(told(&pay(&server).await), settled(7));
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST ") && asked.contains(&format!("rune: {KEY}")));
    assert!(asked.contains(r#""maxfee":10000"#) && asked.contains(r#""label":"weather""#));
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
        let preimage = preimage.to_owned();
        let server = cln(move || done("complete", &preimage), none).await;
        assert_eq!(told(&pay(&server).await), wanted);
    }
}

// WLT-05
#[tokio::test]
async fn a_payment_that_is_pending_is_held() {
    let server = cln(|| done("pending", ""), none).await;
    assert_eq!(told(&pay(&server).await), IN_FLIGHT);
    let server = cln(|| refused(500, 200), none).await;
    assert_eq!(told(&pay(&server).await), IN_FLIGHT);
}

// WLT-06
#[tokio::test]
async fn a_hash_that_was_paid_on_other_terms_is_held_as_a_contradiction() {
    let server = cln(|| refused(500, 201), none).await;
    assert_eq!(told(&pay(&server).await), unknown("bad_response"));
}

#[tokio::test]
async fn the_codes_of_the_node_say_what_is_definite() {
    for (status, code, wanted) in [
        (500, 203, failed("payment_failed")),
        (500, 205, failed("payment_failed")),
        (500, 206, failed("fee_limit")),
        (500, 207, failed("invoice_expired")),
        (500, 210, failed("payment_failed")),
        (401, 1501, failed("wallet_auth")),
        (403, 1502, failed("wallet_auth")),
        (400, -32602, failed("wallet_unavailable")),
        (500, -1, unknown("sent_unknown")),
        (500, 202, unknown("sent_unknown")),
        (500, 204, unknown("sent_unknown")),
        (500, 209, unknown("sent_unknown")),
    ] {
        let server = cln(move || refused(status, code), none).await;
        assert_eq!(told(&pay(&server).await), wanted, "{code}");
        let wrapped = json!({"error": {"code": code, "message": "no"}}).to_string();
        let server = cln(move || Reply::Json(status, wrapped.clone()), none).await;
        assert_eq!(told(&pay(&server).await), wanted, "{code}, wrapped");
    }
    for reply in [
        (|| Reply::Dropped) as fn() -> Reply,
        || Reply::Json(502, "x".into()),
        || Reply::Json(201, "x".into()),
    ] {
        let server = cln(reply, none).await;
        assert_eq!(told(&pay(&server).await), unknown("sent_unknown"));
    }
    let server = cln(|| Reply::Dropped, none).await;
    assert_eq!(told(&wallet(&server).pay(&amountless(), 1, "").await), failed("invoice_amount"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn of_several_tries_the_one_that_paid_decides() {
    let of = |status: &str, preimage: &str| payment(status, "preimage", preimage);
    for (pays, wanted) in [
        (json!([]), ABSENT),
        (json!([of("failed", ""), of("failed", "")]), failed("payment_failed")),
        (json!([of("failed", ""), of("pending", "")]), IN_FLIGHT),
        (json!([of("pending", ""), of("complete", RIGHT), of("failed", "")]), settled(7)),
        (json!([of("failed", ""), of("complete", WRONG)]), unknown("bad_proof")),
        (json!([{"payment_hash": "00".repeat(32), "status": "failed"}]), unknown("bad_response")),
        (json!("none"), unknown("wallet_unavailable")),
    ] {
        let server = cln(|| Reply::Dropped, move || pays.clone()).await;
        assert_eq!(told(&wallet(&server).lookup(hash()).await), wanted);
    }
}

#[tokio::test]
async fn the_balance_is_that_of_open_channels() {
    let server = cln(|| Reply::Dropped, none).await;
    assert_eq!(wallet(&server).balance().await.ok(), Some(1_234));
}
