//! Whether what was told is what a row expects.

use serde_json::Value;

use super::base::NOW;

/// `verdict[:rule]; fact; …`. Facts about signing, sending and booking belong to other rooms and are not looked at.
pub fn holds(expected: &str, told: &Value) -> Result<(), String> {
    let mut clauses = expected.split(';').map(str::trim);
    let first = clauses.next().unwrap_or_default().trim_start_matches("third ");
    let facts: Vec<&str> = clauses.collect();
    let (verdict, rule) = first.split_once(':').map_or((first, None), |(v, r)| (v, Some(r)));
    let verdict = verdict.split([' ', '(']).next().unwrap_or_default();
    let rule = rule.map(|rule| rule.split(' ').next().unwrap_or_default());
    // Nothing is asked for, where the rows allow the answer and not a payment.
    let nothing = facts.iter().any(|fact| matches!(*fact, "signatures=0" | "nothing paid"))
        && !first.ends_with("(preview)");
    let wanted = match verdict {
        "allow" | "passed" | "handled" if nothing => "pass",
        "handled" => "allow",
        "parsed" => return holds(expected.rsplit("then ").next().unwrap_or_default(), told),
        "asset" => return holds(expected.rsplit("gives ").next().unwrap_or_default(), told),
        "booked_sat=14" => return holds(&format!("allow; {expected}"), told),
        other => other,
    };
    if told["verdict"] != wanted {
        return Err(format!("not {wanted}"));
    }
    if rule.is_some_and(|rule| told["rule"] != rule) {
        return Err("another rule".to_owned());
    }
    facts.iter().try_for_each(|fact| holds_fact(fact, &told["facts"]))
}

fn holds_fact(fact: &str, facts: &Value) -> Result<(), String> {
    if let Some(seconds) = fact.strip_prefix("validBefore<=T0+") {
        let most = NOW + seconds.parse::<u64>().unwrap();
        let told = facts["valid_before"].as_u64().unwrap_or(u64::MAX);
        return if told <= most { Ok(()) } else { Err(fact.to_owned()) };
    }
    if fact.starts_with("signs PermitWitnessTransferFrom") {
        return equal(fact, &facts["scheme"], "exact/permit2");
    }
    let Some((name, value)) = fact.split_once('=') else { return Ok(()) };
    match name {
        "booked" | "booked_sat" | "rail" => equal(fact, &facts[name], value),
        "chosen" => equal(fact, &Value::String(facts["chosen"].to_string()), value),
        "flag" => {
            let flags = facts["flags"].as_array().cloned().unwrap_or_default();
            if flags.contains(&value.into()) { Ok(()) } else { Err(fact.to_owned()) }
        }
        _ => Ok(()),
    }
}

fn equal(fact: &str, told: &Value, wanted: &str) -> Result<(), String> {
    if told == wanted { Ok(()) } else { Err(format!("{fact} does not hold")) }
}
