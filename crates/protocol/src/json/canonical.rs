use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::scan::{JsonError, Limits, Scan};
use super::text::{quote_into, unquote};

/// A value in canonical form: equal values give equal bytes.
///
/// As RFC 8785 (members sorted by UTF-16 code units, shortest escapes, no white space) with one difference: numbers
/// are exact decimals and never rounded to a double, so that 9007199254740993 and 9007199254740992 stay two numbers.
/// `1.0`, `1` and `10e-1` are one number. Texts are not normalised. An object with the same member twice, at any
/// depth, has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// The bytes to be hashed or compared.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Puts one JSON text into canonical form.
pub fn canonical(text: &[u8], limits: Limits) -> Result<Canonical, JsonError> {
    let mut scan = Scan::new(text, limits);
    scan.space();
    let mut out = Vec::with_capacity(text.len());
    write_value(&mut scan, &mut out)?;
    scan.end()?;
    Ok(Canonical(out))
}

fn write_value(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match scan.peek() {
        Some(b'{') => write_object(scan, out),
        Some(b'[') => write_array(scan, out),
        Some(b'"') => {
            scan.count()?;
            write_string(scan, out)
        }
        Some(b'-' | b'0'..=b'9') => {
            let start = scan.at;
            scan.value()?;
            write_number(&scan.text[start..scan.at], start, out)
        }
        _ => {
            let start = scan.at;
            scan.value()?;
            out.extend_from_slice(&scan.text[start..scan.at]);
            Ok(())
        }
    }
}

fn write_array(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    scan.count()?;
    scan.enter()?;
    scan.at += 1;
    scan.space();
    out.push(b'[');
    if scan.peek() == Some(b']') {
        scan.at += 1;
    } else {
        loop {
            write_value(scan, out)?;
            if !scan.more(b']')? {
                break;
            }
            out.push(b',');
        }
    }
    out.push(b']');
    scan.leave();
    Ok(())
}

fn write_object(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    scan.count()?;
    scan.enter()?;
    let (text, start) = (scan.text, scan.at);
    scan.at += 1;
    scan.space();
    out.push(b'{');
    let begun = out.len();
    // Names, and where their members stand in what is written.
    let mut members: Vec<(Cow<'_, str>, Range<usize>)> = Vec::new();
    if scan.peek() == Some(b'}') {
        scan.at += 1;
    } else {
        loop {
            if !members.is_empty() {
                out.push(b',');
            }
            let member = out.len();
            let from = scan.at;
            write_string(scan, out)?;
            let name = unquote(&text[from..scan.at]).unwrap_or_default();
            out.push(b':');
            scan.space();
            scan.eat(b':')?;
            scan.space();
            write_value(scan, out)?;
            members.push((name, member..out.len()));
            if !scan.more(b'}')? {
                break;
            }
        }
    }
    scan.leave();
    if members.windows(2).any(|pair| in_order(&pair[0].0, &pair[1].0).is_ge()) {
        members.sort_unstable_by(|one, other| in_order(&one.0, &other.0));
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(JsonError::Duplicate(start));
        }
        let written = out.split_off(begun);
        for (_, place) in members {
            if out.len() > begun {
                out.push(b',');
            }
            out.extend_from_slice(&written[place.start - begun..place.end - begun]);
        }
    }
    out.push(b'}');
    Ok(())
}

/// By UTF-16 code units.
fn in_order(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// A string with the shortest escapes; without any it is written as it stands.
fn write_string(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let start = scan.at;
    let plain = scan.string()?;
    let raw = &scan.text[start..scan.at];
    if plain {
        out.extend_from_slice(raw);
    } else {
        quote_into(out, &unquote(raw).unwrap_or_default());
    }
    Ok(())
}

/// The exact decimal: integers as they are, all else as digits and a power of ten without superfluous zeros.
fn write_number(raw: &[u8], at: usize, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let text = std::str::from_utf8(raw).map_err(|_| JsonError::Syntax(at))?;
    let (negative, body) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut exponent: i64 = exponent.parse().map_err(|_| JsonError::Limit(at))?;
    let digits = format!("{whole}{fraction}");
    let short = digits.trim_start_matches('0').trim_end_matches('0');
    if short.is_empty() {
        out.push(b'0');
        return Ok(());
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let shift = i64::try_from(trailing).unwrap_or(i64::MAX)
        - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    exponent = exponent.checked_add(shift).ok_or(JsonError::Limit(at))?;
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(short.as_bytes());
    if (1..=40).contains(&exponent) {
        out.resize(out.len() + usize::try_from(exponent).unwrap_or(0), b'0');
    } else if exponent != 0 {
        out.extend_from_slice(format!("e{exponent}").as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> Result<String, JsonError> {
        canonical(text.as_bytes(), Limits::REQUEST)
            .map(|c| String::from_utf8(c.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn order_layout_and_escapes_make_no_difference() {
        assert_eq!(form(r#"{"b":1,"a":2}"#), form(" { \"a\" :2,\n\"b\":1 } "));
        assert_eq!(form(r#"{"t":"\u0041\/"}"#), form(r#"{"t":"A/"}"#));
    }

    #[test]
    fn numbers_are_exact() {
        assert_ne!(form("9007199254740993"), form("9007199254740992"));
        for same in ["1", "1.0", "10e-1", "0.1E1", "1.00e+0"] {
            assert_eq!(form(same).unwrap(), "1", "{same}");
        }
        assert_eq!(form("-0.0").unwrap(), "0");
        assert_eq!(form("1500").unwrap(), "1500");
        assert_eq!(form("0.015").unwrap(), "15e-3");
        assert_eq!(form("1e400").unwrap(), "1e400");
    }

    #[test]
    fn texts_are_not_normalised() {
        assert_ne!(form("\"caf\u{E9}\""), form("\"cafe\u{301}\""));
    }

    #[test]
    fn a_member_twice_at_any_depth_has_no_canonical_form() {
        assert!(matches!(form(r#"{"x":[{"a":1,"\u0061":2}]}"#), Err(JsonError::Duplicate(_))));
    }

    #[test]
    fn members_sort_by_utf16_as_rfc_8785_section_3_2_3_shows() {
        let text = "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}";
        assert_eq!(
            form(text).unwrap(),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    /// The canonical form of a tree without numbers, each member written by itself and all of them sorted.
    fn slowly(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::Object(members) => {
                let mut all: Vec<_> = members
                    .iter()
                    .map(|(name, inner)| {
                        let units: Vec<u16> = name.encode_utf16().collect();
                        let name = crate::json::quote(name);
                        (units, format!("{name}:{}", slowly(inner)))
                    })
                    .collect();
                all.sort();
                let all: Vec<_> = all.into_iter().map(|(_, member)| member).collect();
                format!("{{{}}}", all.join(","))
            }
            serde_json::Value::Array(items) => {
                let all: Vec<_> = items.iter().map(slowly).collect();
                format!("[{}]", all.join(","))
            }
            serde_json::Value::String(text) => crate::json::quote(text),
            other => other.to_string(),
        }
    }

    fn tree() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<Option<bool>>().prop_map(serde_json::Value::from),
            "[a\\\\\"\n\u{e9}\u{1f600}]{0,4}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let name = "[ab\\\\\"\u{fb33}\u{1f600}]{0,3}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::hash_map(name, inner, 0..6)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_sorting_written_members_gives(tree in tree()) {
            prop_assert_eq!(form(&tree.to_string()).unwrap(), slowly(&tree));
        }
    }

    proptest! {
        #[test]
        fn it_is_its_own_canonical_form(a in any::<String>(), n in any::<f64>(), m in any::<i64>()) {
            let text = serde_json::json!({"z": a, "a": [n, m], "m": {"y": null, "x": true}}).to_string();
            let once = form(&text).unwrap();
            prop_assert_eq!(form(&once).unwrap(), once);
        }
    }
}
