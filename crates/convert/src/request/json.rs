//! JSON as `serde_json` writes it. Strings are looked over and copied in runs, not byte for byte.

use std::io::Write as _;

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
        Value::String(text) => string(out, text),
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

/// Appends an object of these members.
pub(super) fn members<'v>(out: &mut Vec<u8>, each: impl Iterator<Item = (&'v str, &'v Value)>) {
    out.push(b'{');
    for (at, (name, value)) in each.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        self::value(out, value);
    }
    out.push(b'}');
}

/// Appends a string, quotes included.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, behind) = rest.split_at(plain(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = behind.split_first() else { break };
        escape(out, *byte);
        rest = behind;
    }
    out.push(b'"');
}

/// How many bytes at the front stand for themselves.
fn plain(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let mut len = 0;
    while let Some(block) = bytes[len..].first_chunk::<BLOCK>() {
        if block.iter().fold(false, |met, byte| met | is_escaped(*byte)) {
            break;
        }
        len += BLOCK;
    }
    len + bytes[len..].iter().take_while(|byte| !is_escaped(**byte)).count()
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0C => b'f',
        b'\r' => b'r',
        _ => {
            let _ = write!(out, "\\u{byte:04x}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
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
