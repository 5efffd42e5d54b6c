//! How values stand in an event: each as one text with one spelling. Numbers of 128 bits are texts too, because most
//! readers of JSON would round them.

use std::fmt::Write as _;

use model::money::{Amount, Asset, Flag, MoneyRule};
use model::{PrincipalId, TenantId, Timestamp};

/// A value with one spelling as text.
pub(crate) trait Word: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl Word for MoneyRule {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        Self::from_text(text)
    }
}

impl Word for Flag {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        Self::from_text(text)
    }
}

impl Word for u128 {
    fn write(&self) -> String {
        self.to_string()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|n: &Self| n.to_string() == text)
    }
}

impl Word for Timestamp {
    fn write(&self) -> String {
        self.0.to_string()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|n: &u64| n.to_string() == text).map(Self)
    }
}

impl Word for Amount {
    fn write(&self) -> String {
        self.to_string()
    }
    fn read(text: &str) -> Option<Self> {
        let (minor, asset) = text.split_once(' ')?;
        Some(Self::new(Asset::parse(asset).ok()?, u128::read(minor)?))
    }
}

impl Word for TenantId {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Word for PrincipalId {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Word for [u8; 32] {
    fn write(&self) -> String {
        self.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
    fn read(text: &str) -> Option<Self> {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|&[a, b]| Some(digit(a)? << 4 | digit(b)?)).collect();
        bytes?.try_into().ok()
    }
}

macro_rules! serde_module {
    ($name:ident, $shape:ty, $serialize:expr, $deserialize:expr) => {
        pub(crate) mod $name {
            use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

            use super::Word;

            pub(crate) fn serialize<T: Word, S: Serializer>(
                value: &$shape,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let write: fn(&$shape) -> _ = $serialize;
                write(value).serialize(serializer)
            }

            pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$shape, D::Error> {
                let read: fn(_) -> Option<$shape> = $deserialize;
                let found = <_>::deserialize(deserializer)?;
                read(found).ok_or_else(|| serde::de::Error::custom("no value has this spelling"))
            }
        }
    };
}

serde_module!(one, T, |v| v.write(), |t: String| T::read(&t));
serde_module!(maybe, Option<T>, |v| v.as_ref().map(Word::write), |t: Option<String>| t
    .map_or(Some(None), |t| T::read(&t).map(Some)));
serde_module!(many, Vec<T>, |v| v.iter().map(Word::write).collect::<Vec<_>>(), |t: Vec<String>| t
    .iter()
    .map(|t| T::read(t))
    .collect());

/// A moment as a number of milliseconds.
pub(crate) mod millis {
    use model::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(at.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        u64::deserialize(d).map(Timestamp)
    }
}
