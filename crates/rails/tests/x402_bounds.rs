//! The bounds of an x402 object, entry by entry.
#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use model::money::MoneyRule;
use proptest::prelude::*;
use rails::x402::{Carrier, Offer};
use serde_json::{Value, json};

fn base() -> Value {
    json!({"x402Version": 2, "resource": {"url": "https://api.example.com/weather"}, "accepts": [entry()]})
}

fn entry() -> Value {
    json!({"scheme": "exact", "network": "eip155:84532", "amount": "10000",
        "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        "maxTimeoutSeconds": 60, "extra": {"name": "USDC", "version": "2"}})
}

fn read(value: &Value) -> Result<Offer, MoneyRule> {
    Offer::read(Bytes::from(value.to_string()), Carrier::Mcp).map_err(|flaw| flaw.rule)
}

/// The base offer with one member changed, or taken away.
fn changed(pointer: &str, with: Option<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut offer = base();
    let members = offer.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match with {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    offer
}

#[test]
fn the_version_is_a_number_that_is_spoken() {
    // PRS-04, PRS-05
    for (version, rule) in [
        (json!(3), MoneyRule::Version),
        (json!(0), MoneyRule::Version),
        (json!(2.5), MoneyRule::Version),
        (json!("2"), MoneyRule::BadType),
        (Value::Null, MoneyRule::BadType),
    ] {
        assert_eq!(read(&changed("/x402Version", Some(version))).unwrap_err(), rule);
    }
    assert_eq!(read(&changed("/x402Version", None)).unwrap_err(), MoneyRule::BadJson);
}

#[test]
fn what_the_whole_offer_lacks_spoils_it() {
    // SEL-04
    for (pointer, with, rule) in [
        ("/accepts", Some(json!([])), MoneyRule::BadJson),
        ("/accepts", None, MoneyRule::BadJson),
        ("/accepts", Some(json!({})), MoneyRule::BadType),
        ("/accepts", Some(Value::Array(vec![entry(); 17])), MoneyRule::TooLarge),
        ("/resource", None, MoneyRule::BadJson),
        ("/resource/url", None, MoneyRule::BadJson),
        ("/resource/url", Some(json!(7)), MoneyRule::BadType),
        ("/extensions", Some(json!([])), MoneyRule::BadType),
        (
            "/extensions",
            Some(
                (0..33)
                    .map(|n| (n.to_string(), json!({})))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
            ),
            MoneyRule::TooLarge,
        ),
        ("/resource/description", Some(json!("x".repeat(1 << 20))), MoneyRule::TooLarge),
    ] {
        assert_eq!(read(&changed(pointer, with)).unwrap_err(), rule, "{pointer}");
    }
    assert!(read(&changed("/foo", Some(json!({"bar": [1, 2]})))).is_ok()); // CTL-03
}

#[test]
fn what_an_entry_lacks_spoils_that_entry_alone() {
    for (name, with, rule) in [
        ("scheme", None, MoneyRule::BadJson),
        ("network", None, MoneyRule::BadJson),
        ("asset", None, MoneyRule::BadJson),
        ("payTo", None, MoneyRule::BadJson),
        ("payTo", Some(json!(7)), MoneyRule::BadType),
        ("extra", Some(json!("USDC")), MoneyRule::BadType),
        ("maxAmountRequired", Some(json!("10000")), MoneyRule::Ambiguous),
        ("resource", Some(json!("https://api.example.com/weather")), MoneyRule::Ambiguous),
    ] {
        let mut offer = changed(&format!("/accepts/0/{name}"), with);
        offer["accepts"].as_array_mut().unwrap().push(entry());
        let read = read(&offer).unwrap();
        assert_eq!(read.entries[0].as_ref().unwrap_err().rule, rule, "{name}");
        assert!(read.entries[1].is_ok());
    }
}

#[test]
fn amount_time_and_network_keep_their_own_flaws() {
    // AMT-13, TIM-01..04, AST-05, AST-06
    let rules = |pointer: &str, with: Option<Value>| {
        let read = read(&changed(pointer, with)).unwrap();
        let entry = read.entries.into_iter().next().unwrap().unwrap();
        (
            entry.transfer.amount.err().map(|f| f.rule),
            entry.timeout.err().map(|f| f.rule),
            entry.transfer.network.err().map(|f| f.rule),
        )
    };
    assert_eq!(
        rules("/accepts/0/amount", Some(json!(10000))),
        (Some(MoneyRule::BadType), None, None)
    );
    assert_eq!(rules("/accepts/0/amount", None), (Some(MoneyRule::BadType), None, None));
    assert_eq!(
        rules("/accepts/0/amount", Some(json!("1e4"))),
        (Some(MoneyRule::BadAmount), None, None)
    );
    for bad in [
        Some(json!(0)),
        Some(json!(-60)),
        Some(json!(60.5)),
        Some(json!("60")),
        None,
        Some(Value::Null),
    ] {
        assert_eq!(
            rules("/accepts/0/maxTimeoutSeconds", bad),
            (None, Some(MoneyRule::BadTimeout), None)
        );
    }
    for bad in ["EIP155:84532", "eip155:84532 ", "base-sepolia"] {
        assert_eq!(
            rules("/accepts/0/network", Some(json!(bad))),
            (None, None, Some(MoneyRule::BadNetwork))
        );
    }
    let text = base().to_string();
    for (bad, known) in
        [("60.0", false), ("6e1", false), ("060", false), ("99999999999999999999999", true)]
    {
        let text =
            text.replace("\"maxTimeoutSeconds\":60", &format!("\"maxTimeoutSeconds\":{bad}"));
        let read = Offer::read(Bytes::from(text), Carrier::Mcp);
        let seconds = read.ok().map(|offer| offer.entries[0].as_ref().unwrap().timeout.is_ok());
        assert_eq!(seconds.unwrap_or(false), known, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_change_of_one_member_makes_it_fail(at in 0usize..12, text in "\\PC{0,12}", n in any::<i64>()) {
        let names = ["/x402Version", "/accepts", "/resource", "/extensions", "/error", "/accepts/0/scheme", "/accepts/0/network", "/accepts/0/amount", "/accepts/0/asset", "/accepts/0/payTo", "/accepts/0/maxTimeoutSeconds", "/accepts/0/extra"];
        for value in [json!(text), json!(n), json!([text]), json!({&text: n}), Value::Null] {
            let _ = read(&changed(names[at], Some(value)));
        }
    }
}
