//! Texts as EIP-191 has them signed (version 0x45, `personal_sign`).

use crate::{Bytes32, keccak256};

/// The digest of a text: what it is, how many bytes it has, and its bytes.
///
/// To hash a text is not to sign it: of texts, [`crate::Signable`] takes only sign-ins that were judged.
pub fn digest(text: &str) -> Bytes32 {
    keccak256(format!("\x19Ethereum Signed Message:\n{}{text}", text.len()))
}
