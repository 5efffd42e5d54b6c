use std::fmt;

use secp256k1::PublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::bytes::{array_from_hex, to_hex};

/// A point of secp256k1, 33 bytes compressed (SEC 1 section 2.3.3); in JSON lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point(pub(crate) PublicKey);

impl Point {
    /// A point of the curve; `None` for whatever else 33 bytes may be.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.try_into().ok()?;
        PublicKey::from_byte_array_compressed(bytes).ok().map(Self)
    }

    /// As [`Point::from_bytes`], from 66 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(&array_from_hex::<33>(text)?)
    }

    /// Compressed.
    pub fn to_bytes(self) -> [u8; 33] {
        self.0.serialize()
    }

    /// Compressed, in lower-case hexadecimal.
    pub fn to_hex(self) -> String {
        to_hex(&self.to_bytes())
    }

    /// The 32 bytes of its x coordinate: the key that BIP-340 verifies with.
    pub fn x_only(self) -> [u8; 32] {
        self.0.x_only_public_key().0.to_byte_array()
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| de::Error::custom("not a point of secp256k1"))
    }
}
