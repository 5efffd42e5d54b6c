//! Charges of the Payment scheme on a chain.

use model::money::Rail;
use proptest::prelude::*;
use rails::{Demand, answer, mcp};
use serde_json::{Value, json};
use spend::{Plan, Request, Scheme, Situation, Verdict};

use super::{Endless, REQUEST, base, judged, rule, situation};

fn request(patch: &[(&str, Value)]) -> Value {
    let mut request = json!({"amount": "10000", "currency": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        "recipient": base::PAYEE,
        "methodDetails": {"chainId": 84532, "credentialTypes": ["permit2", "authorization"], "decimals": 6}});
    for (pointer, value) in patch {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    request
}

/// A challenge over HTTP; `more` are further parameters.
fn challenge(method: &str, intent: &str, request: &Value, more: &str) -> Demand {
    let line = format!(
        r#"Payment id="a", realm="api.example.com", method="{method}", intent="{intent}", request="{}"{more}"#,
        rails::encode_url(request.to_string().as_bytes()),
    );
    answer(402, &[("WWW-Authenticate", line.as_bytes())], b"")
}

fn charge(patch: &[(&str, Value)]) -> Demand {
    challenge("evm", "charge", &request(patch), "")
}

fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Deny(denial) => denial.reason.to_string(),
        other => panic!("{other:?}"),
    }
}

fn without(remove: impl Fn(&mut Situation)) -> Situation {
    let mut situation = situation();
    remove(&mut situation);
    situation
}

#[test]
fn a_charge_on_a_chain_is_paid_by_the_signature_that_x402_takes() {
    let demand = challenge("evm", "charge", &request(&[]), r#", expires="2025-02-27T16:06:40Z""#);
    let Verdict::Allow(choice) = judged(&demand, &situation()) else { panic!() };
    let terms = &choice.terms;
    assert_eq!((terms.rail, terms.scheme.as_str()), (Rail::Mpp, "exact/eip3009"));
    assert_eq!((terms.network.as_str(), terms.payee.as_str()), ("eip155:84532", base::PAYEE));
    assert_eq!((terms.amount.minor, terms.fee_limit), (10_000, 0));
    assert_eq!(terms.expires.map(model::Timestamp::as_secs), Some(base::NOW + 300));
    let Plan::Evm { scheme, token, payee, valid_for, facilitator, extra } = choice.plan else {
        panic!()
    };
    assert_eq!((scheme, payee.to_string()), (Scheme::ExactEip3009, base::PAYEE.to_owned()));
    assert_eq!((token.name.as_str(), valid_for), ("USDC", 300));
    assert!(facilitator.is_none() && extra.is_none());
}

#[test]
fn a_charge_over_mcp_is_paid_for_the_tool_that_was_called() {
    let error = json!({"code": -32042, "message": "", "data": {"challenges": [
        {"id": "a", "realm": "r", "method": "tempo", "intent": "charge", "request": {}},
        {"id": "b", "realm": "r", "method": "evm", "intent": "charge", "request": request(&[])}]}});
    let demand = mcp::error(&error.to_string().into());
    let over = Request { mcp: true, ..REQUEST };
    let verdict = spend::judge(&demand, &over, &situation(), &Endless);
    let Verdict::Allow(choice) = verdict else { panic!("{verdict:?}") };
    assert_eq!((choice.entry.offer, choice.terms.resource.as_str()), (1, "mcp://tool/weather"));
    assert_eq!(choice.terms.expires, None);
}

#[test]
fn every_rule_about_transfers_holds_for_charges() {
    let token = |text: &str| [("/currency", json!(text))];
    for (patch, expected) in [
        (vec![("/methodDetails/chainId", json!(8453))], "network"),
        (vec![("/methodDetails/chainId", json!("84532"))], "bad_network"),
        (token("0x70997970C51812dc3A010C7d01b50e0d17dc79C8").to_vec(), "unknown_asset"),
        (token("usd").to_vec(), "bad_address"),
        (vec![("/methodDetails/decimals", json!(18))], "decimals_mismatch"),
        (vec![("/recipient", json!("0x0000000000000000000000000000000000000000"))], "bad_payee"),
        (vec![("/recipient", json!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"))], "bad_payee"),
        (vec![("/recipient", json!("nobody"))], "bad_address"),
        (vec![("/recipient", json!(base::STRANGER))], "payee_changed"),
        (vec![("/amount", json!("0"))], "zero_amount"),
        (vec![("/amount", json!("0.01"))], "bad_amount"),
        (vec![("/amount", json!(10000))], "bad_type"),
        (vec![("/amount", json!("20000"))], "price_drift"),
        (vec![("/methodDetails", json!(7))], "bad_type"),
    ] {
        assert_eq!(rule(&judged(&charge(&patch), &situation())), expected, "{patch:?}");
    }
    for (situation, expected) in [
        (without(|s| s.policy.rails = vec![Rail::X402, Rail::L402]), "rail"),
        (without(|s| s.policy.networks.clear()), "network"),
        (without(|s| s.policy.schemes = vec![Scheme::ExactPermit2, Scheme::Upto]), "scheme"),
        (without(|s| s.policy.origins.clear()), "origin"),
        (without(|s| s.policy.denied_payees = vec![base::PAYEE.to_lowercase()]), "payee_denied"),
        (without(|s| s.known.paused.0 = vec!["rail:mpp".to_owned()]), "paused"),
        (without(|s| s.known.disabled = vec![s.policy.assets[0].asset.clone()]), "domain_mismatch"),
        (without(|s| s.known.wrong_chains = s.policy.networks.clone()), "network"),
    ] {
        assert_eq!(rule(&judged(&charge(&[]), &situation)), expected);
    }
}

#[test]
fn only_an_authorization_for_one_payee_is_signed() {
    let types = |all: Value| vec![("/methodDetails/credentialTypes", all)];
    let split = json!([{"recipient": base::STRANGER, "amount": "1"}]);
    for (patch, word) in [
        (types(json!(["permit2"])), "EIP-3009"),
        (types(json!(["transaction", "hash"])), "EIP-3009"),
        (types(json!([])), "EIP-3009"),
        (vec![("/methodDetails/splits", split)], "several payees"),
    ] {
        let verdict = judged(&charge(&patch), &situation());
        assert_eq!(rule(&verdict), "scheme", "{patch:?}");
        assert!(why(&verdict).contains(word), "{}", why(&verdict));
    }
}

#[test]
fn a_method_that_wants_a_transaction_is_refused_with_that_reason() {
    let refused = |method: &str, intent: &str| {
        let verdict = judged(&challenge(method, intent, &request(&[]), ""), &situation());
        (rule(&verdict), why(&verdict))
    };
    let (rule, why) = refused("tempo", "charge");
    assert_eq!(rule, "no_acceptable_offer");
    assert!(why.contains("`tempo`") && why.contains("transaction"), "{why}");
    assert_eq!(refused("stripe", "charge").0, "no_acceptable_offer");
    assert_eq!(refused("evm", "session").0, "scheme");
    assert_eq!(refused("EVM", "charge").0, "scheme");
}

#[test]
fn a_charge_ends_with_its_challenge() {
    let until =
        |text: &str| challenge("evm", "charge", &request(&[]), &format!(r#", expires="{text}""#));
    for over in ["2025-02-27T16:01:40Z", "2025-02-27T16:01:40.999Z", "2024-01-01T00:00:00Z"] {
        assert_eq!(rule(&judged(&until(over), &situation())), "challenge_expired", "{over}");
    }
    for (text, seconds) in
        [("2025-02-27T16:02:40Z", 60), ("2025-02-27T16:06:41Z", 300), ("2026-01-01T00:00:00Z", 300)]
    {
        let Verdict::Allow(choice) = judged(&until(text), &situation()) else { panic!("{text}") };
        assert!(
            matches!(choice.plan, Plan::Evm { valid_for, .. } if valid_for == seconds),
            "{text}"
        );
    }
}

#[test]
fn a_charge_that_is_bound_to_a_body_is_paid_for_that_body_alone() {
    const DIGEST: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    let bound = challenge("evm", "charge", &request(&[]), &format!(r#", digest="{DIGEST}""#));
    assert_eq!(rule(&judged(&bound, &situation())), "resource_mismatch");
    let with = Request { digest: Some(DIGEST), ..REQUEST };
    assert!(matches!(spend::judge(&bound, &with, &situation(), &Endless), Verdict::Allow(_)));
}

#[test]
fn the_same_transfer_in_two_dialects_is_paid_by_the_operators_rail() {
    let header = rails::encode_standard(base::offer().to_string().as_bytes());
    let line = format!(
        r#"Payment id="a", realm="r", method="evm", intent="charge", request="{}""#,
        rails::encode_url(request(&[]).to_string().as_bytes()),
    );
    let fields = [("PAYMENT-REQUIRED", header.as_bytes()), ("WWW-Authenticate", line.as_bytes())];
    let demand = answer(402, &fields, b"");
    for rails in [[Rail::X402, Rail::Mpp], [Rail::Mpp, Rail::X402]] {
        let situation = without(|s| s.policy.rails = rails.to_vec());
        let Verdict::Allow(choice) = judged(&demand, &situation) else { panic!() };
        assert_eq!(choice.terms.rail, rails[0]);
    }
}

proptest! {
    #[test]
    fn a_charge_is_judged_as_the_same_entry_of_x402_is(
        amount in prop_oneof![(0u32..2_000_000).prop_map(|n| n.to_string()), "[0-9e.+-]{0,6}"],
        payee in prop_oneof![Just(base::PAYEE.to_owned()), Just(base::STRANGER.to_owned()), "0x[0-9a-f]{38,41}"],
        asset in prop_oneof![
            Just("0x036CbD53842c5426634e7929541eC2318f3dCF7e".to_owned()),
            Just("0x2222222222222222222222222222222222222222".to_owned()),
            Just(base::STRANGER.to_owned())
        ],
        chain in prop_oneof![Just(84532u64), Just(8453u64), 0u64..3],
    ) {
        let patch = [
            ("/amount", json!(amount)), ("/recipient", json!(payee)), ("/currency", json!(asset)),
            ("/methodDetails", json!({"chainId": chain, "credentialTypes": ["authorization"]})),
        ];
        let entry = [
            ("amount", json!(amount)), ("payTo", json!(payee)), ("asset", json!(asset)),
            ("network", json!(format!("eip155:{chain}"))), ("extra", json!({})),
        ];
        let (charge, entry) = (judged(&charge(&patch), &situation()), judged(&super::entries(&[&entry]), &situation()));
        prop_assert_eq!(rule(&charge), rule(&entry));
    }
}
