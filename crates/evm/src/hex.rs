//! Strict hexadecimal: `0x`, then two digits for each byte; capital digits are read, small ones are written.

use thiserror::Error;

/// A text that is not the hexadecimal it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not 0x and pairs of hexadecimal digits, as many as there should be")]
pub struct HexError;

/// The bytes of a text: `0x` (never `0X`) and an even number of digits, none included.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let digits = text.strip_prefix("0x").ok_or(HexError)?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(HexError);
    }
    pairs.iter().map(|pair| byte(*pair)).collect()
}

/// Exactly `N` bytes.
pub fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    // The length is looked at first: a long text of a stranger is not decoded to be thrown away.
    if text.len() != 2 + 2 * N {
        return Err(HexError);
    }
    decode(text)?.try_into().map_err(|_| HexError)
}

/// `0x` and the bytes in small digits.
pub fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(digit);
    ['0', 'x'].into_iter().chain(digits).collect()
}

/// The small digit of a half byte.
pub(crate) const fn digit(nibble: u8) -> char {
    (if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) }) as char
}

fn byte([high, low]: [u8; 2]) -> Result<u8, HexError> {
    Ok(nibble(high)? << 4 | nibble(low)?)
}

const fn nibble(digit: u8) -> Result<u8, HexError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(HexError),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_strict_is_refused() {
        for text in ["", "0", "0X00", "00", "0x0", "0xg0", "0x 0", " 0x00", "0x00\n", "0xé0", "x00"]
        {
            assert_eq!(decode(text), Err(HexError), "{text:?}");
        }
        assert_eq!(decode("0x"), Ok(vec![]));
        assert_eq!(decode("0xAb0f"), Ok(vec![0xab, 0x0f]));
    }

    #[test]
    fn an_array_has_exactly_its_length() {
        assert_eq!(decode_array::<2>("0x0102"), Ok([1, 2]));
        assert_eq!(decode_array::<2>("0x01"), Err(HexError));
        assert_eq!(decode_array::<2>("0x010203"), Err(HexError));
        // As long as it should be, in bytes, but not of digits.
        assert_eq!(decode_array::<2>("0xéé"), Err(HexError));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn what_is_read_is_written_again_in_small_digits(text in "0x([0-9a-fA-F]{2}){0,40}") {
            prop_assert_eq!(encode(&decode(&text).unwrap()), text.to_lowercase());
        }
    }
}
