//! Who signed: ECDSA over secp256k1 with a recovery id, over the SHA-256 of the human-readable part and the data.

use aws_lc_rs::digest::{SHA256, digest};
use bech32::Fe32;
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use super::words;
use crate::{InvoiceError, NodeId, NodeKey};

/// Words of a signature: 64 bytes and the recovery id.
pub(super) const WORDS: usize = 104;

/// The key that made the signature. Where the invoice names its payee, it is that one, and the signature is the one of its two
/// forms that has the lower S; where it does not, both forms are good (BOLT11, requirements of a reader).
pub(super) fn payee(
    hrp: &str,
    data: &[Fe32],
    signature: &[Fe32],
    named: Option<[u8; 33]>,
) -> Result<NodeId, InvoiceError> {
    const BAD: InvoiceError = InvoiceError::Malformed("its signature is not valid");
    let bytes = words::bytes(signature).ok_or(BAD)?;
    let (recovery, compact) = bytes.split_last().ok_or(BAD)?;
    let recovery = RecoveryId::try_from(i32::from(*recovery)).map_err(|_| BAD)?;
    let signature = RecoverableSignature::from_compact(compact, recovery).map_err(|_| BAD)?;
    let payee = signature.recover(message(hrp, data)).map_err(|_| BAD)?.serialize();
    if let Some(named) = named {
        let given = signature.to_standard();
        let mut low = given;
        low.normalize_s();
        if named != payee || low != given {
            return Err(InvoiceError::Malformed("its signature is not that of the payee it names"));
        }
    }
    Ok(NodeId(payee))
}

/// The words of a signature; `None` if the key is none.
pub(super) fn sign(hrp: &str, data: &[Fe32], key: &NodeKey) -> Option<Vec<Fe32>> {
    let message = message(hrp, data);
    let signature = key.with(|key| RecoverableSignature::sign_ecdsa_recoverable(message, key))?;
    let (recovery, compact) = signature.serialize_compact();
    let mut bytes = compact.to_vec();
    bytes.push(recovery.to_u8());
    Some(words::of_bytes(&bytes))
}

fn message(hrp: &str, data: &[Fe32]) -> Message {
    let mut text = hrp.as_bytes().to_vec();
    text.extend(words::padded_bytes(data));
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &text).as_ref());
    Message::from_digest(hash)
}
