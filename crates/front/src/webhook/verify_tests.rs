use std::time::Duration;

use model::Secret;
use proptest::prelude::*;

use super::*;

const KEY: &str = "key_of_sixteen_b";
const NOW: u64 = 1_700_000_000_000;
const BODY: &[u8] = br#"{"a":1}"#;

fn keys(scheme: &Scheme, secrets: &[&str]) -> Vec<Key> {
    let key = |s: &&str| Key::of(scheme, &Secret::new((*s).to_owned())).ok().unwrap();
    secrets.iter().map(key).collect()
}

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in all {
        map.append(*name, value.parse().unwrap());
    }
    map
}

/// Checks a request with one secret, at `NOW` and with the usual times.
fn check(scheme: &Scheme, all: &[(&'static str, &str)], body: &[u8]) -> Result<Verified, Unproven> {
    let keys = keys(scheme, &[secret(scheme)]);
    verify(scheme, &Freshness::default(), &headers(all), body, &keys, Timestamp(NOW))
}

fn secret(scheme: &Scheme) -> &'static str {
    match scheme {
        Scheme::StandardWebhooks => "whsec_a2V5X29mX3NpeHRlZW5fYg==",
        _ => KEY,
    }
}

fn timed() -> Scheme {
    configured_with(Algorithm::Sha256, Encoding::Hex, true)
}

fn configured_with(algorithm: Algorithm, encoding: Encoding, time: bool) -> Scheme {
    let name = HeaderName::from_static;
    let time = time.then(|| name("x-time"));
    Scheme::Hmac(Hmac::new(name("x-sign"), "v=", algorithm, encoding, time, None).unwrap())
}

fn mac(text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes()), text).as_ref().to_vec()
}

fn hex_mac(text: &[u8]) -> String {
    String::from_utf8(hex(&mac(text))).unwrap()
}

/// The headers under which a service would send this body at this time.
fn sign(scheme: &Scheme, time: &str, body: &[u8]) -> Vec<(&'static str, String)> {
    let over = |before: &str| [before.as_bytes(), body].concat();
    let dotted = hex_mac(&over(&format!("{time}.")));
    match scheme {
        Scheme::GitHub => vec![("x-hub-signature-256", format!("sha256={}", hex_mac(body)))],
        Scheme::Stripe => vec![("stripe-signature", format!("t={time},v1={dotted},v0=x"))],
        Scheme::Monei => vec![("monei-signature", format!("t={time},v1={dotted}"))],
        Scheme::Slack => vec![
            ("x-slack-request-timestamp", time.to_owned()),
            ("x-slack-signature", format!("v0={}", hex_mac(&over(&format!("v0:{time}:"))))),
        ],
        Scheme::StandardWebhooks => {
            let signature = STANDARD.encode(mac(&over(&format!("msg_1.{time}."))));
            vec![
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", time.to_owned()),
                ("webhook-signature", format!("v1a,x v1,{signature}")),
            ]
        }
        Scheme::Hmac(_) => {
            vec![("x-time", time.to_owned()), ("x-sign", format!("v={dotted}"))]
        }
        Scheme::Header(_) => vec![("x-token", KEY.to_owned())],
    }
}

fn all_schemes() -> [Scheme; 7] {
    let token = Scheme::Header(HeaderName::from_static("x-token"));
    [
        Scheme::GitHub,
        Scheme::Stripe,
        Scheme::Slack,
        Scheme::StandardWebhooks,
        Scheme::Monei,
        timed(),
        token,
    ]
}

fn signed(scheme: &Scheme, time: &str) -> Result<Verified, Unproven> {
    let all = sign(scheme, time, BODY);
    let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    check(scheme, &all, BODY)
}

// Examples that the services' own documents give: GitHub "Validating webhook deliveries", Slack "Verifying requests
// from Slack", Standard Webhooks "Signature scheme".
#[test]
fn what_the_services_give_as_examples_is_verified() {
    let at = |scheme: Scheme, secret: &str, all: &[(&'static str, &str)], body: &str, now: u64| {
        let keys = keys(&scheme, &[secret]);
        let fresh = Freshness::default();
        verify(&scheme, &fresh, &headers(all), body.as_bytes(), &keys, Timestamp(now * 1000))
    };
    let github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let secret = "It's a Secret to Everybody";
    let github = [("x-hub-signature-256", github)];
    assert!(at(Scheme::GitHub, secret, &github, "Hello, World!", 0).is_ok());

    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let slack = [
        ("x-slack-request-timestamp", "1531420618"),
        (
            "x-slack-signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
    ];
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    assert!(at(Scheme::Slack, secret, &slack, body, 1_531_420_618).is_ok());

    let standard = [
        ("webhook-id", "msg_loFOjxBNrRLzqYUf"),
        ("webhook-timestamp", "1731705121"),
        ("webhook-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="),
    ];
    let body = r#"{"event_type":"ping","data":{"success":true}}"#;
    let secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    assert!(at(Scheme::StandardWebhooks, secret, &standard, body, 1_731_705_121).is_ok());
}

#[test]
fn a_configured_hmac_has_its_hash_encoding_and_text() {
    let sha512 = "v=03a7";
    let scheme = configured_with(Algorithm::Sha512, Encoding::Hex, true);
    let all = [("x-time", "1700000000"), ("x-sign", sha512)];
    assert_eq!(check(&scheme, &all, BODY), Err(Unproven::Wrong));
    for (algorithm, encoding, time, signature) in [
        (Algorithm::Sha512, Encoding::Hex, true, SHA512_HEX),
        (Algorithm::Sha512, Encoding::Base64, false, SHA512_BASE64),
    ] {
        let scheme = configured_with(algorithm, encoding, time);
        let signature = format!("v={signature}");
        let all = [("x-time", "1700000000"), ("x-sign", signature.as_str())];
        assert!(check(&scheme, &all, BODY).is_ok(), "{scheme:?}");
        assert_eq!(scheme.signs_time(), time);
    }
}

// b-webhook-01, b-webhook-08, b-webhook-13
#[test]
fn what_is_signed_by_any_scheme_is_taken() {
    for scheme in all_schemes() {
        let verified = signed(&scheme, "1700000000").unwrap();
        let time = scheme.signs_time().then_some(Timestamp(NOW));
        assert_eq!(verified.signed_at, time, "{scheme:?}");
    }
}

// b-webhook-09, b-webhook-10, b-webhook-14 to b-webhook-20
#[test]
fn a_signed_time_is_ten_or_thirteen_digits_and_near() {
    for (time, verdict) in [
        ("1700000000", Ok(NOW)),
        ("1700000000000", Ok(NOW)),
        ("1699999700", Ok(NOW - 300_000)),
        ("1699999699", Err(Unproven::Stale)),
        ("1699999699999", Err(Unproven::Stale)),
        ("1700000005", Ok(NOW + 5_000)),
        ("1700000006", Err(Unproven::Ahead)),
        ("1700000005001", Err(Unproven::Ahead)),
        ("Infinity", Err(Unproven::Time)),
        ("1700000000.5", Err(Unproven::Time)),
        ("-1700000000", Err(Unproven::Time)),
        ("+1700000000", Err(Unproven::Time)),
        ("+170000000", Err(Unproven::Time)),
        ("0x1", Err(Unproven::Time)),
        ("0x65501b80", Err(Unproven::Time)),
        ("1700000 000", Err(Unproven::Time)),
        ("17000000000000", Err(Unproven::Time)),
        ("170000000", Err(Unproven::Time)),
        ("1.7e9", Err(Unproven::Time)),
    ] {
        for scheme in all_schemes().iter().filter(|s| s.signs_time()) {
            let found = signed(scheme, time).map(|v| v.signed_at.unwrap().0);
            assert_eq!(found, verdict, "{time} {scheme:?}");
        }
    }
}

#[test]
fn the_times_are_those_of_the_route() {
    let scheme = timed();
    let fresh =
        Freshness { window: Duration::from_secs(10), skew: Duration::ZERO, ..Freshness::default() };
    for (time, verdict) in [
        ("1699999990", Ok(())),
        ("1699999989", Err(Unproven::Stale)),
        ("1700000001", Err(Unproven::Ahead)),
    ] {
        let all = sign(&scheme, time, BODY);
        let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let keys = keys(&scheme, &[KEY]);
        let found = verify(&scheme, &fresh, &headers(&all), BODY, &keys, Timestamp(NOW));
        assert_eq!(found.map(|_| ()), verdict, "{time}");
    }
}

// b-webhook-03 to b-webhook-05
#[test]
fn a_secret_in_a_header_is_the_whole_secret() {
    let scheme = Scheme::Header(HeaderName::from_static("x-token"));
    assert!(check(&scheme, &[("x-token", KEY)], BODY).is_ok());
    for wrong in
        ["key_of_sixteen_c", "key_of_sixteen_", "key_of_sixteen_bb", "", "Key_of_sixteen_b"]
    {
        let found = check(&scheme, &[("x-token", wrong)], BODY);
        assert_eq!(found, Err(Unproven::Wrong), "{wrong}");
    }
    assert_eq!(check(&scheme, &[], BODY), Err(Unproven::Missing));
}

// b-webhook-06, b-webhook-07
#[test]
fn what_is_not_written_as_the_scheme_has_it_is_refused() {
    let github = hex_mac(BODY);
    let dotted = hex_mac(&[b"1700000000.", BODY].concat());
    let prefixed = |prefix: &str| format!("{prefix}{github}");
    let upper = prefixed("sha256=").to_ascii_uppercase().replace("SHA256", "sha256");
    let element = |text: &str| text.replace("SIG", &dotted);
    let many = format!("t=1700000000{}", ",v1=x".repeat(17));
    let (github_header, stripe) = ("x-hub-signature-256", "stripe-signature");
    for (scheme, header, value, why) in [
        (Scheme::GitHub, github_header, github.clone(), Unproven::Malformed),
        (Scheme::GitHub, github_header, prefixed("sha1="), Unproven::Malformed),
        (Scheme::GitHub, github_header, prefixed("SHA256="), Unproven::Malformed),
        (Scheme::GitHub, github_header, prefixed("sha256= "), Unproven::Wrong),
        (Scheme::GitHub, github_header, upper, Unproven::Wrong),
        (Scheme::GitHub, github_header, "sha256=".to_owned(), Unproven::Wrong),
        (Scheme::GitHub, "x-hub-signature", prefixed("sha256="), Unproven::Missing),
        (Scheme::Stripe, stripe, element("v1=SIG"), Unproven::Malformed),
        (Scheme::Stripe, stripe, element("t=1700000000"), Unproven::Malformed),
        (Scheme::Stripe, stripe, element("t=1700000000,v0=SIG"), Unproven::Malformed),
        (Scheme::Stripe, stripe, element("t=1700000000,v1"), Unproven::Malformed),
        (Scheme::Stripe, stripe, element("t=1700000000,t=1700000000,v1=SIG"), Unproven::Ambiguous),
        (Scheme::Stripe, stripe, many, Unproven::Malformed),
        (Scheme::Monei, stripe, element("t=1700000000,v1=SIG"), Unproven::Missing),
    ] {
        assert_eq!(check(&scheme, &[(header, &value)], BODY), Err(why), "{scheme:?} {value}");
    }
    let twice = prefixed("sha256=");
    let twice = [(github_header, twice.as_str()), (github_header, twice.as_str())];
    assert_eq!(check(&Scheme::GitHub, &twice, BODY), Err(Unproven::Ambiguous));
}

#[test]
fn a_header_that_stands_twice_is_refused_by_every_scheme() {
    for scheme in all_schemes() {
        let all = sign(&scheme, "1700000000", BODY);
        for (name, value) in &all {
            let mut map: Vec<_> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
            map.push((*name, value));
            assert_eq!(check(&scheme, &map, BODY), Err(Unproven::Ambiguous), "{scheme:?} {name}");
            map.retain(|(n, _)| n != name);
            assert_eq!(check(&scheme, &map, BODY), Err(Unproven::Missing), "{scheme:?} {name}");
        }
    }
}

// b-webhook-11
#[test]
fn a_captured_request_with_another_time_is_not_signed() {
    for scheme in all_schemes().iter().filter(|s| s.signs_time()) {
        let renewed = sign(scheme, "1699990000", BODY);
        let renewed: Vec<_> =
            renewed.iter().map(|(n, v)| (*n, v.replace("1699990000", "1700000000"))).collect();
        let renewed: Vec<_> = renewed.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(check(scheme, &renewed, BODY), Err(Unproven::Wrong), "{scheme:?}");
    }
}

#[test]
fn an_id_that_could_be_cut_anew_is_refused() {
    let scheme = Scheme::StandardWebhooks;
    for id in ["msg.1", "", &"x".repeat(257)] {
        let text = [format!("{id}.1700000000.").as_bytes(), BODY].concat();
        let signature = format!("v1,{}", STANDARD.encode(mac(&text)));
        let all = [
            ("webhook-id", id),
            ("webhook-timestamp", "1700000000"),
            ("webhook-signature", &signature),
        ];
        assert_eq!(check(&scheme, &all, BODY), Err(Unproven::Malformed), "{id}");
    }
}

#[test]
fn while_a_secret_is_replaced_both_are_right_and_one_text_is_one_request() {
    let scheme = Scheme::Stripe;
    let all = sign(&scheme, "1700000000", BODY);
    let old = headers(&[(all[0].0, all[0].1.as_str())]);
    let by = |secrets: &[&str], headers: &HeaderMap| {
        let keys = keys(&scheme, secrets);
        verify(&scheme, &Freshness::default(), headers, BODY, &keys, Timestamp(NOW))
    };
    let one = by(&["another_of_sixteen", KEY], &old).unwrap();
    assert_eq!(by(&["another_of_sixteen"], &old), Err(Unproven::Wrong));
    assert_eq!(by(&[], &old), Err(Unproven::Wrong), "no secret proves nothing");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"another_of_sixteen");
    let text = [b"1700000000.", BODY].concat();
    let other = String::from_utf8(hex(hmac::sign(&key, &text).as_ref())).unwrap();
    let several = format!("t=1700000000,v1={other},v1={}", hex_mac(&text));
    let new = headers(&[("stripe-signature", &several)]);
    assert_eq!(by(&["another_of_sixteen"], &new).unwrap(), one);
}

#[test]
fn what_is_signed_otherwise_has_another_replay_key() {
    for scheme in all_schemes() {
        let one = signed(&scheme, "1700000000").unwrap();
        let all = sign(&scheme, "1700000000", b"{}");
        let all: Vec<_> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_ne!(check(&scheme, &all, b"{}").unwrap().replay_key, one.replay_key);
        let later = signed(&scheme, "1700000001").unwrap();
        assert_eq!(later.replay_key == one.replay_key, !scheme.signs_time(), "{scheme:?}");
    }
}

proptest! {
    #[test]
    fn any_flipped_bit_of_body_time_or_signature_refuses(
        which in 0usize..6,
        body in prop::collection::vec(any::<u8>(), 1..64),
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let scheme = &all_schemes()[which];
        let all = sign(scheme, "1700000000", &body);
        let verdict = |all: &[(&'static str, Vec<u8>)], body: &[u8]| {
            let mut map = HeaderMap::new();
            for (name, value) in all {
                let Ok(value) = http::HeaderValue::from_bytes(value) else { return None };
                map.append(*name, value);
            }
            let keys = keys(scheme, &[secret(scheme)]);
            let now = Timestamp(NOW);
            Some(verify(scheme, &Freshness::default(), &map, body, &keys, now))
        };
        let all: Vec<_> = all.into_iter().map(|(n, v)| (n, v.into_bytes())).collect();
        prop_assert!(verdict(&all, &body).unwrap().is_ok());

        let mut flipped = body.clone();
        let at = place.index(flipped.len());
        flipped[at] ^= 1 << bit;
        prop_assert!(verdict(&all, &flipped).unwrap().is_err());

        for header in 0..all.len() {
            let mut other = all.clone();
            let value = &mut other[header].1;
            // What another scheme signed is ignored, whatever it says.
            let text = String::from_utf8(value.clone()).unwrap();
            let end = text.find(",v0=").unwrap_or(text.len());
            let start = if text.starts_with("v1a,x ") { 6 } else { 0 };
            let at = start + place.index(end - start);
            value[at] ^= 1 << bit;
            if let Some(found) = verdict(&other, &body) {
                prop_assert!(found.is_err(), "{scheme:?} {text} at {at}");
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic_and_none_pass(
        which in 0usize..7,
        value in prop::collection::vec(0x20u8..0xff, 0..80),
        body in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let scheme = &all_schemes()[which];
        let Ok(value) = http::HeaderValue::from_bytes(&value) else { return Ok(()) };
        let mut map = HeaderMap::new();
        for (name, _) in sign(scheme, "1700000000", &body) {
            map.append(name, value.clone());
        }
        let keys = keys(scheme, &[secret(scheme)]);
        let now = Timestamp(NOW);
        prop_assert!(verify(scheme, &Freshness::default(), &map, &body, &keys, now).is_err());
    }
}

// Made with another implementation of HMAC (Python 3, `hmac`).
const SHA512_HEX: &str = "a942e12a884bdabcbc2d8159ac754af9b9bf0ea6077c53b4ee472cc8a4e7e47fa24081e371b96cdddd699f9bf445e33d9ca9da2b8a7140566d00a96e611f2e3b";
const SHA512_BASE64: &str =
    "ZhUz2FHae2FHWsJaoDel7Ma5eEUtrozq0aGRWulZqw/2gAO4as/XFke/QEXaeCoB2menaDZA4bBPTe9SfA7fCg==";
