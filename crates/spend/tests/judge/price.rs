//! Prices and their references.

use serde_json::json;
use spend::Price;

use super::{entries, judged, rule, situation};

#[test]
fn a_price_cannot_be_walked_up_in_small_steps() {
    // PRC-04: what is allowed leaves the reference where it is.
    let situation = situation();
    let steps = ["10000", "12000", "14400", "17300"];
    let judged: Vec<_> = steps
        .iter()
        .map(|amount| rule(&judged(&entries(&[&[("amount", json!(amount))]]), &situation)))
        .collect();
    assert_eq!(judged, ["allow", "allow", "price_drift", "price_drift"]);
}

#[test]
fn a_tool_that_never_cost_anything_asks() {
    let mut situation = situation();
    situation.known.pins.0[0].price = None;
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "first_charge");
    situation.known.pins.0[0].advertised = Some(Price::parse("0.01", "USD").unwrap());
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "allow");
}

#[test]
fn a_price_advertised_in_the_asset_itself_is_compared_with_it() {
    let mut situation = situation();
    for (advertised, expected) in
        [("0.01 USDC", "allow"), ("0.005 USDC", "price_mismatch"), ("10 sat", "price_mismatch")]
    {
        situation.known.pins.0[0].advertised = Some(Price::parse(advertised, "USD").unwrap());
        assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), expected, "{advertised}");
    }
}

#[test]
fn a_threshold_that_cannot_be_compared_asks() {
    let mut situation = situation();
    situation.policy.thresholds.ask_above = vec![Price::parse("100 sat", "USD").unwrap()];
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "over_threshold");
    // One that can be compared is enough.
    situation.policy.thresholds.ask_above.push(Price::parse("0.01", "USD").unwrap());
    assert_eq!(rule(&judged(&entries(&[&[]]), &situation)), "allow");
    let Some(row) = situation.policy.assets.first_mut() else { panic!() };
    row.worth = Some(2_000_000_000);
    assert_eq!(
        rule(&judged(&entries(&[&[("amount", json!("5001"))]]), &situation)),
        "over_threshold"
    );
}

#[test]
fn a_price_accepted_in_one_asset_is_a_reference_for_another() {
    // 0.01 USDC was accepted; 2 units of a token of 2 decimals are 0.02.
    let mut situation = situation();
    let row = &situation.policy.assets[0];
    situation.known.pins.0[0].price = Some(Price::of(10_000, row).unwrap());
    let two = |amount: &str| {
        let asset = json!("0x2222222222222222222222222222222222222222");
        let extra = json!({"name": "TWO", "version": "1"});
        entries(&[&[("asset", asset), ("amount", json!(amount)), ("extra", extra)]])
    };
    assert_eq!(rule(&judged(&two("1"), &situation)), "allow");
    assert_eq!(rule(&judged(&two("2"), &situation)), "price_drift");
    // Without a worth it cannot be compared, and is not taken for cheap.
    situation.policy.assets[1].worth = None;
    assert_eq!(rule(&judged(&two("1"), &situation)), "price_drift");
}
