use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::tree::sha256;

/// Ed25519 in C2SP signed-note.
const ED25519_TYPE: u8 = 1;

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// C2SP signed-note: not empty, no spaces, no plus; we also refuse control characters.
    #[error(
        "`{0}` is no name for a key: it must not be empty or contain spaces, `+` or control characters"
    )]
    Name(String),
    /// Not `name+id+base64` of an Ed25519 key whose id fits.
    #[error("`{0}` is no verifier key: use NAME+ID+KEY as the log printed it")]
    Vkey(String),
    /// Not the seed of an Ed25519 key.
    #[error("the key file does not hold an Ed25519 seed")]
    Seed,
}

/// Checks signatures of one key: its name, its id and the key itself (C2SP signed-note).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl Verifier {
    /// A verifier for a public key.
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, KeyError> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.len() > 255 || name.contains(bad) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let mut named = Vec::with_capacity(name.len() + 34);
        named.extend_from_slice(name.as_bytes());
        named.extend_from_slice(&[b'\n', ED25519_TYPE]);
        named.extend_from_slice(&key);
        let [a, b, c, d, ..] = sha256(&named);
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], key })
    }

    /// Reads `name+id+base64`; the id must be the one that name and key give.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        let bad = || KeyError::Vkey(vkey.to_owned());
        let mut parts = vkey.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let bytes = STANDARD.decode(key).map_err(|_| bad())?;
        let Some((&ED25519_TYPE, key)) = bytes.split_first() else { return Err(bad()) };
        let verifier = Self::new(name, key.try_into().map_err(|_| bad())?)?;
        if verifier.id_text() == id { Ok(verifier) } else { Err(bad()) }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The four bytes that stand for the key in a signature line.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The id as eight hexadecimal digits.
    pub fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id))
    }

    /// Whether `signature` over `text` is by this key.
    pub fn verify(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.key).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.key);
        write!(f, "{}+{}+{}", self.name, self.id_text(), STANDARD.encode(key))
    }
}

/// Signs notes with one Ed25519 key. Has no `Debug`: it holds the private key.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl Signer {
    /// The key of a 32-byte seed, under `name` (for a log: its origin).
    pub fn from_seed(name: &str, seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Seed)?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Seed)?;
        Ok(Self { pair, verifier: Verifier::new(name, key)? })
    }

    /// What others check this key's signatures with.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Signs `text`, which ends in a line break, and gives the whole note.
    pub fn sign(&self, text: &str) -> String {
        let mut signed = self.verifier.id.to_vec();
        signed.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n— {} {}\n", self.verifier.name, STANDARD.encode(signed))
    }
}
