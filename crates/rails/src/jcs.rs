//! JSON Canonicalization Scheme (RFC 8785): the one text of a value that is signed or hashed.

use protocol::json::quote_into;
use serde_json::{Number, Value};

/// Writes a value: members sorted by UTF-16 code units, the shortest escapes, numbers as ECMAScript writes a double.
/// `None` for a number that no double holds.
pub fn write(value: &Value) -> Option<String> {
    let mut out = Vec::new();
    put(value, &mut out)?;
    String::from_utf8(out).ok()
}

fn put(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(ecmascript(number)?.as_bytes()),
        Value::String(text) => quote_into(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                put(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_cached_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            out.push(b'{');
            for (at, (name, member)) in sorted.into_iter().enumerate() {
                separate(at, out);
                quote_into(out, name);
                out.push(b':');
                put(member, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

/// `Number::toString` of ECMA-262: the fewest digits that read back as the same double, in plain notation from 1e-6
/// up to below 1e21.
fn ecmascript(number: &Number) -> Option<String> {
    let double: f64 = number.as_str().parse().ok().filter(|d: &f64| d.is_finite())?;
    if double == 0.0 {
        return Some("0".to_owned());
    }
    let text = serde_json::to_string(&double).ok()?;
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (digits, point) = significant(text)?;
    let count = i32::try_from(digits.len()).ok()?;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let body = if count <= point && point <= 21 {
        format!("{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, part) = digits.split_at(usize::try_from(point).ok()?);
        format!("{whole}.{part}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = point - 1;
        let plus = if exponent < 0 { "" } else { "+" };
        format!("{first}{dot}{rest}e{plus}{exponent}")
    };
    Some(format!("{sign}{body}"))
}

/// The digits of a decimal number without zeros around them, and behind how many of them the decimal point stands.
fn significant(text: &str) -> Option<(String, i32)> {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let point = i32::try_from(whole.len()).ok()? - i32::try_from(leading).ok()? + exponent;
    Some((all.trim_matches('0').to_owned(), point))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        write(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        // RFC 8785 appendix B
        for (given, written) in [
            ("0", "0"),
            ("-0", "0"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("9007199254740992", "9007199254740992"),
            ("295147905179352830000", "295147905179352830000"),
            ("9.999999999999997e22", "9.999999999999997e+22"),
            ("1e23", "1e+23"),
            ("1e21", "1e+21"),
            ("999999999999999700000", "999999999999999700000"),
            ("0.000001", "0.000001"),
            ("9.999999999999997e-7", "9.999999999999997e-7"),
            ("333333333.3333332", "333333333.3333332"),
            ("-0.0000033333333333333333", "-0.0000033333333333333333"),
            ("1424953923781206.2", "1424953923781206.2"),
            ("10.0", "10"),
            ("15e-3", "0.015"),
        ] {
            assert_eq!(form(given), written, "{given}");
        }
        assert_eq!(write(&serde_json::from_str("1e999").unwrap()), None);
    }

    #[test]
    fn members_sort_by_utf16_and_layout_is_gone() {
        assert_eq!(
            form(
                "{\"\u{fb33}\":1, \"\u{1f600}\":2,\n\"a\":{\"z\":[true,null],\"b\":\"\\u000a/\"}}"
            ),
            "{\"a\":{\"b\":\"\\n/\",\"z\":[true,null]},\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }
}
