use std::fmt;

use secp256k1::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::hex;

/// The public key of a node, compressed (33 bytes): who is paid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) [u8; 33]);

impl NodeId {
    /// Reads 66 hexadecimal digits of either case; `None` if they are no point of the curve.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(hex::read(text)?)
    }

    /// A compressed key; `None` if it is no point of the curve.
    pub fn from_bytes(bytes: [u8; 33]) -> Option<Self> {
        PublicKey::from_byte_array_compressed(bytes).is_ok().then_some(Self(bytes))
    }

    /// The compressed key.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }
}

/// Lower-case hexadecimal digits.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

/// The private key of a node, with which invoices are signed. Wiped when dropped.
pub struct NodeKey(Zeroizing<[u8; 32]>);

impl NodeKey {
    /// A key; `None` if it is zero or not below the order of the curve.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        let mut key = SecretKey::from_secret_bytes(*bytes).ok()?;
        key.non_secure_erase();
        Some(Self(bytes))
    }

    /// The public half.
    pub fn id(&self) -> Option<NodeId> {
        self.with(|key| NodeId(PublicKey::from_secret_key(key).serialize()))
    }

    /// Does something with the key in the form that the curve wants, and wipes that form again.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&SecretKey) -> T) -> Option<T> {
        let mut key = SecretKey::from_secret_bytes(*self.0).ok()?;
        let done = work(&key);
        key.non_secure_erase();
        Some(done)
    }
}
