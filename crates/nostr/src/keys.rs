use std::fmt;

use secp256k1::{Keypair, Parity, SecretKey, XOnlyPublicKey, schnorr};

use crate::bytes::{array_from_hex, to_hex};

/// A public key: the x coordinate of a point of secp256k1 (BIP-340); as text 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A key that is on the curve; `None` for whatever else 32 bytes may be.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        XOnlyPublicKey::from_byte_array(bytes).ok().map(|_| Self(bytes))
    }

    /// As [`PublicKey::from_bytes`], from hexadecimal.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_bytes(array_from_hex(text)?)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Lower-case hexadecimal.
    pub fn to_hex(self) -> String {
        to_hex(&self.0)
    }

    pub(crate) fn verify(self, message: &[u8; 32], signature: [u8; 64]) -> bool {
        let Ok(key) = XOnlyPublicKey::from_byte_array(self.0) else { return false };
        key.verify(message, &schnorr::Signature::from_byte_array(signature)).is_ok()
    }

    pub(crate) fn point(self) -> Option<secp256k1::PublicKey> {
        let key = XOnlyPublicKey::from_byte_array(self.0).ok()?;
        Some(key.public_key(Parity::Even))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// A private key and its public one. No `Debug`, `Clone` or `Serialize`.
///
/// ```compile_fail
/// let keys = nostr::Keys::from_bytes([1; 32]).unwrap();
/// println!("{keys:?}");
/// ```
pub struct Keys(SecretKey);

impl Keys {
    /// A scalar from 1 to the order of the curve less one, big-endian; `None` for the few other values.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        SecretKey::from_secret_bytes(bytes).ok().map(Self)
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.x_only_public_key().0.to_byte_array())
    }

    /// Signs 32 bytes with 32 fresh random bytes (BIP-340).
    pub(crate) fn sign(&self, message: &[u8; 32], random: &[u8; 32]) -> [u8; 64] {
        let mut pair = Keypair::from_secret_key(&self.0);
        let signature = schnorr::sign_with_aux_rand(message, &pair, random);
        pair.non_secure_erase();
        signature.to_byte_array()
    }

    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.0
    }

    pub(crate) fn secret_hex(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(to_hex(self.0.as_secret_bytes()))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.0.non_secure_erase();
    }
}
