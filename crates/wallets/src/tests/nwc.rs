use std::time::Duration;

use nostr::Keys;
use play_relay::{Manners, PlayRelay};
use serde_json::{Value, json};

use super::service::{
    SECRET, Service, by_uri, done, failure, info, reach, response, uri, wallet, wallet_keys,
};
use super::*;
use crate::{Outcome, Wallet};

pub(super) const PATIENCE: Duration = Duration::from_secs(10);
pub(super) const NOW: Duration = Duration::ZERO;
const REQUESTS: u64 = 23194;

pub(super) async fn relay() -> PlayRelay {
    PlayRelay::start().await.unwrap()
}

/// A wallet that pays whatever it is given, and knows of it afterwards.
pub(super) fn pays(method: &str, params: &Value) -> Value {
    match method {
        "pay_invoice" => {
            assert_eq!(params["invoice"], invoice().text());
            done(method, &json!({ "preimage": RIGHT, "fees_paid": 9 }))
        }
        "lookup_invoice" => {
            assert_eq!(params["payment_hash"], hash().to_string());
            let found = json!({ "type": "outgoing", "state": "settled", "preimage": RIGHT, "fees_paid": 9 });
            done(method, &found)
        }
        "get_balance" => done(method, &json!({ "balance": 123_000 })),
        _ => failure(method, "NOT_IMPLEMENTED", ""),
    }
}

pub(super) async fn pay(wallet: &impl Wallet) -> Outcome {
    wallet.pay(&invoice(), 10_000, "weather").await
}

pub(super) fn why(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(trouble) | Outcome::Unknown(trouble) => &trouble.why,
        _ => "",
    }
}

/// The ids of all requests that a relay was sent.
fn ids(relay: &PlayRelay) -> Vec<String> {
    relay.came(REQUESTS).iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_payment_settles_by_its_proof_and_the_relay_reads_nothing_of_it() {
    let relay = relay().await;
    let service = Service::start(&[&relay], NOW, pays).await;
    let wallet = wallet(&[&relay], PATIENCE);
    assert_eq!(told(&pay(&wallet).await), settled(9));
    assert_eq!(told(&wallet.lookup(hash()).await), settled(9));
    assert_eq!(wallet.balance().await.ok(), Some(123_000));
    assert_eq!(service.asked(), ["pay_invoice", "lookup_invoice", "get_balance"]);
    let seen = json!(relay.came(REQUESTS)).to_string();
    assert!(!seen.contains(invoice().text()) && !seen.contains(SECRET));
}

// NWC-13
#[tokio::test]
async fn what_one_relay_refuses_goes_by_the_other_and_what_none_takes_was_not_paid() {
    let (first, second) = (relay().await, relay().await);
    let service = Service::start(&[&first, &second], NOW, pays).await;
    let refuses = Manners { refuses: Some("blocked: not here".to_owned()), ..Manners::default() };
    first.behaves(refuses.clone());
    let patient = wallet(&[&first, &second], PATIENCE);
    assert_eq!(told(&pay(&patient).await), settled(9));
    assert_eq!((ids(&first).len(), ids(&first)), (1, ids(&second)), "the same event");
    second.behaves(refuses);
    let outcome = pay(&patient).await;
    assert_eq!(told(&outcome), failed("wallet_unavailable"));
    assert!(why(&outcome).contains("blocked: not here"), "{}", why(&outcome));
    assert_eq!(service.payments(), 1, "only the first");
    // A refusal that leaves a doubt is none.
    let unsure = Manners { refuses: Some("error: database".to_owned()), ..Manners::default() };
    second.behaves(unsure);
    let hasty = wallet(&[&first, &second], Duration::from_millis(300));
    assert_eq!(told(&pay(&hasty).await), unknown("sent_unknown"));
}

// NWC-14
#[tokio::test]
async fn a_request_that_is_delivered_by_every_relay_and_twice_is_one_payment() {
    let (first, second) = (relay().await, relay().await);
    let service = Service::start(&[&first, &second], Duration::from_millis(100), pays).await;
    for relay in [&first, &second] {
        relay.behaves(Manners { repeats: 2, ..Manners::default() });
    }
    assert_eq!(told(&pay(&wallet(&[&first, &second], PATIENCE)).await), settled(9));
    assert_eq!((ids(&first).len(), ids(&first)), (1, ids(&second)));
    assert_eq!(service.payments(), 1);
}

#[tokio::test]
async fn a_line_that_breaks_is_opened_again_and_sends_the_same_event() {
    let relay = relay().await;
    let service = Service::start(&[&relay], Duration::from_secs(1), pays).await;
    relay.behaves(Manners { cuts: 2, ..Manners::default() });
    assert_eq!(told(&pay(&wallet(&[&relay], PATIENCE)).await), settled(9));
    let mut ids = ids(&relay);
    assert_eq!(ids.len(), 3, "two that were not acknowledged, and one that was");
    ids.dedup();
    assert_eq!((ids.len(), service.payments()), (1, 1));
}

#[tokio::test]
async fn a_no_to_what_may_have_been_taken_before_is_no_proof_that_it_was_not() {
    let relay = relay().await;
    let service = Service::start(&[&relay], NOW, |_, _| Value::Null).await;
    relay.behaves(Manners { cuts: 1, ..Manners::default() });
    let wallet = wallet(&[&relay], Duration::from_secs(1));
    let (outcome, ()) = tokio::join!(pay(&wallet), async {
        while relay.came(REQUESTS).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        relay.behaves(Manners { refuses: Some("blocked: now".into()), ..Manners::default() });
    });
    assert_eq!(told(&outcome), unknown("sent_unknown"));
    assert_eq!((ids(&relay).len(), service.payments()), (2, 1));
}

// NWC-03
#[tokio::test]
async fn nothing_is_sent_to_a_wallet_that_does_not_say_what_is_needed() {
    for (says, reason) in [
        (Some(info("nip04", "pay_invoice lookup_invoice")), "does not offer NIP-44"),
        (Some(info("", "pay_invoice lookup_invoice")), "does not offer NIP-44"),
        (Some(info("nip44_v2", "lookup_invoice")), "`pay_invoice`"),
        (Some(info("nip44_v2", "pay_invoice")), "`lookup_invoice`"),
        (None, "kind 13194"),
    ] {
        let relay = relay().await;
        if let Some(info) = says {
            relay.holds(info);
        }
        let outcome = pay(&wallet(&[&relay], PATIENCE)).await;
        assert_eq!(told(&outcome), failed("wallet_unavailable"));
        assert!(why(&outcome).contains(reason), "{}", why(&outcome));
        assert!(relay.came(REQUESTS).is_empty());
    }
}

#[tokio::test]
async fn what_another_says_in_the_wallets_place_is_passed_over() {
    let relay = relay().await;
    let service = Service::start(&[&relay], Duration::from_millis(300), pays).await;
    let wallet = wallet(&[&relay], PATIENCE);
    let (outcome, ()) = tokio::join!(pay(&wallet), async {
        while relay.came(REQUESTS).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let id = ids(&relay).remove(0);
        let lie = failure("pay_invoice", "INSUFFICIENT_BALANCE", "");
        let client = Keys::from_bytes([0x0c; 32]).unwrap().public();
        let mut other = json!(null);
        for by in [Keys::from_bytes([9; 32]).unwrap(), wallet_keys()] {
            let event = response(&by, client, &id, &lie).to_json();
            other = serde_json::from_str(&event).unwrap();
            if by.public() == wallet_keys().public() {
                other["sig"] = "00".repeat(64).into();
            }
            relay.holds(other.clone());
        }
        assert_eq!(other["pubkey"], wallet_keys().public().to_hex());
    });
    assert_eq!((told(&outcome), service.payments()), (settled(9), 1));
}

#[tokio::test]
async fn a_relay_that_is_not_there_or_does_not_let_itself_be_asked_is_done_without() {
    let (good, gone, shut) = (relay().await, relay().await, relay().await);
    let service = Service::start(&[&good, &shut], NOW, pays).await;
    shut.behaves(Manners { closes: Some("auth-required: who?".into()), ..Manners::default() });
    let (there, away) = (good.url(), gone.url());
    let reach = reach(&[&good, &gone, &shut]);
    drop(gone);
    tokio::task::yield_now().await;
    let shut = shut.url();
    let both = by_uri(uri([away.as_str(), &shut, &there]), reach.clone(), PATIENCE);
    assert_eq!(told(&pay(&both).await), settled(9));
    let none = by_uri(uri([away.as_str(), &shut]), reach, PATIENCE);
    let outcome = pay(&none).await;
    assert_eq!(told(&outcome), failed("wallet_unavailable"));
    assert!(why(&outcome).contains("auth-required"), "{}", why(&outcome));
    assert_eq!(service.payments(), 1);
}

#[tokio::test]
async fn a_relay_that_says_nothing_at_all_is_waited_for_and_got_nothing() {
    let relay = relay().await;
    relay.behaves(Manners { mute: true, ..Manners::default() });
    let outcome = pay(&wallet(&[&relay], Duration::from_millis(300))).await;
    assert_eq!(told(&outcome), failed("wallet_unavailable"));
    assert!(relay.came(REQUESTS).is_empty());
}

#[tokio::test]
async fn a_relay_on_this_machine_is_reached_only_where_it_is_named_as_private() {
    let relay = relay().await;
    let _service = Service::start(&[&relay], NOW, pays).await;
    let wallet = by_uri(uri([relay.url().as_str()]), reach(&[]), PATIENCE);
    let outcome = pay(&wallet).await;
    assert_eq!(told(&outcome), failed("wallet_unavailable"));
    assert!(why(&outcome).contains("address_refused"), "{}", why(&outcome));
}

// NWC-02
#[tokio::test]
async fn a_uri_that_is_none_or_is_not_given_out_is_refused_and_not_shown() {
    let relay = relay().await;
    let good = uri([relay.url().as_str()]);
    for (bad, reason) in [
        (good.replace(&relay.url(), "ws://relay.example.com"), "tls"),
        (good.replace("secret=", "other="), "secret"),
        (good.replace("nostr+", ""), "uri"),
    ] {
        let outcome = pay(&by_uri(bad, reach(&[&relay]), PATIENCE)).await;
        assert_eq!(told(&outcome), failed("wallet_auth"));
        let shown = why(&outcome);
        assert!(shown.contains(reason) && !shown.contains(SECRET), "{shown}");
    }
    assert_eq!(told(&pay(&wallet(&[], PATIENCE)).await), failed("wallet_auth"), "no relay");
}

#[tokio::test]
async fn a_wallet_is_known_by_its_key_and_ours() {
    let relay = relay().await;
    let account = wallet(&[&relay], PATIENCE).account().await.unwrap();
    let (own, client) = (wallet_keys().public(), Keys::from_bytes([0x0c; 32]).unwrap().public());
    assert_eq!(account, format!("{} {}", own.to_hex(), client.to_hex()));
    let nobody = by_uri("nothing".to_owned(), reach(&[&relay]), PATIENCE);
    assert_eq!(nobody.account().await.unwrap_err().code, "wallet_auth");
    let amount = wallet(&[&relay], PATIENCE).pay(&amountless(), 0, "").await;
    assert_eq!(told(&amount), failed("invoice_amount"));
}
