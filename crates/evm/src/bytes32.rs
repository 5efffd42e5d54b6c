use std::fmt;

use sha3::{Digest, Keccak256};

use crate::hex::{self, HexError};

/// 32 bytes that are not a number: a hash, an EIP-3009 nonce, a topic, the id of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes32([u8; 32]);

impl Bytes32 {
    /// Of its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads `0x` and 64 digits of either case.
    pub fn parse(text: &str) -> Result<Self, HexError> {
        hex::decode_array(text).map(Self)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Bytes32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Bytes32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Keccak-256 with the padding of the first Keccak, as Ethereum has it; not SHA3-256.
pub fn keccak256(bytes: impl AsRef<[u8]>) -> Bytes32 {
    Bytes32(Keccak256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_is_not_sha3() {
        let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(keccak256("").to_string(), empty);
        assert_eq!(Bytes32::parse(empty), Ok(keccak256("")));
    }

    #[test]
    fn sixty_four_digits_and_no_other_number() {
        let text = format!("0x{}", "ab".repeat(32));
        assert_eq!(Bytes32::parse(&text).unwrap().to_string(), text);
        assert!(Bytes32::parse(&text[..65]).is_err());
        assert!(Bytes32::parse(&format!("{text}00")).is_err());
    }
}
