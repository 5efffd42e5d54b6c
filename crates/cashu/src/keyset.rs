use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::bytes::{from_hex, to_hex};
use crate::fault::Fault;
use crate::point::Point;

/// A keyset's id (NUT-02): 8 bytes beginning `00`, or 33 beginning `01`. In a token the first 8 bytes of the long
/// form may stand for it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeysetId(Vec<u8>);

/// What a mint shows of a keyset, and its id is derived from.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The key for each amount.
    pub keys: &'a BTreeMap<u64, Point>,
    /// The unit, as `sat`.
    pub unit: &'a str,
    /// The fee for an input, in thousandths of the unit.
    pub input_fee_ppk: u64,
    /// When it ends, in seconds since 1970.
    pub final_expiry: Option<u64>,
}

impl KeysetId {
    const SHORT: usize = 8;
    const LONG: usize = 33;

    /// An id of a known version and its length.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let lawful = match bytes.first()? {
            0 => bytes.len() == Self::SHORT,
            1 => bytes.len() == Self::LONG || bytes.len() == Self::SHORT,
            _ => false,
        };
        lawful.then_some(Self(bytes))
    }

    /// As [`KeysetId::from_bytes`], from hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() > Self::LONG * 2 {
            return None;
        }
        Self::from_bytes(from_hex(text)?)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        to_hex(&self.0)
    }

    /// Whether it is the short form of a longer id, which only tokens use: a mint does not know it.
    pub fn is_short(&self) -> bool {
        self.0.first() == Some(&1) && self.0.len() == Self::SHORT
    }

    /// The full id among `known` that this one stands for.
    ///
    /// # Errors
    /// `bad_keyset`: none, or more than one (NUT-00).
    pub fn resolve<'a>(
        &self,
        known: impl IntoIterator<Item = &'a Self>,
    ) -> Result<&'a Self, Fault> {
        let stands_for = |id: &&Self| {
            **id == *self || self.is_short() && !id.is_short() && id.0.starts_with(&self.0)
        };
        let mut found = known.into_iter().filter(stands_for);
        let first = found.next().ok_or(Fault::new("bad_keyset", "no such keyset is known"))?;
        if found.any(|other| other != first) {
            return Err(Fault::new("bad_keyset", "more than one keyset has this short id"));
        }
        Ok(first)
    }

    /// The id of version 0: the first 7 bytes of SHA-256 over the keys in the order of their amounts (NUT-02).
    pub fn v1(keys: &BTreeMap<u64, Point>) -> Self {
        let all: Vec<u8> = keys.values().flat_map(|key| key.to_bytes()).collect();
        let mut id = vec![0];
        id.extend_from_slice(&digest(&SHA256, &all).as_ref()[..Self::SHORT - 1]);
        Self(id)
    }

    /// The id of version 1: SHA-256 over amounts, keys, unit, fee and expiry as text (NUT-02).
    pub fn v2(shown: &Shown<'_>) -> Self {
        let pairs: Vec<String> =
            shown.keys.iter().map(|(amount, key)| format!("{amount}:{}", key.to_hex())).collect();
        let mut text = format!("{}|unit:{}", pairs.join(","), shown.unit.to_lowercase());
        // Nothing and zero are the same here. Writing to a text has nothing to fail on.
        let numbers = [
            ("input_fee_ppk", shown.input_fee_ppk),
            ("final_expiry", shown.final_expiry.unwrap_or(0)),
        ];
        for (name, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
            let _ = write!(text, "|{name}:{number}");
        }
        let mut id = vec![1];
        id.extend_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(id)
    }

    /// Whether the id is the one of what the mint shows. A mint whose ids are not derived could show each wallet
    /// other keys and so tell them apart.
    pub fn fits(&self, shown: &Shown<'_>) -> bool {
        match self.0.first() {
            Some(0) => *self == Self::v1(shown.keys),
            Some(1) => *self == Self::v2(shown),
            _ => false,
        }
    }
}

impl fmt::Debug for KeysetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for KeysetId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for KeysetId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| de::Error::custom("not the id of a keyset"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: &str = r#"{
        "1": "03a40f20667ed53513075dc51e715ff2046cad64eb68960632269ba7f0210e38bc",
        "2": "03fd4ce5a16b65576145949e6f99f445f8249fee17c606b688b504a849cdc452de",
        "4": "02648eccfa4c026960966276fa5a4cae46ce0fd432211a4f449bf84f13aa5f8303",
        "8": "02fdfd6796bfeac490cbee12f778f867f0a2c68f6508d17c649759ea0dc3547528"
    }"#;

    fn keys(json: &str) -> BTreeMap<u64, Point> {
        serde_json::from_str(json).unwrap()
    }

    fn id(text: &str) -> KeysetId {
        KeysetId::from_hex(text).unwrap()
    }

    #[test]
    fn ids_are_those_of_the_specification() {
        let four = keys(FOUR);
        let many = keys(include_str!("../tests/keys-64.json"));
        assert_eq!(many.len(), 64);
        assert_eq!(KeysetId::v1(&four), id("00456a94ab4e1c46"));
        assert_eq!(KeysetId::v1(&many), id("000f01df73ea149a"));
        let with = |keys, input_fee_ppk, final_expiry| Shown {
            keys,
            unit: "sat",
            input_fee_ppk,
            final_expiry,
        };
        for (shown, expected) in [
            (
                with(&four, 100, Some(2_059_210_353)),
                "015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a",
            ),
            (
                with(&many, 0, Some(2_059_210_353)),
                "01ab6aa4ff30390da34986d84be5274b48ad7a74265d791095bfc39f4098d9764f",
            ),
            (
                with(&many, 0, None),
                "012fbb01a4e200c76df911eeba3b8fe1831202914b24664f4bccbd25852a6708f8",
            ),
        ] {
            assert_eq!(KeysetId::v2(&shown), id(expected));
            assert!(id(expected).fits(&shown));
            assert!(!id("00456a94ab4e1c46").fits(&with(&many, 0, None)));
        }
    }

    #[test]
    fn an_id_of_another_length_or_version_is_none() {
        for bad in ["", "00", "00456a94ab4e1c", "02456a94ab4e1c46", "00456a94ab4e1c4600", "0045"] {
            assert!(KeysetId::from_hex(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_short_id_stands_for_one_known_keyset_or_for_none() {
        let long = id("015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a");
        let like = id("015ba18a8adcd02e000000000000000000000000000000000000000000000000ff");
        let short = id("015ba18a8adcd02e");
        assert!(short.is_short() && !long.is_short() && !id("00456a94ab4e1c46").is_short());
        assert_eq!(short.resolve([&long, &long]).ok(), Some(&long));
        assert!(short.resolve([&long, &like]).is_err(), "ambiguous");
        assert!(short.resolve([]).is_err());
        assert_eq!(long.resolve([&like, &long]).ok(), Some(&long));
    }
}
