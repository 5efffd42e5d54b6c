//! The order of the rules is the specification's.

use serde_json::{Value, json};
use spend::{RULES, Room, Verdict, judge};

use super::{REQUEST, Spend, base, entries, judged, rule, situation};

struct Full;

impl spend::Caps for Full {
    fn room(&self, _: &Spend<'_>) -> Room {
        Room::None(model::money::MoneyRule::DayCap, "The day is full.".to_owned())
    }
}

#[test]
fn rules_speak_in_the_order_of_the_specification() {
    let order = [
        "syntax and size",
        "pause",
        "origin",
        "rail",
        "network",
        "scheme",
        "asset",
        "domain",
        "payee form",
        "time window",
        "amount form",
        "payee deny list",
        "caps",
        "payee pin",
        "identity",
        "first charge",
        "price",
        "threshold of one person",
        "signing firewall",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|name| RULES.iter().position(|rule| rule.about == *name).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

/// Every flaw at once; each is taken away after it was named.
#[test]
fn the_first_flaw_in_the_order_names_the_reason() {
    let mut flaws: Vec<(&str, &str, Value)> = vec![
        ("bad_json", "scheme", Value::Null),
        ("bad_network", "network", json!("EIP155:84532")),
        ("scheme", "scheme", json!("exact-v2")),
        ("unknown_asset", "asset", json!("0x4242424242424242424242424242424242424242")),
        ("domain_mismatch", "extra", json!({"name": "EURC"})),
        ("bad_address", "payTo", json!("merchant")),
        ("bad_timeout", "maxTimeoutSeconds", json!(0)),
        ("bad_amount", "amount", json!("1e4")),
    ];
    // A wrong type is no missing member: what is required and null is of another type.
    flaws[0].0 = "bad_type";
    while !flaws.is_empty() {
        // The first flaw of each member counts.
        let mut changes: Vec<(&str, Value)> = Vec::new();
        for (_, member, value) in &flaws {
            if !changes.iter().any(|(known, _)| known == member) {
                changes.push((member, value.clone()));
            }
        }
        assert_eq!(rule(&judged(&entries(&[&changes]), &situation())), flaws[0].0);
        flaws.remove(0);
    }
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation())), "allow");
}

#[test]
fn a_pause_comes_before_everything_but_syntax() {
    let mut situation = situation();
    situation.known.paused.0 = vec!["all".to_owned()];
    situation.policy.origins.clear();
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "paused");
    assert_eq!(rule(&judged(&entries(&[&[], &[]]), &situation)), "paused");
    assert_eq!(rule(&judged(&entries(&[&[("payTo", json!(7))]]), &situation)), "bad_type");
}

#[test]
fn a_full_budget_beats_every_question() {
    let stranger = entries(&[&[("payTo", json!(base::STRANGER)), ("amount", json!("20000"))]]);
    assert_eq!(rule(&judged(&stranger, &situation())), "payee_changed");
    assert_eq!(rule(&judge(&stranger, &REQUEST, &situation(), &Full)), "day_cap");
}

#[test]
fn all_questions_are_listed_in_their_order() {
    let mut situation = situation();
    situation.policy.thresholds.ask_above = vec![spend::Price::parse("0.015", "USD").unwrap()];
    let stranger = entries(&[&[("payTo", json!(base::STRANGER)), ("amount", json!("20000"))]]);
    let Verdict::Ask { rules, choice } = judged(&stranger, &situation) else { panic!() };
    let rules: Vec<_> = rules.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!(rules, ["payee_changed", "price_drift", "over_threshold"]);
    assert_eq!((choice.approvers, choice.terms.payee.as_str()), (1, base::STRANGER));
}

struct Asking;

impl spend::Caps for Asking {
    fn room(&self, _: &Spend<'_>) -> Room {
        let rule = model::money::MoneyRule::OverThreshold;
        Room::Asks(vec![spend::Reason::new(rule, "A budget wants a person asked.")])
    }
}

#[test]
fn what_a_budget_asks_comes_after_payee_and_price() {
    let stranger = entries(&[&[("payTo", json!(base::STRANGER)), ("amount", json!("20000"))]]);
    let Verdict::Ask { rules, .. } = judge(&stranger, &REQUEST, &situation(), &Asking) else {
        panic!()
    };
    let rules: Vec<_> = rules.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!(rules, ["payee_changed", "price_drift", "over_threshold"]);
}
