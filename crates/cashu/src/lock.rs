use serde_json::{Value, json};

use crate::bytes::to_hex;
use crate::fault::Fault;
use crate::proof::ProofSecret;

/// A secret that says what opens it (NUT-10): `[kind, {"nonce", "data", "tags"}]` as JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WellKnown {
    /// What kind of condition, as `P2PK`.
    pub kind: String,
    /// What makes the secret unlike all others. It is no secret of its own: the lock is what protects.
    pub nonce: String,
    /// What the kind says it is.
    pub data: String,
    /// Further conditions, each a name and its values.
    pub tags: Vec<Vec<String>>,
}

impl WellKnown {
    /// A lock as asked for, with 32 random bytes as its nonce.
    pub fn new(kind: &str, data: &str, tags: Vec<Vec<String>>, random: &[u8; 32]) -> Self {
        Self { kind: kind.to_owned(), nonce: to_hex(random), data: data.to_owned(), tags }
    }

    /// Reads a secret. `None`: it is a plain one, which nothing but itself opens.
    pub fn read(secret: &str) -> Option<Self> {
        let Value::Array(parts) = serde_json::from_str(secret).ok()? else { return None };
        let [Value::String(kind), Value::Object(body)] = &parts[..] else { return None };
        let text = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
        let tags = match body.get("tags") {
            None | Some(Value::Null) => Vec::new(),
            Some(tags) => tags.as_array()?.iter().map(tag).collect::<Option<_>>()?,
        };
        Some(Self { kind: kind.clone(), nonce: text("nonce")?, data: text("data")?, tags })
    }

    /// The secret itself: this text is signed, hashed and sent, byte for byte.
    ///
    /// # Errors
    /// `bad_token`: too long.
    pub fn secret(&self) -> Result<ProofSecret, Fault> {
        let mut body = json!({ "nonce": self.nonce, "data": self.data });
        if !self.tags.is_empty() {
            body["tags"] = json!(self.tags);
        }
        ProofSecret::new(json!([self.kind, body]).to_string())
    }
}

fn tag(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|part| part.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_secret_is_no_lock() {
        for plain in [
            "",
            "00",
            "[]",
            "[\"P2PK\"]",
            "[\"P2PK\",{}]",
            "{}",
            "[\"P2PK\",{\"nonce\":1,\"data\":\"\"}]",
        ] {
            assert_eq!(WellKnown::read(plain), None, "{plain}");
        }
    }

    proptest! {
        #[test]
        fn a_lock_is_read_back_as_it_was_written(
            kind in ".{0,8}", data: String, nonce: [u8; 32],
            tags in prop::collection::vec(prop::collection::vec(any::<String>(), 0..3), 0..3),
        ) {
            let lock = WellKnown::new(&kind, &data, tags, &nonce);
            prop_assert_eq!(WellKnown::read(lock.secret().ok().unwrap().reveal()), Some(lock));
        }
    }
}
