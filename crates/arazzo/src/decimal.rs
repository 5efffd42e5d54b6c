//! Numbers compared digit by digit: 0.1 is 0.10, and 9007199254740993 is not 9007199254740992.

use std::cmp::Ordering;

use serde_json::Number;

/// `0.DIGITS × 10^exponent`, the first digit not zero; no digits at all for zero.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// The order of two numbers; none if an exponent is beyond all reason.
pub(crate) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    let (a, b) = (Decimal::read(&a.to_string())?, Decimal::read(&b.to_string())?);
    Some(match (a.sign(), b.sign()) {
        (x, y) if x != y => x.cmp(&y),
        (0, _) => Ordering::Equal,
        (1, _) => a.magnitude(&b),
        _ => b.magnitude(&a),
    })
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = all.iter().take_while(|d| **d == b'0').count();
        let last = all.iter().rposition(|d| *d != b'0').map_or(zeros, |at| at + 1);
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        let digits = all.get(zeros..last)?.to_vec();
        Some(Self { negative, digits, exponent: point + i64::from(exponent) })
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, order) in [
            ("0.1", "0.10", Equal),
            ("1e2", "100", Equal),
            ("-0", "0.000", Equal),
            ("9007199254740993", "9007199254740992", Greater),
            ("123456789012345678901234567890", "123456789012345678901234567891", Less),
            ("-2", "-10", Greater),
            ("-1", "1", Less),
            ("0.09", "0.1", Less),
            ("1.5e-3", "0.0015", Equal),
            ("99", "100", Less),
        ] {
            let read = |t: &str| t.parse::<Number>().unwrap();
            assert_eq!(compare(&read(a), &read(b)), Some(order), "{a} {b}");
        }
        let huge: Number = "1e99999999999".parse().unwrap();
        assert_eq!(compare(&huge, &huge), None);
    }
}
