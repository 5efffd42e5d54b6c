//! JSON of strangers, within the bounds.

use model::money::MoneyRule;
use protocol::json::{JsonError, Limits, value};
use serde_json::{Map, Value};

use crate::{Flaw, MAX_DEPTH, MAX_STRING};

pub(crate) const LIMITS: Limits = Limits { depth: MAX_DEPTH, values: 20_000 };

/// Reads a whole text: strict JSON, no member twice at any depth, strings and nesting within bounds, numbers that a
/// double can hold. What is no such JSON has the code `bad`.
pub(crate) fn json(text: &[u8], bad: MoneyRule) -> Result<Value, Flaw> {
    let read = value(text, LIMITS).map_err(|error| match error {
        JsonError::Limit(_) => too_large(),
        JsonError::Duplicate(_) => {
            Flaw::new(bad, "The offer has the same member twice in one object.")
        }
        _ => Flaw::new(bad, "The offer is not strict JSON."),
    })?;
    within(&read, bad)?;
    Ok(read)
}

/// The members of an object, or the code `bad`.
pub(crate) fn object(value: &Value, bad: MoneyRule) -> Result<&Map<String, Value>, Flaw> {
    value.as_object().ok_or_else(|| Flaw::new(bad, "The offer is not a JSON object."))
}

fn within(value: &Value, bad: MoneyRule) -> Result<(), Flaw> {
    match value {
        Value::String(text) if text.len() > MAX_STRING => Err(too_large()),
        Value::Number(number) => {
            let finite = number.as_str().parse::<f64>().is_ok_and(f64::is_finite);
            if finite {
                Ok(())
            } else {
                Err(Flaw::new(bad, "The offer has a number that JSON peers cannot hold."))
            }
        }
        Value::Array(items) => items.iter().try_for_each(|item| within(item, bad)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if name.len() > MAX_STRING { Err(too_large()) } else { within(member, bad) }
        }),
        _ => Ok(()),
    }
}

fn too_large() -> Flaw {
    Flaw::new(MoneyRule::TooLarge, "The offer is larger or more deeply nested than is read.")
}

/// A required member that is a string: missing is `missing`, another type is `bad_type`.
pub(crate) fn text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
    missing: MoneyRule,
) -> Result<&'a str, Flaw> {
    optional_text(members, name)?
        .ok_or_else(|| Flaw::new(missing, format!("The offer has no `{name}`.")))
}

/// An optional member that is a string; `null` is another type, not absence.
pub(crate) fn optional_text<'a>(
    members: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Flaw> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            Err(Flaw::new(MoneyRule::BadType, format!("The member `{name}` is not a string.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> MoneyRule {
        json(text.as_bytes(), MoneyRule::BadJson).unwrap_err().rule
    }

    #[test]
    fn what_parsers_disagree_about_is_refused() {
        // PRS-06, PRS-09, PRS-10 and their kin
        for bad in [
            "\u{feff}{}",
            "{} {}",
            r#"{"a":1e999}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"b":1,"b":1}]}"#,
            r#"{"a":"\ud800"}"#,
            "{'a':1}",
            "{\"a\":NaN}",
            "",
        ] {
            assert_eq!(rule(bad), MoneyRule::BadJson, "{bad}");
        }
        assert!(json(b"{\"a\":\"\xFF\"}", MoneyRule::BadJson).is_err());
    }

    #[test]
    fn size_and_depth_are_bounded() {
        // PRS-08
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_STRING + 1));
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        assert_eq!(rule(&long), MoneyRule::TooLarge);
        assert_eq!(rule(&deep), MoneyRule::TooLarge);
        assert!(
            json(format!("{}{}", "[".repeat(32), "]".repeat(32)).as_bytes(), MoneyRule::BadJson)
                .is_ok()
        );
        assert!(
            json(format!(r#""{}""#, "x".repeat(MAX_STRING)).as_bytes(), MoneyRule::BadJson).is_ok()
        );
    }
}
