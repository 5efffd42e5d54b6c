//! Nothing that a stranger sends makes the judge fail, and nothing makes it forget a rule.

use proptest::prelude::*;
use serde_json::{Value, json};
use spend::{Verdict, explain::explain};

use super::{base, entries, judged, situation};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        "[ -~]{0,12}".prop_map(Value::String),
        Just(json!(base::PAYEE)),
        Just(json!("10000")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_allowed_is_for_the_pinned_payee_and_near_the_pinned_price(
        member in prop::sample::select(vec!["scheme", "network", "amount", "asset", "payTo", "maxTimeoutSeconds", "extra", "other"]),
        value in any_json(),
        amount in 1u32..200_000,
    ) {
        let demand = entries(&[&[("amount", json!(amount.to_string())), (member, value)]]);
        if let Verdict::Allow(choice) = judged(&demand, &situation()) {
            prop_assert_eq!(choice.terms.payee.as_str(), base::PAYEE);
            prop_assert!(choice.terms.amount.minor <= 12_000);
            prop_assert_eq!(choice.terms.network.as_str(), "eip155:84532");
        }
    }

    #[test]
    fn any_object_is_explained(input in any_json(), url in "https?://[a-z.@%\\\\]{0,20}", headers in any_json(), body in any_json(), state in any_json()) {
        let base = base::base();
        for input in [input, json!({"url": url, "headers": headers, "body": body, "state": state})] {
            let told = explain(&input, &base);
            prop_assert!(told["reason"].as_str().is_some_and(|reason| reason.ends_with('.')), "{told}");
            prop_assert!(["pass", "deny", "ask", "allow", "load-error"].contains(&told["verdict"].as_str().unwrap()));
        }
    }
}
