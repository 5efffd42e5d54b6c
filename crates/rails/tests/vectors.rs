//! Known answers: the base offer and its payments, and the Payment scheme over Lightning and on a chain.
#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use model::money::MoneyRule;
use rails::payment::{Payload, bound_nonce};
use rails::{Credential, Demand, Offer, Place, answer, decode, payment, x402};

const PAYMENT_REQUIRED: &str = include_str!("vectors/payment_required.txt");
const PAYMENT_SIGNATURE: &str = include_str!("vectors/payment_signature.txt");
const X_PAYMENT: &str = include_str!("vectors/x_payment.txt");
const MPP_REQUEST: &str = include_str!("vectors/mpp_request.txt");
const MPP_CREDENTIAL: &str = include_str!("vectors/mpp_credential.txt");
const EVM_REQUEST: &str = include_str!("vectors/evm_request.txt");
const EVM_CREDENTIAL: &str = include_str!("vectors/evm_credential.txt");
const INV10: &str = include_str!("vectors/inv10.txt");

const V1_BODY: &str = r#"{"x402Version":1,"error":"","accepts":[{"scheme":"exact","network":"base-sepolia","maxAmountRequired":"10000","resource":"https://api.example.com/weather","description":"","mimeType":"application/json","payTo":"0x209693Bc6afc0C5328bA36FaF03C514EF312287C","maxTimeoutSeconds":60,"asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","extra":{"name":"USDC","version":"2"}}]}"#;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    let digits: Vec<u8> =
        text.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
    std::array::from_fn(|at| digits[2 * at] << 4 | digits[2 * at + 1])
}

fn one(headers: &[(&str, &str)], body: &str) -> Offer {
    let fields: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
    match answer(402, &fields, body.as_bytes()) {
        Demand::Offers(mut all) if all.len() == 1 => all.remove(0),
        other => panic!("{other:?}"),
    }
}

fn x402(headers: &[(&str, &str)], body: &str) -> x402::Offer {
    match one(headers, body) {
        Offer::X402(offer) => *offer,
        other => panic!("{other:?}"),
    }
}

fn pay(offer: &x402::Offer) -> Credential {
    let signed = x402::Authorization {
        from: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        to: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        value: "10000",
        valid_after: 1_740_672_089,
        valid_before: 1_740_672_154,
        nonce: &hex("f3746613c2d920b5fdabc0856f2aeb2d4f88ee6037b8cc5d04a71a4462f13480"),
        signature: &hex(
            "dc53a4a579de989368a0fae2ef2172ff2f474b4297013f865d171239f17ef4c3157b4b4030f1bebc53d55ace15c2377dff501a60e1e56c291f1000d6e78f082f1b",
        ),
    };
    offer.pay(offer.entries[0].as_ref().unwrap(), &signed, None)
}

#[test]
fn the_base_offer_is_read_in_every_spelling_of_base64() {
    // CTL-01, CTL-09, PRS-01
    let standard = PAYMENT_REQUIRED.trim();
    let url = standard.replace('+', "-").replace('/', "_");
    for text in [standard, standard.trim_end_matches('='), &url] {
        let offer = x402(&[("payment-required", text)], "");
        let entry = offer.entries[0].as_ref().unwrap();
        assert_eq!(offer.resource.as_deref(), Some("https://api.example.com/weather"));
        assert_eq!(entry.transfer.network.as_deref(), Ok("eip155:84532"));
        assert_eq!(entry.transfer.amount.as_ref().unwrap().as_str(), "10000");
        assert_eq!(entry.timeout, Ok(60));
        assert_eq!(entry.transfer.hints.name.as_deref(), Some("USDC"));
    }
}

#[test]
fn base64_with_two_alphabets_or_white_space_is_refused() {
    // PRS-02, PRS-03
    let text = PAYMENT_REQUIRED.trim();
    for bad in [
        format!("{}\n{}", &text[..40], &text[40..]),
        text.replacen('e', "+_", 1),
        format!(" {text}"),
    ] {
        let flaw = x402::Offer::from_header(bad.as_bytes()).unwrap_err();
        assert_eq!(flaw.rule, MoneyRule::BadJson);
    }
}

#[test]
fn the_payment_of_version_2_is_the_known_one() {
    let credential = pay(&x402(&[("PAYMENT-REQUIRED", PAYMENT_REQUIRED.trim())], ""));
    assert_eq!(credential.place(), Place::Header("PAYMENT-SIGNATURE"));
    assert_eq!(credential.reveal(), PAYMENT_SIGNATURE.trim());
}

#[test]
fn the_payment_of_version_1_is_the_known_one() {
    // CTL-02
    let credential = pay(&x402(&[], V1_BODY));
    assert_eq!(credential.place(), Place::Header("X-PAYMENT"));
    assert_eq!(credential.reveal(), X_PAYMENT.trim());
}

#[test]
fn what_was_offered_goes_back_byte_for_byte() {
    let text = r#"{"x402Version":2,"resource":{"url":"mcp://tool/weather" },"accepts":[ {"maxTimeoutSeconds":60, "scheme":"exact","network":"eip155:84532","amount":"1","asset":"0x","payTo":"m\u0065","extra":{"n":1.50}} ],"extensions":{"payment-identifier":{"info":{"required":true},"schema":{}},"x":{"info":{"n":1e2}}}}"#;
    let offer = x402::Offer::read(Bytes::from(text), x402::Carrier::Mcp).unwrap();
    let credential = pay(&offer);
    assert_eq!(credential.place(), Place::Meta("x402/payment"));
    let entry = r#"{"maxTimeoutSeconds":60, "scheme":"exact","network":"eip155:84532","amount":"1","asset":"0x","payTo":"m\u0065","extra":{"n":1.50}}"#;
    assert!(credential.reveal().contains(&format!(r#","accepted":{entry},"payload":"#)));
    assert!(credential.reveal().contains(r#","resource":{"url":"mcp://tool/weather" },"#));
    assert!(credential.reveal().ends_with(r#""x":{"info":{"n":1e2}}}}"#));
}

#[test]
fn the_identifier_of_a_payment_is_sent_where_it_is_asked_for() {
    let text = r#"{"x402Version":2,"resource":{"url":"u"},"accepts":[{"scheme":"exact","network":"eip155:1","amount":"1","asset":"a","payTo":"p","maxTimeoutSeconds":60}],"extensions":{"payment-identifier":{"info":{"required":true}},"x":1.50}}"#;
    let offer = x402::Offer::read(Bytes::from(text), x402::Carrier::Header).unwrap();
    let signed = x402::Authorization {
        from: "f",
        to: "t",
        value: "1",
        valid_after: 0,
        valid_before: 1,
        nonce: &[0; 32],
        signature: &[0; 65],
    };
    let credential =
        offer.pay(offer.entries[0].as_ref().unwrap(), &signed, Some("pay_7d5d747be160e280504c"));
    let sent = String::from_utf8(decode(credential.reveal().as_bytes()).unwrap()).unwrap();
    assert!(sent.contains(r#""extensions":{"payment-identifier":{"info":{"required":true,"id":"pay_7d5d747be160e280504c"}},"x":1.50}"#), "{sent}");
}

fn read(line: &str) -> payment::Challenge {
    match one(&[("WWW-Authenticate", line)], "") {
        Offer::Payment(challenge) => *challenge,
        other => panic!("{other:?}"),
    }
}

fn challenge() -> payment::Challenge {
    read(&format!(
        r#"Payment id="pcVg4m4pNVyCiGTDccUkoLutbQ_uvGz6dJIt9xHl-Uo", realm="api.example.com", method="lightning", intent="charge", request="{}", expires="2025-02-27T16:06:40Z""#,
        MPP_REQUEST.trim(),
    ))
}

/// As `mppx` 0.11.0 writes it, with the secret of the other one.
fn on_a_chain() -> payment::Challenge {
    read(&format!(
        r#"Payment id="P4-A700J5iSzi9McDNVSUwuu2ciixlxCiJbiB4OjbxU", realm="api.example.com", method="evm", intent="charge", request="{}", expires="2025-02-27T16:06:40Z""#,
        EVM_REQUEST.trim(),
    ))
}

#[test]
fn a_charge_over_lightning_is_read() {
    // MPC-01
    let challenge = challenge();
    let charge = challenge.lightning_charge().unwrap().unwrap();
    assert_eq!(charge.amount.unwrap().as_str(), "10");
    assert_eq!((charge.currency.as_str(), charge.invoice.as_str()), ("sat", INV10.trim()));
    assert_eq!(charge.network.as_deref(), Some("mainnet"));
    assert_eq!(
        charge.payment_hash.as_deref(),
        Some("72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793")
    );
    assert_eq!(challenge.expires_at().map(model::Timestamp::as_secs), Some(1_740_672_400));
}

#[test]
fn the_credential_of_the_payment_scheme_is_the_known_one() {
    let credential = challenge().credential(&Payload::Preimage(&[1; 32]), None).unwrap();
    assert_eq!(credential.place(), Place::Header("Authorization"));
    assert_eq!(credential.reveal(), format!("Payment {}", MPP_CREDENTIAL.trim()));
}

#[test]
fn opaque_and_digest_are_echoed_and_the_description_is_not() {
    // MPC-08, MPC-09
    let mut challenge = challenge();
    challenge.opaque = Some("eyJvcmRlciI6IjcifQ".into());
    challenge.digest = Some("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:".to_owned());
    challenge.description = Some("weather".to_owned());
    let credential = challenge.credential(&Payload::Preimage(&[1; 32]), Some("did:x")).unwrap();
    let text = decode(&credential.reveal().as_bytes()[8..]).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(value["challenge"]["opaque"], "eyJvcmRlciI6IjcifQ");
    assert_eq!(
        value["challenge"]["digest"],
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    );
    assert_eq!(value["challenge"].get("description"), None);
    assert_eq!(
        (&value["source"], &value["payload"]["preimage"]),
        (&"did:x".into(), &"01".repeat(32).into())
    );
    // The identifiers of both rows are made of what is echoed.
    let secret = b"portcullis-test-secret";
    challenge.digest = None;
    assert_eq!(challenge.id_under(secret), "8qOzYzdQzYy_VUcllpn8BB-U9raypEPKdAJ6R-eonww");
    challenge.opaque = None;
    challenge.digest = Some("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:".to_owned());
    assert_eq!(challenge.id_under(secret), "Cj7nbIb8Ujv6U3NpKJpHBp_gAHNyjy_B569eFxWD9aU");
}

#[test]
fn identifiers_and_nonces_are_the_known_ones() {
    let mut challenge = challenge();
    assert_eq!(challenge.id_under(b"portcullis-test-secret"), challenge.id);
    assert_ne!(challenge.id_under(b"other"), challenge.id);
    assert_eq!(
        bound_nonce(&challenge.id, &challenge.realm),
        hex::<32>("5ce4bd5f0edf8f0e4b6373559f64d46a22b611f41f935273fa7074623d10a405"),
    );
    assert_eq!(
        bound_nonce("kM9xPqWvT2nJrHsY4aDfEb", "api.example.com"),
        hex::<32>("d2d72dfca885760b79fc7ce459bc3ab304be7f63bbbfc1384bbf4a54ff0344cc"),
    );
    // The same request as JSON has the same identifier, and goes back as JSON.
    let members = challenge.request.members().clone();
    challenge.request = payment::Request::Native(members);
    assert_eq!(challenge.id_under(b"portcullis-test-secret"), challenge.id);
    let credential = challenge.credential(&Payload::Preimage(&[1; 32]), None).unwrap();
    assert_eq!(credential.place(), Place::Meta("org.paymentauth/credential"));
    let value: serde_json::Value = serde_json::from_str(credential.reveal()).unwrap();
    assert_eq!(value["challenge"]["request"]["amount"], "10");
}

#[test]
fn a_charge_on_a_chain_is_read_and_its_credential_is_the_known_one() {
    // What the client of `mppx` 0.11.0 sends for it.
    let challenge = on_a_chain();
    assert_eq!(challenge.id_under(b"portcullis-test-secret"), challenge.id);
    let charge = challenge.evm_charge().unwrap().unwrap();
    assert!(charge.takes_authorization() && challenge.lightning_charge().is_none());
    assert_eq!(charge.transfer.network.as_deref(), Ok("eip155:84532"));
    let nonce = bound_nonce(&challenge.id, &challenge.realm);
    assert_eq!(
        nonce,
        hex::<32>("4715a4a58a09a6901343079005eb764a9044ced78050273edbcaeac551e84f58")
    );
    let signed = x402::Authorization {
        from: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        to: &charge.transfer.pay_to,
        value: charge.transfer.amount.as_ref().unwrap().as_str(),
        valid_after: 0,
        valid_before: 1_740_672_400,
        nonce: &nonce,
        signature: &hex(
            "38d184b567d711009ac5e764c185da9d519b5db3cd646daf8970b45932a3cd260361b60826a223c97516d2ac7dc9eea7d608b39b0cca1ecdf448fcf8bf1a72901c",
        ),
    };
    let payer = "did:pkh:eip155:84532:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    let credential = challenge.credential(&Payload::Authorization(&signed), Some(payer)).unwrap();
    assert_eq!(credential.place(), Place::Header("Authorization"));
    assert_eq!(credential.reveal(), format!("Payment {}", EVM_CREDENTIAL.trim()));
}

#[test]
fn what_is_no_challenge_is_a_bad_challenge() {
    // MPC-10, MPC-13
    let line = |method: &str, request: &str| {
        format!(
            r#"Payment id="a", realm="r", method="{method}", intent="charge", request="{request}""#
        )
    };
    let rule = |line: &str| match one(&[("WWW-Authenticate", line)], "") {
        Offer::Broken(_, flaw) => flaw.rule,
        other => panic!("{other:?}"),
    };
    assert_eq!(rule(&line("lightning", "@@@")), MoneyRule::BadChallenge);
    assert_eq!(rule(&line("lightning", "W10")), MoneyRule::BadChallenge);
    assert_eq!(rule(&(line("lightning", "e30") + ", expires=soon")), MoneyRule::BadChallenge);
    assert_eq!(rule(&(line("lightning", "e30") + ", id=b")), MoneyRule::Ambiguous);
    // A field of a seller's choice could mean anything to those on the way.
    assert_eq!(rule(&(line("evm", "e30") + ", header=Cookie")), MoneyRule::BadChallenge);
    read(&(line("evm", "e30") + ", header=authorization"));
    let Offer::Payment(upper) = one(&[("WWW-Authenticate", &line("Lightning", "e30"))], "") else {
        panic!()
    };
    assert!(!upper.method_is_lawful() && upper.lightning_charge().is_none());
}
