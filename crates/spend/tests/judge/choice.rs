//! Which of the ways to pay is taken.

use model::money::{MoneyRule, Rail};
use proptest::prelude::*;
use rails::answer;
use serde_json::{Value, json};
use spend::{Plan, Verdict};

use super::{base, entries, judged, rule, situation};

const TWO: &str = "0x2222222222222222222222222222222222222222";

fn chosen(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Allow(choice) | Verdict::Ask { choice, .. } => choice.entry.index,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_cheapest_by_the_table_wins_and_not_the_smallest_number() {
    let two = json!({"name": "TWO", "version": "1"});
    // 1 unit of a token of 2 decimals is as much as 10000 of one of 6.
    let cheaper = entries(&[
        &[],
        &[("amount", json!("9999"))],
        &[("asset", json!(TWO)), ("amount", json!("1")), ("extra", two.clone())],
    ]);
    assert_eq!(chosen(&judged(&cheaper, &situation())), 1);
    let equal = entries(&[&[("asset", json!(TWO)), ("amount", json!("1")), ("extra", two)], &[]]);
    assert_eq!(chosen(&judged(&equal, &situation())), 0);
}

#[test]
fn what_is_allowed_beats_what_is_cheaper_and_asked() {
    let both = entries(&[&[("payTo", json!(base::STRANGER)), ("amount", json!("1"))], &[]]);
    assert!(
        matches!(judged(&both, &situation()), Verdict::Allow(choice) if choice.entry.index == 1)
    );
}

#[test]
fn several_refused_ways_have_one_reason_and_a_list() {
    let bad = entries(&[&[("scheme", json!("x"))], &[("network", json!("eip155:8453"))]]);
    let Verdict::Deny(denial) = judged(&bad, &situation()) else { panic!() };
    let rules: Vec<_> = denial.each.iter().map(|one| one.reason.rule.as_str()).collect();
    assert_eq!((denial.rule.as_str(), rules), ("no_acceptable_offer", vec!["scheme", "network"]));
}

#[test]
fn the_operator_orders_the_rails() {
    let header = rails::encode_standard(base::offer().to_string().as_bytes());
    let line = format!(r#"L402 token="{}", invoice="{}""#, base::MAC, base::INV10);
    let demand = answer(
        402,
        &[("PAYMENT-REQUIRED", header.as_bytes()), ("WWW-Authenticate", line.as_bytes())],
        b"",
    );
    let mut situation = situation();
    for rails in [[Rail::X402, Rail::L402], [Rail::L402, Rail::X402]] {
        situation.policy.rails = rails.to_vec();
        let Verdict::Allow(choice) = judged(&demand, &situation) else { panic!() };
        assert_eq!(choice.terms.rail, rails[0]);
    }
    situation.policy.rails = vec![Rail::L402];
    let Verdict::Allow(choice) = judged(&demand, &situation) else { panic!() };
    assert!(matches!(choice.plan, Plan::Lightning { .. }));
    assert_eq!(choice.terms.network, "lightning:mainnet");
    assert_eq!(choice.terms.fee_limit, 10);
}

#[test]
fn two_lightning_rails_that_name_two_prices_are_ambiguous() {
    let charge =
        json!({"amount": "1000", "currency": "sat", "methodDetails": {"invoice": base::INV1000}});
    let line = format!(
        r#"L402 token="{}", invoice="{}", Payment id="a", realm="r", method="lightning", intent="charge", request="{}""#,
        base::MAC,
        base::INV10,
        rails::encode_url(charge.to_string().as_bytes()),
    );
    let demand = answer(402, &[("WWW-Authenticate", line.as_bytes())], b"");
    let Verdict::Deny(denial) = judged(&demand, &situation()) else { panic!() };
    assert!(denial.each.iter().all(|one| one.reason.rule.as_str() == "ambiguous"));
}

#[test]
fn a_token_that_is_no_macaroon_needs_the_operators_word() {
    let line = format!(r#"L402 token="opaque-token", invoice="{}""#, base::INV10);
    let demand = answer(402, &[("WWW-Authenticate", line.as_bytes())], b"");
    let mut situation = situation();
    assert_eq!(rule(&judged(&demand, &situation)), "bad_challenge");
    situation.policy.opaque_tokens = vec![spend::Target::parse(base::URL).unwrap().origin];
    assert_eq!(rule(&judged(&demand, &situation)), "allow");
}

#[test]
fn a_token_of_another_payment_is_refused() {
    let other = "AgEEbHNhdAJCAAB1h3u0HTk7X7hFXOYOzY3aAB0GMWSWsU36f4lWVu7KSkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCAAISc2VydmljZXM9d2VhdGhlcjowAAAGICYWaIOafcgrzPgAKoSW3P8ySmZJm8Ap7Z8IHB0W7+QN";
    let line = format!(r#"L402 token="{other}", invoice="{}""#, base::INV10);
    assert_eq!(
        rule(&judged(&answer(402, &[("WWW-Authenticate", line.as_bytes())], b""), &situation())),
        "hash_mismatch"
    );
}

fn invoice() -> rails::Demand {
    let line = format!(r#"L402 token="{}", invoice="{}""#, base::MAC, base::INV10);
    answer(402, &[("WWW-Authenticate", line.as_bytes())], b"")
}

#[test]
fn a_person_pays_an_invoice_where_no_wallet_may() {
    let mut situation = situation();
    situation.policy.rails = vec![Rail::Human];
    let Verdict::Ask { choice, rules } = judged(&invoice(), &situation) else { panic!() };
    assert_eq!(rules.last().unwrap().rule, MoneyRule::ByHand);
    assert_eq!((choice.terms.rail, choice.terms.fee_limit), (Rail::Human, 0));
    assert!(matches!(choice.plan, Plan::Lightning { .. }));
    // A wallet that may is asked nothing of a person.
    situation.policy.rails = vec![Rail::Human, Rail::L402];
    let Verdict::Allow(choice) = judged(&invoice(), &situation) else { panic!() };
    assert_eq!(choice.terms.rail, Rail::L402);
    // What no rule allows is not for a person to pay either.
    situation.policy.denied_payees = vec![choice.terms.payee.clone()];
    assert!(matches!(judged(&invoice(), &situation), Verdict::Deny(_)));
}

#[test]
fn a_person_transfers_only_to_sellers_that_take_the_hash_of_a_transfer() {
    let mut situation = situation();
    situation.policy.rails = vec![Rail::Human];
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "rail");
    situation.policy.transfers = vec![spend::Listed::parse("https://api.example.com").unwrap()];
    situation.policy.schemes.clear();
    let Verdict::Ask { choice, .. } = judged(&entries(&[&[]]), &situation) else { panic!() };
    assert_eq!((choice.terms.rail, choice.terms.scheme.as_str()), (Rail::Human, "transfer"));
    let Plan::Transfer { token, payee } = choice.plan else { panic!() };
    assert_eq!((token.chain_id, payee.to_string()), (84532, choice.terms.payee));
}

proptest! {
    #[test]
    fn the_choice_is_never_dearer_than_another_allowed_entry(amounts in prop::collection::vec(1u32..12_000, 1..8)) {
        let changes: Vec<[(&str, Value); 1]> = amounts.iter().map(|n| [("amount", json!(n.to_string()))]).collect();
        let all: Vec<&[(&str, Value)]> = changes.iter().map(<[_; 1]>::as_slice).collect();
        let at = chosen(&judged(&entries(&all), &situation()));
        let least = amounts.iter().position(|n| n == amounts.iter().min().unwrap());
        prop_assert_eq!(Some(at), least);
    }
}
