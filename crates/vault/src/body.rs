//! What stands in a vault file, as it is read and written.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::SecretName;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::binding::Bindings;
use crate::crypto::Bound;

/// Most secrets of one vault.
pub(crate) const MOST_SECRETS: usize = 4096;
/// Most slots.
const MOST_SLOTS: usize = 8;
/// The largest wrapped key, in bytes.
pub(crate) const WRAPPED: usize = 1024;
/// The largest value, in bytes.
pub const MAX_VALUE: usize = 64 << 10;
/// What sealing adds to a value.
const OVERHEAD: usize = 12 + 16;

/// The whole of a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    /// 16 random bytes: everything in the file is bound to them.
    pub(crate) id: Bytes,
    /// Rises with every change.
    pub(crate) generation: u64,
    /// Rises with every change that ends a value: tokens of an older epoch are void.
    pub(crate) epoch: u64,
    pub(crate) slots: Vec<Slot>,
    /// By name, rising.
    pub(crate) secrets: Vec<Entry>,
}

/// The master key, wrapped by one key source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slot {
    pub(crate) kind: String,
    pub(crate) wrapped: Bytes,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Rises with every value.
    pub(crate) version: u64,
    /// Milliseconds since 1970: when the name was first set.
    pub(crate) created: u64,
    /// When this value was.
    pub(crate) changed: u64,
    pub(crate) hosts: Vec<String>,
    pub(crate) programs: Vec<String>,
    pub(crate) webhooks: Vec<String>,
    /// Whether it is a key of the gate's own wallet; it is bound to nothing else then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) wallet: bool,
    /// The key of the value, sealed under the master key.
    pub(crate) key: Bytes,
    /// The value, sealed under its own key.
    pub(crate) value: Bytes,
}

impl Body {
    /// Reads the text of a body and holds it against every bound.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let body: Self = serde_json::from_str(text).map_err(|e| {
            // Where, and of what sort; never a piece of the text.
            format!("its body is not as it should be (column {})", e.column())
        })?;
        body.check()?;
        Ok(body)
    }

    fn check(&self) -> Result<(), String> {
        if self.id.0.len() != 16 || self.generation == 0 {
            return Err("its head is not as it should be".to_owned());
        }
        if self.slots.is_empty() || self.slots.len() > MOST_SLOTS {
            return Err(format!("it has {} slots", self.slots.len()));
        }
        if !self.slots.iter().all(Slot::lawful) || !rising(self.slots.iter().map(|s| &s.kind)) {
            return Err("a slot is not as it should be".to_owned());
        }
        if self.secrets.len() > MOST_SECRETS || !rising(self.secrets.iter().map(|s| &s.name)) {
            return Err("it has too many secrets, or they are out of order".to_owned());
        }
        self.secrets.iter().try_for_each(Entry::check)
    }

    pub(crate) fn slot(&self, kind: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.kind == kind)
    }

    pub(crate) fn entry(&self, name: &SecretName) -> Option<&Entry> {
        let at = self.find(name).ok()?;
        self.secrets.get(at)
    }

    /// Where a secret is, or where it would be.
    pub(crate) fn find(&self, name: &SecretName) -> Result<usize, usize> {
        self.secrets.binary_search_by(|entry| entry.name.as_str().cmp(name.as_str()))
    }

    /// What a slot is bound to.
    pub(crate) fn slot_bound(&self, kind: &str) -> Vec<u8> {
        Bound::to("slot").text(&encode(&self.id.0)).text(kind).as_bytes().to_vec()
    }
}

impl Slot {
    fn lawful(&self) -> bool {
        let word = self.kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        word && (1..=32).contains(&self.kind.len()) && self.wrapped.0.len() <= WRAPPED
    }
}

impl Entry {
    pub(crate) fn bindings(&self) -> Result<Bindings, String> {
        let bound = Bindings::parse(&self.hosts, &self.programs, &self.webhooks)?;
        match (self.wallet, bound.is_empty()) {
            (false, _) => Ok(bound),
            (true, true) => Ok(Bindings::wallet()),
            (true, false) => Err("the key of a wallet goes nowhere".to_owned()),
        }
    }

    fn check(&self) -> Result<(), String> {
        SecretName::new(&self.name)?;
        let bound = self.bindings()?;
        let written = bound.hosts() == self.hosts
            && bound.programs() == self.programs
            && bound.webhooks() == self.webhooks;
        let sized = self.key.0.len() == 32 + OVERHEAD
            && (OVERHEAD..=MAX_VALUE + OVERHEAD).contains(&self.value.0.len());
        if written && sized && self.version > 0 {
            return Ok(());
        }
        Err(format!("the secret `{}` is not as it should be", self.name))
    }

    /// What its data key is bound to.
    pub(crate) fn key_bound(&self, id: &Bytes) -> Bound {
        Bound::to("data key").text(&encode(&id.0)).text(&self.name).number(self.version)
    }

    /// What its value is bound to: everything that is said of it.
    pub(crate) fn value_bound(&self, id: &Bytes) -> Bound {
        let bound = Bound::to("value")
            .text(&encode(&id.0))
            .text(&self.name)
            .number(self.version)
            .number(self.created)
            .number(self.changed)
            .list(&self.hosts)
            .list(&self.programs)
            .list(&self.webhooks);
        if self.wallet { bound.text("wallet") } else { bound }
    }
}

fn rising<'a>(names: impl Iterator<Item = &'a String> + Clone) -> bool {
    names.clone().zip(names.skip(1)).all(|(a, b)| a < b)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes, written as base64url without padding. One sequence of bytes has one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        URL_SAFE_NO_PAD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("no base64"))
    }
}
