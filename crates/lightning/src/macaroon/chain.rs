//! The chain of signatures: each caveat is signed with the signature before it.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use zeroize::Zeroizing;

use super::RawCaveat;

/// What the minter keeps, and nobody else has. Wiped when dropped.
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    /// A key, by chance: one a token, so that a token can be revoked by forgetting it.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// How the first key comes from the root key. Both are in use; only the minter verifies, so that either works, once chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// HMAC of the root key under `macaroons-key-generator`: what the usual libraries do.
    Generator,
    /// The root key itself: what the text of L402 shows.
    Plain,
}

/// The signature of a macaroon without caveats.
pub(super) fn begin(root: &RootKey, derivation: Derivation, id: &[u8]) -> Zeroizing<[u8; 32]> {
    match derivation {
        Derivation::Plain => hmac(root.0.as_slice(), id),
        Derivation::Generator => hmac(derived(root).as_slice(), id),
    }
}

fn derived(root: &RootKey) -> Zeroizing<[u8; 32]> {
    hmac(b"macaroons-key-generator", root.0.as_slice())
}

/// The signature once this caveat is added.
pub(super) fn extend(signature: &[u8; 32], caveat: &RawCaveat) -> Zeroizing<[u8; 32]> {
    let Some(third) = &caveat.third_party else { return hmac(signature, &caveat.id) };
    let mut both = Zeroizing::new([0; 64]);
    both[..32].copy_from_slice(hmac(signature, &third.verification).as_slice());
    both[32..].copy_from_slice(hmac(signature, &caveat.id).as_slice());
    hmac(signature, both.as_slice())
}

fn hmac(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(sign(&Key::new(HMAC_SHA256, key), text).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    #[test]
    fn the_first_key_is_derived_as_the_usual_libraries_do() {
        let derived = derived(&RootKey::from_bytes([7; 32]));
        assert_eq!(
            hex::write(derived.as_slice()),
            "49c4c11e33886e28e7f72c69bbb1f4b03ef15637ebda58bacf35a84fa715f5c2"
        );
    }
}
