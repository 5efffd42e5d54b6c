//! What a wallet over Nostr answers, and what that means for money.

use std::time::Duration;

use serde_json::{Value, json};

use super::nwc::{NOW, PATIENCE, pay, pays, relay};
use super::service::{SECRET, Service, done, failure, info, uri, wallet};
use super::*;
use crate::Wallet as _;

// NWC-06, NWC-07
#[tokio::test]
async fn an_answer_that_comes_too_late_is_held_and_the_wallets_books_settle_it() {
    let relay = relay().await;
    let late = Duration::from_millis(600);
    let service = Service::start(&[&relay], late, pays).await;
    let hasty = wallet(&[&relay], Duration::from_millis(200));
    assert_eq!(told(&pay(&hasty).await), unknown("sent_unknown"));
    assert_eq!(told(&hasty.lookup(hash()).await), settled(9));
    assert_eq!(service.asked(), ["pay_invoice", "lookup_invoice"], "payments=1");
}

#[tokio::test]
async fn an_error_fails_a_payment_only_if_nothing_can_have_been_paid() {
    for (code, wanted) in [
        ("RATE_LIMITED", failed("wallet_busy")),
        ("INSUFFICIENT_BALANCE", failed("insufficient")),
        ("QUOTA_EXCEEDED", failed("wallet_quota")),
        ("RESTRICTED", failed("wallet_auth")),
        ("PAYMENT_FAILED", unknown("sent_unknown")),
        ("INTERNAL", unknown("sent_unknown")),
        ("NEW", unknown("sent_unknown")),
    ] {
        let relay = relay().await;
        let script = move |method: &str, _: &Value| failure(method, code, "");
        let _service = Service::start(&[&relay], NOW, script).await;
        assert_eq!(told(&pay(&wallet(&[&relay], PATIENCE)).await), wanted, "{code}");
    }
}

// NWC-05, NWC-15
#[tokio::test]
async fn an_answer_without_proof_or_meaning_settles_nothing() {
    let paid = |preimage: &str| done("pay_invoice", &json!({ "preimage": preimage }));
    for (answer, wanted) in [
        (paid(WRONG), unknown("bad_proof")),
        (paid(&RIGHT[2..]), unknown("bad_proof")),
        (paid(""), unknown("no_proof")),
        (done("get_balance", &json!({ "balance": 1 })), unknown("bad_response")),
        (json!({ "result_type": "pay_invoice" }), unknown("bad_response")),
    ] {
        let relay = relay().await;
        let _service = Service::start(&[&relay], NOW, move |_, _| answer.clone()).await;
        assert_eq!(told(&pay(&wallet(&[&relay], PATIENCE)).await), wanted);
    }
}

#[tokio::test]
async fn a_look_up_is_what_the_wallets_books_say() {
    let of = |state: &str| json!({ "type": "outgoing", "state": state });
    for (answer, wanted) in [
        (failure("lookup_invoice", "NOT_FOUND", ""), ABSENT),
        (done("lookup_invoice", &of("expired")), ABSENT),
        (done("lookup_invoice", &of("pending")), IN_FLIGHT),
        (done("lookup_invoice", &of("failed")), failed("payment_failed")),
        (failure("lookup_invoice", "INTERNAL", ""), unknown("sent_unknown")),
        (failure("get_balance", "NOT_FOUND", ""), unknown("bad_response")),
    ] {
        let relay = relay().await;
        let _service = Service::start(&[&relay], NOW, move |_, _| answer.clone()).await;
        assert_eq!(told(&wallet(&[&relay], PATIENCE).lookup(hash()).await), wanted);
    }
    let nobody = relay().await;
    let outcome = wallet(&[&nobody], PATIENCE).lookup(hash()).await;
    assert_eq!(told(&outcome), unknown("wallet_unavailable"), "not asked is not absent");
}

#[tokio::test]
async fn what_a_look_up_does_not_know_may_be_in_the_list() {
    let entry = json!({
        "type": "outgoing", "payment_hash": hash().to_string(), "state": "settled",
        "preimage": RIGHT, "fees_paid": 9,
    });
    let list = |entries: Value| done("list_transactions", &json!({ "transactions": entries }));
    for (answer, wanted) in [
        (list(json!([entry])), settled(9)),
        (list(json!([])), ABSENT),
        (failure("list_transactions", "NOT_IMPLEMENTED", ""), ABSENT),
        (failure("list_transactions", "INTERNAL", ""), unknown("sent_unknown")),
    ] {
        let relay = relay().await;
        let script = move |method: &str, _: &Value| match method {
            "list_transactions" => answer.clone(),
            _ => failure(method, "NOT_FOUND", ""),
        };
        let service = Service::start(&[&relay], NOW, script).await;
        relay.holds(info("nip44_v2", "pay_invoice lookup_invoice list_transactions"));
        assert_eq!(told(&wallet(&[&relay], PATIENCE).lookup(hash()).await), wanted);
        assert_eq!(service.asked(), ["lookup_invoice", "list_transactions"]);
    }
}

// NWC-16
#[tokio::test]
async fn a_uri_that_the_wallet_says_back_is_not_shown() {
    let relay = relay().await;
    let said = format!("bad key in {} or {SECRET}, sorry", uri([relay.url().as_str()]));
    let script = move |method: &str, _: &Value| failure(method, "INTERNAL", &said);
    let _service = Service::start(&[&relay], NOW, script).await;
    let outcome = pay(&wallet(&[&relay], PATIENCE)).await;
    let shown = format!("{outcome:?}");
    assert!(shown.contains("sorry"), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains("walletconnect:"), "{shown}");
}
