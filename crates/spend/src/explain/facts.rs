use serde_json::{Map, Value, json};

use crate::{Choice, Plan, Situation, Verdict};

/// What is worth knowing beside the verdict.
pub(super) fn of(verdict: &Verdict, situation: &Situation) -> Value {
    let mut facts = Map::new();
    match verdict {
        Verdict::Pass => {}
        Verdict::Allow(choice) => choice_facts(choice, situation, &mut facts),
        Verdict::Ask { choice, rules } => {
            choice_facts(choice, situation, &mut facts);
            let rules: Vec<_> = rules.iter().map(|reason| reason.rule.as_str()).collect();
            facts.insert("asks".to_owned(), json!(rules));
            facts.insert("approvers".to_owned(), json!(choice.approvers));
        }
        Verdict::Deny(denial) => {
            let each = denial.each.iter().map(|one| {
                json!({"offer": one.entry.offer, "entry": one.entry.index,
                    "rule": one.reason.rule.as_str(), "reason": one.reason.why})
            });
            let each: Vec<Value> = each.collect();
            if !each.is_empty() {
                facts.insert("refused".to_owned(), Value::Array(each));
            }
        }
    }
    Value::Object(facts)
}

fn choice_facts(choice: &Choice, situation: &Situation, facts: &mut Map<String, Value>) {
    let terms = &choice.terms;
    let mut put = |name: &str, value: Value| facts.insert(name.to_owned(), value);
    put("rail", json!(terms.rail.as_str()));
    put("scheme", json!(terms.scheme));
    put("network", json!(terms.network));
    put("asset", json!(terms.asset().as_str()));
    put("amount", json!(terms.amount.minor.to_string()));
    put("fee_limit", json!(terms.fee_limit.to_string()));
    put("payee", json!(terms.payee));
    put("origin", json!(terms.origin));
    put("resource", json!(terms.resource));
    put("offer", json!(choice.entry.offer));
    put("chosen", json!(choice.entry.index));
    if !choice.flags.is_empty() {
        let flags: Vec<_> = choice.flags.iter().map(|flag| flag.as_str()).collect();
        put("flags", json!(flags));
    }
    let now = situation.known.now.as_secs();
    match &choice.plan {
        Plan::Evm { token, valid_for, extra, .. } => {
            put("booked", json!(terms.amount.minor.to_string()));
            put("domain", json!({"name": token.name, "version": token.version}));
            put("valid_before", json!(now.saturating_add(*valid_for)));
            if extra.is_some() {
                put("extra_signature", json!("Permit"));
            }
        }
        Plan::Transfer { .. } => {
            put("booked", json!(terms.amount.minor.to_string()));
        }
        Plan::Lightning { invoice } => {
            put("booked_sat", json!(terms.amount.minor.to_string()));
            put("payment_hash", json!(invoice.payment_hash().to_string()));
        }
        Plan::Ecash { ask } => {
            // What a mint takes leaves with what the seller gets.
            let sum = terms.amount.minor.saturating_add(terms.fee_limit);
            put("booked_sat", json!(sum.to_string()));
            let mints: Vec<String> = ask.mints.iter().map(ToString::to_string).collect();
            put("mints", json!(mints));
        }
    }
    if let Some(expires) = terms.expires {
        put("expires", json!(expires.as_secs()));
    }
}
