//! What would be done about an answer, told for a person: one JSON object in, one out. Nothing is paid, signed or booked.

mod facts;
mod input;
mod state;

use serde_json::{Value, json};

use crate::{Limits, Situation, Verdict, judge};

/// What holds where an object does not say otherwise.
#[derive(Debug, Clone)]
pub struct Base {
    /// What is allowed and known.
    pub situation: Situation,
    /// Limits and what was spent.
    pub limits: Limits,
}

/// Explains one object: `id`, `url`, `method`, `tool`, `status` (402 if it is not said), `headers` (an object of texts or
/// lists of texts, or a list of pairs), `body` (a text, or JSON; with a member `jsonrpc` it is a message of MCP), and
/// `state`, which changes the base in the words of [`STATE`].
///
/// What comes back has `id`, `verdict` (`allow`, `ask`, `deny`, `pass`, or `load-error` where the object itself cannot be
/// used), `rule`, `reason` and `facts`.
pub fn explain(input: &Value, base: &Base) -> Value {
    let id = input.get("id").cloned().unwrap_or(Value::Null);
    let told = input::Told::read(input, base);
    let (verdict, rule, reason, facts) = match &told {
        Err(why) => ("load-error", Some("policy"), why.clone(), json!({})),
        Ok(told) => {
            let verdict =
                judge(&told.demand, &told.request(), &told.base.situation, &told.base.limits);
            let (word, rule, reason) = words(&verdict);
            (word, rule, reason, facts::of(&verdict, &told.base.situation))
        }
    };
    json!({"id": id, "verdict": verdict, "rule": rule, "reason": reason, "facts": facts})
}

fn words(verdict: &Verdict) -> (&'static str, Option<&'static str>, String) {
    match verdict {
        Verdict::Pass => ("pass", None, "Nothing is asked for that could be paid.".to_owned()),
        Verdict::Allow(_) => {
            ("allow", None, "The payment is within everything that is allowed.".to_owned())
        }
        Verdict::Ask { rules, .. } => {
            let first = rules.first();
            let reasons: Vec<&str> = rules.iter().map(|reason| reason.why.as_ref()).collect();
            ("ask", first.map(|reason| reason.rule.as_str()), reasons.join(" "))
        }
        Verdict::Deny(denial) => ("deny", Some(denial.rule.as_str()), denial.reason.to_string()),
    }
}

/// The words of `state`. Any other is an error: a word that is not understood would change nothing in silence.
pub const STATE: &[&str] = state::WORDS;
