//! JSON as `serde_json` writes it, without a tree of what is written. Strings are copied in runs, not byte for byte.

use std::io::Write as _;

use protocol::json::quote_into;
use serde_json::Value;

/// Appends a value. Nested is what came in as arguments, which is bounded, and what a description fixes.
pub(super) fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            // Writing to memory does not fail.
            let _ = write!(out, "{number}");
        }
        Value::String(text) => quote_into(out, text),
        Value::Array(elements) => {
            out.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                self::value(out, element);
            }
            out.push(b']');
        }
        Value::Object(given) => members(out, given.iter().map(|(name, v)| (name.as_str(), v))),
    }
}

/// Bytes that will do for a value in most cases, and for a quoted name before it.
pub(super) fn room(value: &Value) -> usize {
    const SHORT: usize = 32;
    match value {
        Value::String(text) => text.len() + text.len() / 8 + SHORT,
        Value::Array(elements) => (1 + elements.len()) * SHORT,
        Value::Object(members) => (1 + members.len()) * SHORT,
        Value::Null | Value::Bool(_) | Value::Number(_) => SHORT,
    }
}

/// Appends an object of these members.
pub(super) fn members<'v>(out: &mut Vec<u8>, each: impl Iterator<Item = (&'v str, &'v Value)>) {
    out.push(b'{');
    for (at, (name, value)) in each.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        quote_into(out, name);
        out.push(b':');
        self::value(out, value);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        self::value(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_control_character_is_escaped_as_serde_json_does_wherever_it_stands() {
        for byte in 0..=0x7f_u8 {
            for before in [0, 1, 31, 32, 33, 70] {
                let text = format!("{}{}\u{e9}", "x".repeat(before), char::from(byte));
                assert_eq!(written(&json!(text)), json!(text).to_string(), "{byte}");
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_writes(
            texts in prop::collection::vec("(\\PC|[\"\\\\\u{0}-\u{20}]){0,80}", 0..4),
            n in any::<i64>(), f in any::<f64>(), b in any::<bool>(),
        ) {
            let name = texts.first().cloned().unwrap_or_default();
            let big: Value = serde_json::from_str("[123456789012345678901234567890, 1.0, -0, 1e400]").unwrap();
            let value = json!([texts, n, f, b, null, {}, [], {name: {"x": [n], "y": big}}]);
            prop_assert_eq!(written(&value), value.to_string());
        }
    }
}
