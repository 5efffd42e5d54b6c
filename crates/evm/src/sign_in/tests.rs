use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::vectors::{ACCOUNT_0, T0, V7, V7_DIGEST, V7_TEXT, account_0, address};
use crate::{Refused, Signable};

fn extension() -> Value {
    json!({
        "info": {
            "domain": "api.example.com",
            "uri": "https://api.example.com/weather",
            "version": "1",
            "nonce": "a1b2c3d4e5f67890a1b2c3d4e5f67890",
            "issuedAt": "2025-02-27T16:01:30.000Z",
            "statement": "Sign in",
        },
        "supportedChains": [
            {"chainId": "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "type": "ed25519"},
            {"chainId": "eip155:1", "type": "eip191"},
            {"chainId": "eip155:84532", "type": "eip191"},
        ],
    })
}

fn judged_at(extension: &Value, request: &str, now: u64) -> Result<SignIn, Refused> {
    let at = Circumstances {
        request: &Url::parse(request).unwrap(),
        enabled_chains: &[84532],
        now,
        wallet: address(ACCOUNT_0),
        unseen: &|nonce| nonce != "00000000000000000000000000000000",
    };
    SignIn::judge(Challenge::read(extension)?, &at)
}

fn judged(extension: &Value) -> Result<SignIn, Refused> {
    judged_at(extension, "https://api.example.com/weather?city=Basel", T0)
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut extension = extension();
    extension["info"][name] = value.into();
    extension
}

fn refused(extension: &Value) {
    assert_eq!(judged(extension).unwrap_err().code(), "siwx", "{extension}");
}

#[test]
fn the_text_is_rebuilt_and_signed() {
    let sign_in = judged(&extension()).unwrap();
    assert_eq!(sign_in.text(), V7_TEXT);
    assert_eq!(sign_in.digest().to_string(), V7_DIGEST);
    let signature = account_0().sign(&Signable::SignIn(&sign_in)).unwrap();
    assert_eq!(signature.to_string(), V7);
}

#[test]
fn the_header_carries_what_was_signed() {
    let sign_in = judged(&extension()).unwrap();
    let signature = account_0().sign(&Signable::SignIn(&sign_in)).unwrap();
    let header: Value =
        serde_json::from_slice(&STANDARD.decode(sign_in.header(&signature)).unwrap()).unwrap();
    let expected = json!({
        "domain": "api.example.com", "address": ACCOUNT_0, "statement": "Sign in",
        "uri": "https://api.example.com/weather", "version": "1", "chainId": "eip155:84532", "type": "eip191",
        "nonce": "a1b2c3d4e5f67890a1b2c3d4e5f67890", "issuedAt": "2025-02-27T16:01:30.000Z", "signature": V7,
    });
    assert_eq!(header, expected);
}

#[test]
fn a_challenge_of_another_host_is_refused() {
    // SIG-11
    refused(&with("domain", "evil.com"));
    for domain in [
        "API.example.com",
        "api.example.com:443",
        "api.example.com.",
        "example.com",
        "",
        "u@api.example.com",
    ] {
        refused(&with("domain", domain));
    }
    let local = "http://127.0.0.1:8402/weather";
    let mut here = with("domain", "127.0.0.1:8402");
    here["info"]["uri"] = local.into();
    assert!(judged_at(&here, local, T0).is_ok());
    assert!(judged_at(&here, "http://127.0.0.1:8403/weather", T0).is_err());
}

#[test]
fn a_uri_of_another_origin_is_refused() {
    for uri in [
        "https://evil.com/weather",
        "http://api.example.com/weather",
        "https://api.example.com:8443/weather",
        "https://api.example.com@evil.com/",
        "https://u@api.example.com/weather",
        "//api.example.com/weather",
        "https:\\\\api.example.com/weather",
        "https://api.example.com/\nx",
        " https://api.example.com/",
        "HTTPS://api.example.com/weather",
        "https://api.example.com.evil.com/",
        "",
    ] {
        refused(&with("uri", uri));
        refused(&with("resources", vec![uri]));
    }
    // EIP-5573: such a resource would hand over a capability.
    refused(&with("resources", vec!["urn:recap:eyJhdHQiOnt9fQ"]));
    assert!(judged(&with("resources", vec!["https://api.example.com/weather"])).is_ok());
}

#[test]
fn a_challenge_is_of_now() {
    let issued = 1_740_672_090;
    for (now, fine) in
        [(issued + 300, true), (issued + 301, false), (issued - 60, true), (issued - 61, false)]
    {
        let judged = judged_at(&extension(), "https://api.example.com/weather", now);
        assert_eq!(judged.is_ok(), fine, "{now}");
    }
    refused(&with("issuedAt", "today"));
    refused(&with("expirationTime", "2025-02-27T16:01:40Z"));
    refused(&with("notBefore", "2025-02-27T16:01:41Z"));
    refused(&with("expirationTime", "never"));
    assert!(judged(&with("expirationTime", "2025-02-27T16:01:41Z")).is_ok());
    assert!(judged(&with("notBefore", "2025-02-27T16:01:40Z")).is_ok());
    assert!(judged_at(&extension(), "https://api.example.com/", u64::MAX).is_err());
}

#[test]
fn nothing_unseen_is_signed() {
    for statement in [
        "Sign in\nURI: https://evil.com",
        "a\rb",
        "a\0",
        "\u{202e}evil",
        "a\u{200b}b",
        "\u{85}",
        "",
    ] {
        refused(&with("statement", statement));
    }
    refused(&with("requestId", "a b"));
    refused(&with("requestId", "a\nResources:"));
    refused(&with("nonce", "abc"));
    refused(&with("nonce", "a1b2c3d4\ne5f6"));
    refused(&with("version", "1\n"));
    refused(&with("version", 1));
    refused(&with("issuedAt", "2025-02-27T16:01:30Z\nX"));
    refused(&with("statement", "long".repeat(1000)));
}

#[test]
fn a_nonce_is_signed_once() {
    refused(&with("nonce", "0".repeat(32)));
}

#[test]
fn only_chains_in_use_are_signed_for() {
    let chains = |chains: Value| {
        let mut extension = extension();
        extension["supportedChains"] = chains;
        extension
    };
    refused(&chains(json!([])));
    refused(&chains(json!(null)));
    refused(&chains(json!([{"chainId": "eip155:1", "type": "eip191"}])));
    refused(&chains(json!([{"chainId": "eip155:84532", "type": "ed25519"}])));
    refused(&chains(json!([{"chainId": "eip155:084532", "type": "eip191"}])));
    refused(&chains(json!([{"chainId": "eip155:+84532", "type": "eip191"}])));
    refused(&json!({}));
}

#[test]
fn every_field_has_its_line() {
    let mut full = with("requestId", "r-1");
    for (name, value) in
        [("expirationTime", "2025-02-27T17:00:00Z"), ("notBefore", "2025-02-27T16:00:00Z")]
    {
        full["info"][name] = value.into();
    }
    full["info"]["resources"] = json!(["https://api.example.com/a", "https://api.example.com/b"]);
    let full = judged(&full).unwrap();
    let signature = account_0().sign(&Signable::SignIn(&full)).unwrap();
    let header: Value =
        serde_json::from_slice(&STANDARD.decode(full.header(&signature)).unwrap()).unwrap();
    assert_eq!(header["requestId"], "r-1");
    assert_eq!(header["notBefore"], "2025-02-27T16:00:00Z");
    assert_eq!(
        header["resources"],
        json!(["https://api.example.com/a", "https://api.example.com/b"])
    );
    let text = full.text();
    let more = "\nExpiration Time: 2025-02-27T17:00:00Z\nNot Before: 2025-02-27T16:00:00Z\nRequest ID: r-1\nResources:\
        \n- https://api.example.com/a\n- https://api.example.com/b";
    assert_eq!(text, format!("{V7_TEXT}{more}"));
    let mut bare = extension();
    bare["info"].as_object_mut().unwrap().remove("statement");
    assert_eq!(judged(&bare).unwrap().text(), V7_TEXT.replace("Sign in\n", ""));
}

proptest! {
    #[test]
    fn no_field_can_write_another_line(name in "domain|uri|nonce|statement|requestId|issuedAt|expirationTime", value: String) {
        let lines = if name == "requestId" || name == "expirationTime" { 11 } else { 10 };
        if let Ok(sign_in) = judged(&with(&name, value)) {
            prop_assert_eq!(sign_in.text().split(['\n', '\r']).count(), lines);
        }
    }
}
