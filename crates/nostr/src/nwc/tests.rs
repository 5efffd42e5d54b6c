use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bytes::to_hex;
use crate::{Conversation, Event, Keys, Unverified};

/// NWC-01.
const URI: &str = "nostr+walletconnect://552c630b64b54bf50210c9e253d38bd4949c72e22873500f6285c2bede312a84?relay=wss%3A%2F%2Frelay.example.com&secret=0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c";
const AT: u64 = 1_740_672_000;
const PREIMAGE: [u8; 32] = [0xa7; 32];

fn connection() -> Connection {
    Connection::read(URI, false).ok().unwrap()
}

fn wallet() -> Keys {
    Keys::from_bytes([0x0b; 32]).unwrap()
}

fn hash() -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &PREIMAGE);
    digest.as_ref().try_into().unwrap()
}

fn pay() -> Sent {
    let request = Request::PayInvoice("lnbc1".into(), None);
    connection().request(&request, AT, AT + 60, &[1; 32], &[2; 32]).unwrap()
}

/// A response of the wallet, signed by `by`.
fn response(by: &Keys, at: u64, tags: &[[&str; 2]], content: &Value) -> Unverified {
    let conversation = Conversation::new(&wallet(), connection().client()).ok().unwrap();
    let sealed = conversation.seal(&content.to_string(), &[3; 32]).unwrap();
    let tags = tags.iter().map(|tag| tag.map(str::to_owned).to_vec()).collect();
    let event = Event::sign(by, at, KIND_RESPONSE, tags, sealed, &[4; 32]).unwrap();
    Unverified::read(&event.to_json()).unwrap()
}

/// What the wallet's answer to the payment is heard as.
fn heard(content: &Value) -> Heard {
    let sent = pay();
    let tags = [["p", &connection().client().to_hex()], ["e", sent.event.id_hex()]];
    connection().hear(&sent, response(&wallet(), AT + 1, &tags, content))
}

fn answer(content: &Value) -> Answer {
    let Heard::Answer(answer) = heard(content) else { panic!("an answer") };
    answer
}

fn paid(preimage: &str) -> Value {
    json!({"result_type": "pay_invoice", "error": null, "result": {"preimage": preimage, "fees_paid": 9}})
}

fn failed(code: &str) -> Value {
    json!({"result_type": "pay_invoice", "error": {"code": code, "message": "m"}, "result": null})
}

#[test]
fn nwc_01_a_connection_is_read() {
    let read = connection();
    assert_eq!(
        read.client().to_hex(),
        "0f0fb9a244ad31a369ee02b7abfbbb0bfa3812b9a39ed93346d03d67d412d177"
    );
    let relays = |connection: &Connection| -> Vec<String> {
        connection.relays().iter().map(ToString::to_string).collect()
    };
    assert_eq!(relays(&read), ["wss://relay.example.com/"]);
    let other = "&relay=wss://other.example.com&relay=wss://relay.example.com";
    let twice = Connection::read(&format!("{URI}{other}"), false).ok().unwrap();
    assert_eq!(relays(&twice), ["wss://relay.example.com/", "wss://other.example.com/"]);
    assert_eq!(read.wallet(), wallet().public());
}

#[test]
fn nwc_02_and_other_connections_are_refused_by_what_is_wrong() {
    let code = |uri: &str, loopback| Connection::read(uri, loopback).err().map(|fault| fault.code);
    let relay = |url: &str| URI.replace("wss%3A%2F%2Frelay.example.com", url);
    assert_eq!(code(&relay("ws://relay.example.com"), true), Some("tls"), "NWC-02");
    assert_eq!(code(&relay("ws://127.0.0.1:7000"), false), Some("tls"));
    assert_eq!(code(&relay("ws://127.0.0.1:7000"), true), None);
    assert_eq!(code(&relay("ws://[::1]:7000"), true), None);
    for bad in ["https://relay.example.com", "wss://u:p@relay.example.com", "relay", ""] {
        assert_eq!(code(&relay(bad), true), Some("relay"), "{bad}");
    }
    assert_eq!(code(&URI.replace("relay=", "other="), false), Some("relay"));
    assert_eq!(code(&format!("{URI}&secret={}", "0d".repeat(32)), false), Some("secret"));
    assert_eq!(code(&URI.replace(&"0c".repeat(32), &"00".repeat(32)), false), Some("secret"));
    assert_eq!(code(&URI.replace(&"0c".repeat(32), "0c"), false), Some("secret"));
    assert_eq!(code(URI.split('&').next().unwrap(), false), Some("secret"));
    for bad in [
        "",
        "nostr+walletconnect://",
        &URI.replace("552c", "552C"),
        &URI.replace("://", ":"),
        &format!(" {URI}"),
    ] {
        assert_eq!(code(bad, false), Some("uri"), "{bad}");
    }
    assert_eq!(code(&format!("{URI}&lud16=a%40b.example"), false), None);
}

#[test]
fn nwc_03_a_wallet_that_offers_nip_04_alone_is_refused() {
    let info = |tags: &[[&str; 2]], by: &Keys| {
        let tags = tags.iter().map(|tag| tag.map(str::to_owned).to_vec()).collect();
        let event =
            Event::sign(by, AT, KIND_INFO, tags, "pay_invoice get_balance".into(), &[0; 32]);
        Info::read(&event.unwrap(), wallet().public()).map_err(|fault| fault.code)
    };
    let good = info(&[["encryption", "nip44_v2 nip04"]], &wallet()).unwrap();
    assert!(good.can("pay_invoice") && !good.can("pay"));
    assert_eq!(info(&[["encryption", "nip04"]], &wallet()), Err("encryption"), "NWC-03");
    assert_eq!(info(&[], &wallet()), Err("encryption"));
    let other = Keys::from_bytes([9; 32]).unwrap();
    assert_eq!(info(&[["encryption", "nip44_v2"]], &other), Err("bad_event"));
}

#[test]
fn nwc_04_answers_to_other_requests_and_of_others_are_ignored() {
    let (connection, sent) = (connection(), pay());
    let good = paid(&to_hex(&PREIMAGE));
    let (id, client) = (sent.event.id_hex(), connection.client().to_hex());
    let hear =
        |by: &Keys, tags: &[[&str; 2]]| connection.hear(&sent, response(by, AT, tags, &good));
    assert!(matches!(hear(&wallet(), &[["p", &client], ["e", id]]), Heard::Answer(Ok(_))));
    assert!(matches!(hear(&wallet(), &[["e", id]]), Heard::Answer(Ok(_))));
    let other = Keys::from_bytes([9; 32]).unwrap();
    for (by, tags) in [
        (&wallet(), &[["e", &"ab".repeat(32)]][..]),
        (&wallet(), &[["e", &"ab".repeat(32)], ["e", id]]),
        (&wallet(), &[]),
        (&wallet(), &[["p", &other.public().to_hex()], ["e", id]]),
        (&other, &[["e", id]]),
    ] {
        assert_eq!(hear(by, tags), Heard::Ignored);
    }
    let mut forged = serde_json::to_value(response(&wallet(), AT, &[["e", id]], &good)).unwrap();
    forged["sig"] = "00".repeat(64).into();
    assert_eq!(connection.hear(&sent, serde_json::from_value(forged).unwrap()), Heard::Ignored);
}

#[test]
fn nwc_05_an_answer_that_means_nothing_is_a_bad_response() {
    for bad in [
        json!({"result_type": "get_balance", "error": null, "result": {"balance": 1}}),
        json!({"result_type": "pay_invoice", "error": null, "result": null}),
        json!({"result_type": "pay_invoice", "error": {"code": "OTHER"}, "result": {"preimage": "00"}}),
        json!({"result": {}}),
        json!("paid"),
    ] {
        assert_eq!(heard(&bad), Heard::BadResponse, "{bad}");
    }
}

#[test]
fn nwc_14_and_17_a_request_is_one_event_and_its_answer_is_bound_by_the_tag_and_not_by_time() {
    assert_eq!(pay(), pay(), "NWC-14: the same event, whichever relay it goes to");
    let sent = pay();
    let old = response(&wallet(), AT - 3600, &[["e", sent.event.id_hex()]], &paid("00"));
    assert!(matches!(connection().hear(&sent, old), Heard::Answer(Ok(_))), "NWC-17");
}

#[test]
fn only_the_preimage_of_the_hash_settles_a_payment() {
    let after = |content: &Value| after_payment(&answer(content), &hash());
    assert_eq!(after(&paid(&to_hex(&PREIMAGE))), Outcome::Settled(PREIMAGE, Some(9)));
    let upper = paid(&to_hex(&PREIMAGE).to_uppercase());
    assert_eq!(after(&upper), Outcome::Settled(PREIMAGE, Some(9)), "either case is proof");
    for bad in [to_hex(&PREIMAGE[1..]), to_hex(&[8; 32]), "x".into()] {
        assert_eq!(after(&paid(&bad)), Outcome::Hold("bad_proof"), "NWC-15 {bad}");
    }
    assert_eq!(after(&paid("")), Outcome::Hold("no_proof"));
}

#[test]
fn errors_release_only_where_it_is_certain_that_nothing_was_paid() {
    for (code, expected) in [
        ("RATE_LIMITED", Outcome::Released("wallet_busy")),
        ("NOT_IMPLEMENTED", Outcome::Released("wallet_unavailable")),
        ("INSUFFICIENT_BALANCE", Outcome::Released("insufficient")),
        ("QUOTA_EXCEEDED", Outcome::Released("wallet_quota")),
        ("RESTRICTED", Outcome::Released("wallet_auth")),
        ("UNAUTHORIZED", Outcome::Released("wallet_auth")),
        ("UNSUPPORTED_ENCRYPTION", Outcome::Released("wallet_unavailable")),
        ("PAYMENT_FAILED", Outcome::Hold("sent_unknown")), // NWC-11
        ("INTERNAL", Outcome::Hold("sent_unknown")),       // NWC-12
        ("OTHER", Outcome::Hold("sent_unknown")),
        ("NOT_FOUND", Outcome::Hold("sent_unknown")),
        ("rate_limited", Outcome::Hold("sent_unknown")),
        ("NEW_CODE", Outcome::Hold("sent_unknown")),
    ] {
        assert_eq!(after_payment(&answer(&failed(code)), &hash()), expected, "{code}");
    }
}

fn found(fields: &Value) -> Answer {
    fields.as_object().cloned().ok_or_else(|| not_found().unwrap_err())
}

fn not_found() -> Answer {
    Err(WalletError { code: ErrorCode::NotFound, message: String::new() })
}

#[test]
fn a_look_up_says_what_the_cases_say() {
    let preimage = to_hex(&PREIMAGE);
    let settled = Outcome::Settled(PREIMAGE, None);
    let hold = Outcome::Hold;
    for (id, lookup, expected) in [
        (
            "NWC-07",
            found(&json!({"type": "outgoing", "state": "settled", "preimage": preimage})),
            settled,
        ),
        ("NWC-11", found(&json!({"state": "settled", "preimage": preimage})), settled),
        ("older wallets", found(&json!({"settled_at": 1, "preimage": preimage})), settled),
        ("unsettled", found(&json!({"preimage": preimage})), hold("sent_unknown")),
        ("no proof", found(&json!({"state": "settled"})), hold("no_proof")),
        ("NWC-15", found(&json!({"state": "settled", "preimage": "07"})), hold("bad_proof")),
        (
            "NWC-08",
            found(&json!({"type": "outgoing", "state": "failed"})),
            Outcome::Released("payment_failed"),
        ),
        (
            "an invoice of its own",
            found(&json!({"type": "incoming", "state": "failed"})),
            hold("sent_unknown"),
        ),
        ("pending", found(&json!({"state": "pending"})), hold("in_flight")),
        ("accepted", found(&json!({"state": "accepted"})), hold("in_flight")),
        ("expired", found(&json!({"state": "expired"})), Outcome::Absent),
        ("a new state", found(&json!({"state": "new"})), hold("sent_unknown")),
        (
            "another",
            found(&json!({"state": "failed", "type": "outgoing", "payment_hash": "00"})),
            hold("bad_response"),
        ),
        ("NWC-09, NWC-10", not_found(), Outcome::Absent),
        ("another error", answer(&failed("INTERNAL")), hold("sent_unknown")),
    ] {
        assert_eq!(after_lookup(&lookup, &hash()), expected, "{id}");
    }
}

#[test]
fn a_list_says_of_a_payment_what_a_look_up_does() {
    let ours = to_hex(&hash());
    let entry = |kind: &str, hash: &str, state: &str| json!({"type": kind, "payment_hash": hash, "state": state, "preimage": to_hex(&PREIMAGE)});
    let list = |entries: &[Value]| found(&json!({ "transactions": entries }));
    let settled = entry("outgoing", &ours, "settled");
    let others = entry("outgoing", &"ab".repeat(32), "settled");
    for (answer, expected) in [
        (list(&[others.clone(), settled.clone()]), Outcome::Settled(PREIMAGE, None)),
        (list(&[entry("outgoing", &ours, "failed")]), Outcome::Released("payment_failed")),
        (list(&[entry("outgoing", &ours, "pending")]), Outcome::Hold("in_flight")),
        (list(&[entry("incoming", &ours, "settled"), others]), Outcome::Absent),
        (list(&[]), Outcome::Absent),
        (found(&json!({})), Outcome::Hold("bad_response")),
        (not_found(), Outcome::Absent),
        (answer(&failed("NOT_IMPLEMENTED")), Outcome::Absent),
        (answer(&failed("INTERNAL")), Outcome::Hold("sent_unknown")),
    ] {
        assert_eq!(after_list(&answer, &hash()), expected);
    }
}

#[test]
fn nwc_16_secrets_are_taken_out_of_what_a_wallet_says() {
    let secret = "0c".repeat(32);
    for text in [
        format!("bad uri {URI} given"),
        format!("key {secret}{secret}"),
        format!("KEY {}", secret.to_uppercase()),
        format!("'{}'", URI.to_uppercase()),
        format!("\"{}\"", URI.replace("&secret", "&name='walletconnect&secret")),
        URI.replace("?relay", "?name=can't&relay").replace("=0c", "=%30c"),
    ] {
        let clean = connection().scrub(&text).to_lowercase();
        assert!(!clean.contains(&secret) && !clean.contains("walletconnect"), "{clean}");
        assert!(!clean.contains("secret="), "{clean}");
    }
    assert_eq!(connection().scrub("no route"), "no route");
    let mut said = failed("OTHER");
    said["error"]["message"] = URI.into();
    assert_eq!(answer(&said).unwrap_err().message, "[connection]");
}

#[test]
fn requests_are_sealed_for_the_wallet_and_say_what_they_ask() {
    let sent = pay();
    assert_eq!(
        (sent.event.kind(), sent.event.value("encryption")),
        (KIND_REQUEST, Some("nip44_v2"))
    );
    assert_eq!(sent.event.value("expiration"), Some("1740672060"));
    let conversation = Conversation::new(&wallet(), sent.event.author()).ok().unwrap();
    assert_eq!(
        *conversation.open(sent.event.content()).unwrap(),
        r#"{"method":"pay_invoice","params":{"invoice":"lnbc1"}}"#
    );
    assert_eq!(Request::GetBalance.to_json(), r#"{"method":"get_balance","params":{}}"#);
    assert_eq!(
        Request::LookupInvoice("ab".into()).to_json(),
        r#"{"method":"lookup_invoice","params":{"payment_hash":"ab"}}"#
    );
    assert_eq!(
        Request::ListTransactions(1, 2, 3).to_json(),
        r#"{"method":"list_transactions","params":{"from":1,"until":2,"limit":3,"type":"outgoing"}}"#
    );
}

proptest! {
    #[test]
    fn no_uri_makes_it_panic(text: String) {
        let _ = Connection::read(&text, true);
        let _ = Connection::read(&format!("{URI}&{text}"), true);
        let _ = connection().scrub(&format!("{text}nostr+walletconnect:{text}"));
    }
}
