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
            let start = scan.at;
            scan.value()?;
            let raw = &scan.text[start..scan.at];
            if memchr::memchr(b'\\', raw).is_some() {
                quote_into(out, &unquote(raw).unwrap_or_default());
            } else {
                out.extend_from_slice(raw);
            }
            Ok(())
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
    let start = scan.at;
    scan.at += 1;
    scan.space();
    let mut members: Vec<(Vec<u16>, Vec<u8>)> = Vec::new();
    if scan.peek() == Some(b'}') {
        scan.at += 1;
    } else {
        loop {
            let from = scan.at;
            scan.string()?;
            let name = unquote(&scan.text[from..scan.at]).unwrap_or_default();
            let mut member = Vec::new();
            quote_into(&mut member, &name);
            member.push(b':');
            let order = name.encode_utf16().collect();
            scan.space();
            scan.eat(b':')?;
            scan.space();
            write_value(scan, &mut member)?;
            members.push((order, member));
            if !scan.more(b'}')? {
                break;
            }
        }
    }
    scan.leave();
    members.sort_unstable();
    if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(JsonError::Duplicate(start));
    }
    out.push(b'{');
    for (at, (_, member)) in members.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(member);
    }
    out.push(b'}');
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

    proptest! {
        #[test]
        fn it_is_its_own_canonical_form(a in any::<String>(), n in any::<f64>(), m in any::<i64>()) {
            let text = serde_json::json!({"z": a, "a": [n, m], "m": {"y": null, "x": true}}).to_string();
            let once = form(&text).unwrap();
            prop_assert_eq!(form(&once).unwrap(), once);
        }
    }
}
