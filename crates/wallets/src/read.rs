//! Reading what wallets write.

use serde_json::Value;

/// Most characters of a wallet's own words that are quoted.
const MAX_QUOTE: usize = 200;

/// A member that is a text.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

/// An amount of msat: a whole number, a text of digits, or the same with `msat` behind it.
pub(crate) fn msat(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => {
            let digits = text.strip_suffix("msat").unwrap_or(text);
            digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())?
        }
        _ => None,
    }
}

/// A few words of the wallet, on one line and without control characters.
pub(crate) fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MAX_QUOTE)]);
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(clean).take(MAX_QUOTE).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_whole_and_never_negative() {
        for (value, wanted) in [
            (json!(12), Some(12)),
            (json!("12"), Some(12)),
            (json!("12msat"), Some(12)),
            (json!(-12), None),
            (json!(1.5), None),
            (json!("1.5"), None),
            (json!("+1"), None),
            (json!(""), None),
            (json!("12sat"), None),
            (json!("99999999999999999999"), None),
            (json!(null), None),
        ] {
            assert_eq!(msat(&value), wanted, "{value}");
        }
    }

    #[test]
    fn words_of_a_wallet_are_few_and_on_one_line() {
        assert_eq!(said(b"no\r\nX-Evil: 1\x1b[2J"), "no  X-Evil: 1 [2J");
        assert_eq!(said(&[b'x'; 5_000]).len(), MAX_QUOTE);
        assert_eq!(said(b""), "");
    }
}
