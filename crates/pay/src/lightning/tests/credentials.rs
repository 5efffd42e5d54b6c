use ::lightning::{Caveat, Derivation, L402Id, Macaroon, PaymentHash, RootKey, Token};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

async fn attached(offer: Offer) -> Attachment {
    let (driver, ..) = driver(Does::Pays(1, Some(0)), Does::HasNone);
    match dispatched(&driver, &job(offer, INV10)).await {
        Dispatched::Done(Standing::Settled { .. }, attachment) => attachment,
        other => panic!("{}", told(&other)),
    }
}

fn header(attachment: &Attachment) -> &str {
    assert!(attachment.meta.is_empty());
    let [(name, value)] = &attachment.headers[..] else { panic!("one field") };
    assert_eq!(name, "Authorization");
    value
}

/// The JSON of a credential of the Payment scheme.
fn read(header: &str) -> Value {
    let text = header.strip_prefix("Payment ").unwrap();
    serde_json::from_slice(&rails::decode(text.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn an_l402_credential_goes_back_under_its_own_name_and_all_of_it_is_secret() {
    for name in ["L402", "LSAT"] {
        let attachment = attached(l402(name, MAC, INV10)).await;
        let text = format!("{name} {MAC}:{}", right());
        assert_eq!(header(&attachment), text);
        for secret in [MAC, &right(), &text, &text[5..]] {
            assert!(attachment.secrets.iter().any(|known| known == secret), "{secret}");
        }
        assert_eq!(attachment.reuse.map(|reuse| reuse.until), Some(None));
    }
}

#[tokio::test]
async fn a_payment_credential_echoes_the_challenge_and_is_good_once() {
    // V-MPP by its parts; MPC-08: opaque; MPC-09: digest
    let digest = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    for (more, name, value) in [
        (String::new(), "expires", "2025-02-27T16:06:40Z"),
        (r#", opaque="eyJvcmRlciI6IjcifQ""#.to_owned(), "opaque", "eyJvcmRlciI6IjcifQ"),
        (format!(r#", digest="{digest}""#), "digest", digest),
    ] {
        let attachment = attached(offer(&format!("{MPP}{more}"))).await;
        let text = header(&attachment);
        let credential = read(text);
        assert_eq!(credential["challenge"][name], value);
        assert_eq!(credential["payload"], json!({ "preimage": right() }));
        assert!(attachment.reuse.is_none());
        for secret in [right().as_str(), text, &text[8..]] {
            assert!(attachment.secrets.iter().any(|known| known == secret));
        }
    }
}

#[tokio::test]
async fn over_mcp_the_credential_is_a_member_of_meta() {
    // MPC-16
    let Offer::Payment(mut challenge) = offer(MPP) else { panic!("a challenge") };
    let members = challenge.request.members().clone();
    challenge.request = rails::payment::Request::Native(members.clone());
    challenge.opaque = Some(Value::Null);
    let attachment = attached(Offer::Payment(challenge)).await;
    assert!(attachment.headers.is_empty());
    let [(name, value)] = &attachment.meta[..] else { panic!("one member") };
    assert_eq!(name, "org.paymentauth/credential");
    assert_eq!(value["challenge"]["request"], Value::Object(members));
    assert_eq!(value["challenge"].get("opaque"), Some(&Value::Null));
    assert_eq!(value["payload"]["preimage"], right());
}

fn receipt(method: &str, reference: &str) -> String {
    let receipt = json!({"status": "success", "method": method, "timestamp": "2025-02-27T16:01:45Z", "reference": reference});
    rails::encode_url(receipt.to_string().as_bytes())
}

#[tokio::test]
async fn a_receipt_for_another_payment_is_marked_and_the_payment_stays_settled() {
    // MPC-15
    let (driver, ..) = driver(Does::Hangs, Does::Hangs);
    let job = job(offer(MPP), INV10);
    let payload = sealed(&driver, &job).await;
    let open = open(&job, ledger::State::Settled);
    for (value, wanted) in [
        (receipt("lightning", H1), "settled 10+1"),
        (receipt("lightning", &H1.to_uppercase()), "settled 10+1"),
        (receipt("lightning", &"ab".repeat(32)), "settled 10+1 receipt_mismatch"),
        (receipt("tempo", H1), "settled 10+1 receipt_mismatch"),
        ("@@".to_owned(), "settled 10+1 bad_response"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("payment-receipt", value.parse().unwrap());
        let url = "https://api.example.com/weather".parse().unwrap();
        let answer = Answer::Http { status: StatusCode::OK, headers, body: "{}".into(), url };
        assert_eq!(word(&driver.answered(&open, &payload, &answer).await), wanted);
    }
    let result = json!({"content": [], "_meta": {"org.paymentauth/receipt": {"status": "success", "method": "lightning", "timestamp": "t", "reference": "x"}}});
    let told = driver.answered(&open, &payload, &Answer::Mcp(result)).await;
    assert_eq!(word(&told), "settled 10+1 receipt_mismatch");
    let told = driver.answered(&open, &payload, &Answer::Nothing).await;
    assert_eq!(word(&told), "settled 10+1");
}

fn token(caveats: &[&str]) -> String {
    let hash = PaymentHash::from_hex(H1).unwrap();
    let id = L402Id { payment_hash: hash, token_id: [0x42; 32] }.to_bytes();
    let caveats = caveats.iter().filter_map(|text| Caveat::parse(text));
    let root = RootKey::from_bytes([7; 32]);
    let macaroon = Macaroon::mint(&root, Derivation::Generator, "lsat", &id, caveats);
    Token::of(&macaroon).ok().unwrap().text().to_owned()
}

#[tokio::test]
async fn a_credential_serves_until_the_first_end_that_its_caveats_set() {
    // L4C-20, L4C-24
    for (caveats, until) in [
        (&["services=weather:0"][..], None),
        (&["services=weather:0", "weather_valid_until=1740672099"], Some(1_740_672_099)),
        (&["weather_valid_until=20", "weather_valid_until=10", "maps_valid_until=15"], Some(10)),
        (&["weather_valid_until=soon"], Some(0)),
    ] {
        let token = token(caveats);
        assert_eq!(valid_until(&token), until, "{caveats:?}");
        let reuse = attached(l402("L402", &token, INV10)).await.reuse.expect("it serves again");
        assert_eq!(reuse.until, until.map(|seconds| seconds * 1000));
    }
    assert_eq!(valid_until("opaque"), None);
}

proptest! {
    #[test]
    fn a_sealed_challenge_comes_back_as_it_was(
        id in "[a-zA-Z0-9]{1,20}", realm in ".{0,20}", expires: Option<bool>,
        digest in proptest::option::of(".{0,20}"), opaque in proptest::option::of(".{0,20}"), fee in 0..u64::MAX, until: u64,
    ) {
        let Offer::Payment(mut challenge) = offer(MPP) else { panic!("a challenge") };
        challenge.id = id;
        challenge.realm = realm;
        challenge.expires = expires.and_then(|_| challenge.expires.take());
        challenge.digest = digest;
        challenge.opaque = opaque.map(Value::String);
        let sealed = Sealed {
            challenge: Challenge::Payment(challenge.clone()),
            invoice: ::lightning::Invoice::parse(INV10).unwrap(),
            fee_limit: fee,
            wallet: "main".into(),
            until: Timestamp(until),
        };
        let read = Sealed::read(&sealed.payload()).expect("what was written");
        prop_assert_eq!((read.fee_limit, read.until.0, read.wallet.as_str()), (fee, until, "main"));
        let Challenge::Payment(back) = read.challenge else { panic!("the same rail") };
        prop_assert_eq!(back, challenge);
    }
}
