use std::fmt;

use model::money::MoneyRule;

use crate::Flaw;

/// 2^256, the first number that a token cannot count.
const TWO_POW_256: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639936";

/// An amount of smallest units as a seller writes it: 1 to 78 ASCII digits without a leading zero, not zero, below 2^256.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digits(String);

impl Digits {
    /// Reads an amount.
    ///
    /// # Errors
    /// `bad_amount` for what is no such number, `zero_amount` for nothing.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let bad = |why: &'static str| Err(Flaw::new(MoneyRule::BadAmount, why));
        if text == "0" {
            return Err(Flaw::new(MoneyRule::ZeroAmount, "The offer asks for an amount of zero."));
        }
        if text.is_empty() || !text.bytes().all(|c| c.is_ascii_digit()) {
            return bad("The amount is not written as decimal digits alone.");
        }
        if text.starts_with('0') {
            return bad("The amount begins with a zero.");
        }
        // Of two numbers of the same length without leading zeros the larger one sorts later.
        let too_long = text.len() > TWO_POW_256.len();
        if too_long || (text.len() == TWO_POW_256.len() && text >= TWO_POW_256) {
            return bad("The amount is 2^256 or more.");
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number.
    ///
    /// # Errors
    /// `overflow` above 2^128 - 1: no ledger can hold it.
    pub fn minor(&self) -> Result<u128, Flaw> {
        let overflow =
            || Flaw::new(MoneyRule::Overflow, "The amount is larger than can be counted.");
        self.0.parse().map_err(|_| overflow())
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(text: &str) -> MoneyRule {
        Digits::parse(text).unwrap_err().rule
    }

    #[test]
    fn what_is_not_plain_digits_is_no_amount() {
        // AMT-03..10, AMT-12, g-money-16..20
        let long = "9".repeat(80);
        for bad in [
            "1e4",
            " 10000",
            "+10000",
            "-1",
            "10_000",
            "10,000",
            "10000\u{0}",
            TWO_POW_256,
            &long,
            "1e30",
            "-10000",
            "0010000",
            "10000.5",
            " 10000 ",
            "",
            "00",
            "\u{661}",
            "0x10",
            "1\n",
        ] {
            assert_eq!(rule(bad), MoneyRule::BadAmount, "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_an_amount_of_its_own_kind() {
        assert_eq!(rule("0"), MoneyRule::ZeroAmount);
    }

    #[test]
    fn the_largest_token_amount_is_read_and_cannot_be_counted() {
        // AMT-11
        let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let digits = Digits::parse(most).unwrap();
        assert_eq!(digits.minor().unwrap_err().rule, MoneyRule::Overflow);
        assert_eq!(Digits::parse(&u128::MAX.to_string()).unwrap().minor(), Ok(u128::MAX));
    }

    proptest! {
        #[test]
        fn every_counted_number_reads_back(n in 1..=u128::MAX) {
            let digits = Digits::parse(&n.to_string()).unwrap();
            prop_assert_eq!(digits.minor(), Ok(n));
            prop_assert_eq!(digits.to_string(), n.to_string());
        }
    }
}
