use proptest::prelude::*;
use serde_json::Value;

use super::vectors::{NUT_18, NUT_26};
use super::*;
use crate::MintUrl;

/// Base state of the cases: one listed mint, unit sat.
fn ask(text: &str) -> Result<Ask, &'static str> {
    let mints = [MintUrl::parse("https://mint.example.com").unwrap()];
    let terms = Terms { mints: &mints, units: &["sat"], locks: false };
    PaymentRequest::parse(text).and_then(|request| request.ask(&terms)).map_err(|fault| fault.code)
}

fn ten_sat() -> PaymentRequest {
    PaymentRequest {
        amount: Some(10),
        unit: Some("sat".into()),
        mints: vec!["https://mint.example.com".into()],
        ..PaymentRequest::default()
    }
}

const TEN_A: &str = "creqAo2FhCmF1Y3NhdGFtgXgYaHR0cHM6Ly9taW50LmV4YW1wbGUuY29t";
const TEN_B: &str =
    "CREQB1QGQQSQQQQQQQQQQQPGPSQQGQQ5QPS6R5W3C8XW309AKKJMN59EJHSCTDWPKX2TNRDAKSXAYDAC";

#[test]
fn requests_of_the_reference_are_written_and_read_as_it_has_them() {
    let named = PaymentRequest { id: Some("7f4a2b39".into()), amount: None, ..ten_sat() };
    for (request, a, b) in [
        (ten_sat(), TEN_A, TEN_B),
        (
            named,
            "creqAo2FpaDdmNGEyYjM5YXVjc2F0YW2BeBhodHRwczovL21pbnQuZXhhbXBsZS5jb20=",
            "CREQB1QYQQSDMXX3SNYC3N8YPSQQGQQ5QPS6R5W3C8XW309AKKJMN59EJHSCTDWPKX2TNRDAKSYP0LHG",
        ),
    ] {
        assert_eq!(request.to_creq_a(), a);
        assert_eq!(request.to_creq_b().as_deref(), Ok(b));
        for text in [a, b, &b.to_lowercase(), a.trim_end_matches('=')] {
            assert_eq!(PaymentRequest::parse(text).as_ref(), Ok(&request), "{text}");
        }
    }
}

#[test]
fn cases_about_the_form_of_requests_end_as_they_say() {
    for (id, text, expected) in [
        ("CSH-01", TEN_A, Ok(10)),
        ("CSH-02", TEN_B, Ok(10)),
        ("CSH-03", &TEN_B.to_lowercase(), Ok(10)),
        (
            "CSH-05",
            "creqAeyJhIjoxMCwidSI6InNhdCIsIm0iOlsiaHR0cHM6Ly9taW50LmV4YW1wbGUuY29tIl19",
            Err("bad_challenge"),
        ),
        (
            "CSH-06",
            "creqAo2Fh-z_ZmZmZmZmaYXVjc2F0YW2BeBhodHRwczovL21pbnQuZXhhbXBsZS5jb20=",
            Err("bad_amount"),
        ),
        // CSH-07 and CSH-11 are read; the cap on a payment refuses them.
        (
            "CSH-07",
            "creqAo2FhGwAgAAAAAAAAYXVjc2F0YW2BeBhodHRwczovL21pbnQuZXhhbXBsZS5jb20=",
            Ok(1 << 53),
        ),
        ("CSH-08", "creqAo2FhCmF1Y3VzZGFtgXgYaHR0cHM6Ly9taW50LmV4YW1wbGUuY29t", Err("unit")),
        ("CSH-09", "creqAomFhCmFtgXgYaHR0cHM6Ly9taW50LmV4YW1wbGUuY29t", Err("unit")),
        ("CSH-10", "creqAomFhCmF1Y3NhdA==", Ok(10)),
        ("CSH-11", "creqAo2FhGQPpYXVjc2F0YW2BeBhodHRwczovL21pbnQuZXhhbXBsZS5jb20=", Ok(1001)),
        (
            "CSH-12",
            "CREQB1QGQQSQQQQQQQQQQQPGPSQQGQQ5QPS6R5W3C8XW309AKKJMN59EJHSCTDWPKX2TNRDAKSXAYDAQ",
            Err("bad_challenge"),
        ),
        ("mixed case", &TEN_B.replace("CREQB1", "creqb1"), Err("bad_challenge")),
    ] {
        assert_eq!(ask(text).map(|ask| ask.amount), expected, "{id}");
    }
    let any = ask("creqAomFhCmF1Y3NhdA==").unwrap();
    assert_eq!(any.mints[0].as_str(), "https://mint.example.com", "CSH-10: any listed mint");
}

#[test]
fn csh_04_the_text_is_read_and_its_mint_is_not_listed() {
    let text = concat!(
        "creqApWF0gaNhdGVub3N0cmFheKlucHJvZmlsZTFxeTI4d3VtbjhnaGo3dW45ZDNzaGp0bnl2OWtoMnVld2Q5aHN6OW1od2RlbjV0ZTB3ZmprY2",
        "N0ZTljdXJ4dmVuOWVlaHFjdHJ2NWhzenJ0aHdkZW41dGUwZGVoaHh0bnZkYWtxcWd5ZGFxeTdjdXJrNDM5eWtwdGt5c3Y3dWRoZGh1NjhzdWNt",
        "Mjk1YWtxZWZkZWhrZjBkNDk1Y3d1bmw1YWeBgmFuYjE3YWloYjdhOTAxNzZhYQphdWNzYXRhbYF4Imh0dHBzOi8vbm9mZWVzLnRlc3RudXQuY2",
        "FzaHUuc3BhY2U=",
    );
    let request = PaymentRequest::parse(text).unwrap();
    assert_eq!(request.id.as_deref(), Some("b7a90176"));
    assert_eq!((request.amount, request.unit.as_deref()), (Some(10), Some("sat")));
    assert_eq!(request.mints, ["https://nofees.testnut.cashu.space"]);
    assert_eq!(request.transports[0].kind, "nostr");
    assert_eq!(request.to_creq_a(), text);
    assert_eq!(ask(text).map(|ask| ask.amount), Err("mint"));
}

/// What the JSON of a test vector says, but for transports over Nostr, whose target is written otherwise in NUT-26.
fn said(json: &str) -> PaymentRequest {
    let json: Value = serde_json::from_str(json).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let tags = |value: &Value| -> Vec<Vec<String>> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    };
    let transports = json["t"].as_array().cloned().unwrap_or_default();
    PaymentRequest {
        id: text(&json["i"]),
        amount: json["a"].as_u64(),
        unit: text(&json["u"]),
        single_use: json["s"].as_bool(),
        mints: serde_json::from_value(json["m"].clone()).unwrap(),
        description: text(&json["d"]),
        transports: transports
            .iter()
            .map(|t| Transport {
                kind: text(&t["t"]).unwrap(),
                target: text(&t["a"]).unwrap(),
                tags: tags(&t["g"]),
            })
            .collect(),
        locking: json["nut10"].is_object().then(|| Locking {
            kind: text(&json["nut10"]["k"]).unwrap(),
            data: text(&json["nut10"]["d"]).unwrap(),
            tags: tags(&json["nut10"]["t"]),
        }),
    }
}

#[test]
fn requests_of_nut_18_are_read_as_it_says() {
    for (json, text) in NUT_18 {
        let read = PaymentRequest::parse(text).unwrap();
        assert_eq!(read, said(json), "{json}");
        assert_eq!(PaymentRequest::parse(&read.to_creq_a()), Ok(read));
    }
}

#[test]
fn requests_of_nut_26_are_read_as_it_says_and_written_back_the_same() {
    for (json, text) in NUT_26 {
        let read = PaymentRequest::parse(text).unwrap();
        assert_eq!(read.to_creq_b().as_deref(), Ok(text), "{json}");
        let (mut read, mut said) = (read, said(json));
        for transport in read.transports.iter_mut().chain(&mut said.transports) {
            if transport.kind == "nostr" {
                transport.target.clear();
                transport.tags.retain(|tag| tag[0] != "r");
            }
        }
        assert_eq!(read, said, "{json}");
    }
}

#[test]
fn cbor_that_says_two_things_is_refused() {
    let creq = |hex: &str| {
        format!("creqA{}", crate::base64url::encode(&crate::bytes::from_hex(hex).unwrap()))
    };
    for (bad, code) in [
        ("a261610a61610b", "bad_challenge"),            // a twice
        ("a161610a00", "bad_challenge"),                // something behind it
        ("a1616120", "bad_amount"),                     // -1
        ("a16161623130", "bad_amount"),                 // "10"
        ("a16161f94900", "bad_amount"),                 // 10.0
        ("a16161c249010000000000000000", "bad_amount"), // 2^64
        ("a1010a", "bad_challenge"),                    // a key that is no text
        ("8161610a", "bad_challenge"),                  // a list
        ("a1616d6161", "bad_challenge"),                // m no list
        ("a1617301", "bad_challenge"),                  // s no truth value
        ("a16161", "bad_challenge"),                    // cut short
        ("9bffffffffffffffff", "bad_challenge"),        // a list as long as can be
        ("", "bad_challenge"),
    ] {
        assert_eq!(ask(&creq(bad)).err(), Some(code), "{bad}");
    }
    let deep = format!("a16174{}00", "81".repeat(200));
    assert_eq!(ask(&creq(&deep)).err(), Some("bad_challenge"));
    assert!(ask(&creq("a361610a617563736174617801")).is_ok(), "a member that is not known");
}

#[test]
fn what_is_no_request_is_refused_by_name() {
    for (bad, code) in [
        ("", "bad_challenge"),
        ("creqA", "bad_challenge"),
        ("creqC1", "bad_challenge"),
        ("cashuBo2Ft", "bad_challenge"),
        ("creqäA", "bad_challenge"),
        (&format!("{TEN_A}\r\nX: y"), "header_injection"),
        (&TEN_A.repeat(400), "too_large"),
    ] {
        assert_eq!(ask(bad).err(), Some(code), "{bad:?}");
    }
}

#[test]
fn tlv_that_says_two_things_is_refused() {
    use bech32::{Bech32m, Hrp};
    let creq = |hrp: &str, bytes: &[u8]| {
        bech32::encode_upper::<Bech32m>(Hrp::parse(hrp).unwrap(), bytes).unwrap()
    };
    for (bad, code) in [
        (&[1, 0, 1, 65, 1, 0, 1, 66][..], "bad_challenge"),
        (&[1, 0, 2, 65], "bad_challenge"),
        (&[1, 0], "bad_challenge"),
        (&[1, 0, 1, 0xff], "bad_challenge"),
        (&[4, 0, 1, 2], "bad_challenge"),
        (&[2, 0, 1, 10], "bad_amount"),
        (&[7, 0, 4, 1, 0, 1, 1], "bad_challenge"),
    ] {
        assert_eq!(ask(&creq("creqb", bad)).err(), Some(code), "{bad:?}");
    }
    let known = [3, 0, 1, 0, 2, 0, 8, 0, 0, 0, 0, 0, 0, 0, 7, 99, 0, 1, 1];
    assert_eq!(ask(&creq("creqb", &known)).map(|ask| ask.amount), Ok(7));
    assert_eq!(ask(&creq("creqc", &known)).err(), Some("bad_challenge"));
    let long = PaymentRequest { mints: vec!["https://mint.example.com".into(); 99], ..ten_sat() };
    assert_eq!(ask(&long.to_creq_b().unwrap()).map(|ask| ask.amount), Ok(10));
}

#[test]
fn mints_are_compared_as_urls_and_not_as_texts() {
    let with = |mints: &[&str]| {
        let mints = mints.iter().map(|mint| (*mint).to_owned()).collect();
        ask(&PaymentRequest { mints, ..ten_sat() }.to_creq_a()).map(|ask| ask.mints.len())
    };
    assert_eq!(with(&["HTTPS://Mint.Example.com:443/"]), Ok(1));
    assert_eq!(with(&["nonsense", "https://mint.example.com"]), Ok(1));
    for other in [
        "https://mint.example.com@evil.example",
        "https://user@mint.example.com",
        "http://mint.example.com",
        "https://mint.example.com/x",
    ] {
        assert_eq!(with(&[other]), Err("mint"), "{other}");
    }
}

#[test]
fn a_lock_is_given_only_where_it_is_allowed_and_understood() {
    let mints = [MintUrl::parse("https://mint.example.com").unwrap()];
    let judge = |kind: &str, data: &str, tags: &[[&str; 2]], locks| {
        let tags = tags.iter().map(|tag| tag.map(str::to_owned).to_vec()).collect();
        let locking = Locking { kind: kind.into(), data: data.into(), tags };
        let request = PaymentRequest { locking: Some(locking), ..ten_sat() };
        let terms = Terms { mints: &mints, units: &["sat"], locks };
        request.ask(&terms).map(|ask| ask.locking.is_some()).map_err(|fault| fault.code)
    };
    let key = "02c3b5bb27e361457c92d93d78dd73d3d53732110b2cfe8b50fbc0abc615e9c331";
    assert_eq!(judge("P2PK", key, &[["timeout", "3600"]], true), Ok(true));
    assert_eq!(judge("P2PK", key, &[], false), Err("lock"));
    assert_eq!(judge("HTLC", key, &[], true), Err("lock"));
    assert_eq!(judge("P2PK", "02c3", &[], true), Err("lock"));
    assert_eq!(judge("P2PK", key, &[["n_sigs", "2"]], true), Err("lock"));
}

#[test]
fn nothing_asked_for_is_not_a_payment() {
    let with = |amount| ask(&PaymentRequest { amount, ..ten_sat() }.to_creq_a()).err();
    assert_eq!(with(Some(0)), Some("zero_amount"));
    assert_eq!(with(None), Some("bad_amount"));
}

fn requests() -> impl Strategy<Value = PaymentRequest> {
    let tags = || prop::collection::vec(prop::collection::vec("[ -~]{0,9}", 1..3), 0..3);
    let transport = ("post|[2-9]", "[ -~]{0,20}", tags())
        .prop_map(|(kind, target, tags)| Transport { kind, target, tags });
    let locking = ("P2PK|HTLC|7", "[ -~]{0,20}", tags()).prop_map(|(kind, data, tags)| Locking {
        kind,
        data,
        tags,
    });
    (
        prop::option::of(".{0,9}"),
        any::<Option<u64>>(),
        prop::option::of("[a-z]{1,5}"),
        any::<Option<bool>>(),
        prop::collection::vec(".{0,30}", 0..3),
        prop::option::of(".{0,20}"),
        prop::collection::vec(transport, 0..3),
        prop::option::of(locking),
    )
        .prop_map(|(id, amount, unit, single_use, mints, description, transports, locking)| {
            PaymentRequest { id, amount, unit, single_use, mints, description, transports, locking }
        })
}

proptest! {
    #[test]
    fn both_forms_say_the_same(request in requests()) {
        let a = request.to_creq_a();
        let b = request.to_creq_b().unwrap();
        for text in [&b.to_lowercase(), &a, &b] {
            prop_assert_eq!(PaymentRequest::parse(text), Ok(request.clone()));
        }
    }

    #[test]
    fn one_changed_letter_of_the_second_form_is_found(at in 6usize..80, letter in "[023456789ACDEFGHJKLMNPQRSTUVWXYZ]") {
        let at = at.min(TEN_B.len() - 1);
        let changed = format!("{}{letter}{}", &TEN_B[..at], &TEN_B[at + 1..]);
        prop_assume!(changed != TEN_B);
        prop_assert_eq!(ask(&changed).err(), Some("bad_challenge"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = ask(&format!("creqA{}", crate::base64url::encode(&bytes)));
        let text = bech32::encode_lower::<bech32::Bech32m>(bech32::Hrp::parse("creqb").unwrap(), &bytes).unwrap();
        let _ = ask(&text);
    }
}
