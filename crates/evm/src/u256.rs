use std::fmt;

use crate::Refused;

/// A whole number below 2^256, as the chain has it: an amount in atomic units, a nonce, a quantity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct U256([u8; 32]); // Big-endian, so that the order of the bytes is the order of the numbers.

/// The most decimal digits of a number below 2^256.
const MAX_DIGITS: usize = 78;

impl U256 {
    /// 0
    pub const ZERO: Self = Self([0; 32]);
    /// 2^256 − 1
    pub const MAX: Self = Self([0xff; 32]);

    /// Of its bytes, highest first.
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, highest first.
    pub const fn as_be_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads an amount that is to be paid: 1 to 78 ASCII digits without leading zero ([`Refused::BadAmount`]), below
    /// 2^256, not 0 ([`Refused::ZeroAmount`]).
    pub fn parse_amount(text: &str) -> Result<Self, Refused> {
        match Self::parse(text)? {
            Self::ZERO => Err(Refused::ZeroAmount),
            amount => Ok(amount),
        }
    }

    /// Reads a decimal number as [`Self::parse_amount`] does, except that 0 is one.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let leading_zero = text.len() > 1 && text.starts_with('0');
        if text.is_empty() || text.len() > MAX_DIGITS || leading_zero {
            return Err(Refused::BadAmount);
        }
        text.bytes().try_fold(Self::ZERO, Self::push_digit)
    }

    /// The number, if 128 bits hold it; else [`Refused::Overflow`]: no sum of a ledger can.
    pub fn to_u128(self) -> Result<u128, Refused> {
        let (high, low) = self.0.split_at(16);
        match (high.iter().all(|byte| *byte == 0), low.try_into()) {
            (true, Ok(low)) => Ok(u128::from_be_bytes(low)),
            _ => Err(Refused::Overflow),
        }
    }

    /// The number, if 64 bits hold it.
    pub fn to_u64(self) -> Result<u64, Refused> {
        u64::try_from(self.to_u128()?).map_err(|_| Refused::Overflow)
    }

    /// The number shifted down by a byte.
    #[must_use]
    pub(crate) fn shifted_byte(self) -> Self {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().skip(1).zip(self.0) {
            *to = from;
        }
        Self(bytes)
    }

    /// Ten times the number and a digit more.
    fn push_digit(mut self, digit: u8) -> Result<Self, Refused> {
        if !digit.is_ascii_digit() {
            return Err(Refused::BadAmount);
        }
        let mut carry = digit - b'0';
        for byte in self.0.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + u16::from(carry)).to_be_bytes();
            (*byte, carry) = (low, high);
        }
        if carry == 0 { Ok(self) } else { Err(Refused::BadAmount) }
    }

    /// A tenth of the number, and the digit that is left.
    fn pop_digit(mut self) -> (Self, u8) {
        let mut rest = 0;
        for byte in &mut self.0 {
            let value = u16::from_be_bytes([rest, *byte]);
            // The rest is below 10, so a tenth of the two bytes is below 256.
            let [_, tenth] = (value / 10).to_be_bytes();
            let [_, left] = (value % 10).to_be_bytes();
            (*byte, rest) = (tenth, left);
        }
        (self, rest)
    }
}

impl From<u128> for U256 {
    fn from(number: u128) -> Self {
        let mut bytes = [0; 32];
        for (byte, low) in bytes.iter_mut().skip(16).zip(number.to_be_bytes()) {
            *byte = low;
        }
        Self(bytes)
    }
}

impl From<u64> for U256 {
    fn from(number: u64) -> Self {
        Self::from(u128::from(number))
    }
}

impl fmt::Display for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut left, mut digits) = (*self, Vec::with_capacity(MAX_DIGITS));
        loop {
            let (tenth, digit) = left.pop_digit();
            digits.push(char::from(b'0' + digit));
            if tenth == Self::ZERO {
                break;
            }
            left = tenth;
        }
        f.pad_integral(true, "", &digits.iter().rev().collect::<String>())
    }
}

impl fmt::Debug for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAX: &str =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    #[test]
    fn amounts_of_another_form_are_refused() {
        let refused = [
            "1e4",     // AMT-03
            " 10000",  // AMT-04
            "+10000",  // AMT-05
            "-1",      // AMT-06
            "10_000",  // AMT-07
            "10,000",  // AMT-08
            "10000\0", // AMT-09
            // AMT-10
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            // AMT-12
            "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
            "999999999999999999999999999999999999999999999999999999999999999999999999999999",
            "",
            "00",
            "01",
            "0x10",
            "1.0",
            "١",
            "１",
        ];
        for text in refused {
            assert_eq!(U256::parse_amount(text).unwrap_err().code(), "bad_amount", "{text:?}");
        }
        assert_eq!(U256::parse_amount("0").unwrap_err().code(), "zero_amount");
        assert_eq!(U256::parse("0"), Ok(U256::ZERO));
    }

    #[test]
    fn the_largest_number_is_read_but_no_sum_holds_it() {
        // AMT-11
        let most = U256::parse_amount(MAX).unwrap();
        assert_eq!(most, U256::MAX);
        assert_eq!(most.to_string(), MAX);
        assert_eq!(most.to_u128().unwrap_err().code(), "overflow");
        assert_eq!(U256::from(u128::MAX).to_u128(), Ok(u128::MAX));
        assert!(U256::from(u128::from(u64::MAX) + 1).to_u64().is_err());
    }

    proptest! {
        #[test]
        fn numbers_are_what_the_machine_says(number: u128) {
            let ours = U256::from(number);
            prop_assert_eq!(ours.to_string(), number.to_string());
            prop_assert_eq!(U256::parse(&number.to_string()), Ok(ours));
            prop_assert_eq!(ours.to_u128(), Ok(number));
            prop_assert_eq!(ours.shifted_byte(), U256::from(number >> 8));
        }

        #[test]
        fn what_is_written_is_read_again(bytes: [u8; 32]) {
            let number = U256::from_be_bytes(bytes);
            prop_assert_eq!(U256::parse(&number.to_string()), Ok(number));
        }

        #[test]
        fn the_order_is_that_of_the_numbers(a: u128, b: u128) {
            prop_assert_eq!(U256::from(a).cmp(&U256::from(b)), a.cmp(&b));
        }

        #[test]
        fn nothing_is_read_in_two_ways(text in "[0-9+ _.-]{0,80}") {
            if let Ok(number) = U256::parse(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }
}
