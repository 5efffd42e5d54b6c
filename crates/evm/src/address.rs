use std::fmt;

use crate::{Refused, hex, keccak256};

/// The address of an account or a contract; written with the checksum of EIP-55.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; 20]);

impl Address {
    /// Nobody's.
    pub const ZERO: Self = Self([0; 20]);

    /// Of its bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Reads `0x` and 40 digits, whose letters are all small, all capital, or as EIP-55 has them; all else is
    /// [`Refused::BadAddress`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let address = hex::decode_array(text).map(Self).map_err(|_| Refused::BadAddress)?;
        let digits = text.as_bytes().iter().skip(2);
        let one_case = !digits.clone().any(u8::is_ascii_uppercase)
            || !digits.clone().any(u8::is_ascii_lowercase);
        if one_case || address.to_string() == text { Ok(address) } else { Err(Refused::BadAddress) }
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Of the 64 bytes of a public key, without the byte that says how it is written.
    pub(crate) fn of_public_key(point: &[u8]) -> Self {
        let mut bytes = [0; 20];
        for (byte, hashed) in bytes.iter_mut().zip(keccak256(point).as_bytes().iter().skip(12)) {
            *byte = *hashed;
        }
        Self(bytes)
    }
}

impl fmt::Display for Address {
    /// EIP-55: a letter is capital where the hash of the small digits has 8 or more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = hex::encode(&self.0);
        let digits = small.trim_start_matches("0x");
        let hash = hex::encode(keccak256(digits).as_bytes());
        f.write_str("0x")?;
        for (digit, weight) in digits.chars().zip(hash.chars().skip(2)) {
            let digit = if weight >= '8' { digit.to_ascii_uppercase() } else { digit };
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAYEE: &str = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";

    #[test]
    fn one_case_or_the_right_checksum_is_read_and_the_checksum_is_written() {
        let lower = PAYEE.to_lowercase();
        let upper = format!("0x{}", PAYEE[2..].to_uppercase());
        for text in [PAYEE, &lower, &upper] {
            assert_eq!(Address::parse(text).unwrap().to_string(), PAYEE, "{text}");
        }
        // No letters at all is one case.
        assert!(Address::parse(&format!("0x{}", "12".repeat(20))).is_ok());
    }

    #[test]
    fn addresses_of_another_form_are_refused() {
        let refused = [
            "0x209693Bc6afc0C5328bA36FaF03C514EF312287",  // PAY-05
            "0x209693Bc6afc0C5328bA36FaF03C514EF312287c", // PAY-06
            "0X209693BC6AFC0C5328BA36FAF03C514EF312287C", // PAY-07
            "209693Bc6afc0C5328bA36FaF03C514EF312287C",
            "0x209693Bc6afc0C5328bA36FaF03C514EF312287C0",
            " 0x209693Bc6afc0C5328bA36FaF03C514EF312287",
            "merchant",
            "",
        ];
        for text in refused {
            let refused = Address::parse(text).unwrap_err();
            assert_eq!(refused.code(), "bad_address", "{text}");
        }
    }

    #[test]
    fn the_examples_of_eip_55_are_read() {
        for text in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: [u8; 20]) {
            let address = Address::new(bytes);
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }

        #[test]
        fn no_letter_of_a_checksum_can_change_its_case(bytes: [u8; 20], at in 2_usize..42) {
            let right = Address::new(bytes).to_string();
            let mut text = right.clone().into_bytes();
            text[at] ^= if text[at].is_ascii_alphabetic() { 0x20 } else { 0 };
            let text = String::from_utf8(text).unwrap();
            let one_case = text[2..] == text[2..].to_lowercase() || text[2..] == text[2..].to_uppercase();
            prop_assert_eq!(Address::parse(&text).is_ok(), text == right || one_case);
        }
    }
}
