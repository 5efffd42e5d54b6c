use std::fmt;

use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use crate::{Address, Bytes32, Refused, hex};

/// Half the order of secp256k1: a larger s is the same signature written a second time (EIP-2).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A signature that leads back to its signer: r, low s, v of 27 or 28; 65 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 65]);

impl Signature {
    /// Reads `0x` and 130 digits; see [`Self::from_bytes`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bytes = hex::decode_array(text).map_err(|_| Refused::BadSignature("not 65 bytes"))?;
        Self::from_bytes(bytes)
    }

    /// Takes r, s and v as they stand and mends nothing: a high s (EIP-2), a v of 0 or 1, an r or s of 0 or beyond the
    /// order are [`Refused::BadSignature`], and so is the compact form of EIP-2098, which is a byte shorter.
    pub fn from_bytes(bytes: [u8; 65]) -> Result<Self, Refused> {
        let signature = Self(bytes);
        let (r, s) = (&bytes[..32], &bytes[32..64]);
        if r.iter().all(|byte| *byte == 0) || s.iter().all(|byte| *byte == 0) {
            return Err(Refused::BadSignature("r or s is 0"));
        }
        if s > HALF_ORDER.as_slice() {
            return Err(Refused::BadSignature("s is high"));
        }
        signature.recoverable().map(|_| signature)
    }

    /// Who signed a digest.
    pub fn recover(&self, digest: Bytes32) -> Result<Address, Refused> {
        let point = self
            .recoverable()?
            .recover(Message::from_digest(*digest.as_bytes()))
            .map_err(|_| Refused::BadSignature("made by nobody"))?
            .serialize_uncompressed();
        Ok(Address::of_public_key(&point[1..]))
    }

    /// That `signer` signed a digest; else [`Refused::BadSignature`].
    pub fn verify(&self, digest: Bytes32, signer: Address) -> Result<(), Refused> {
        if self.recover(digest)? == signer {
            Ok(())
        } else {
            Err(Refused::BadSignature("made by another"))
        }
    }

    /// Its bytes: r, s, v.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    fn recoverable(&self) -> Result<RecoverableSignature, Refused> {
        let [rs @ .., v] = &self.0;
        let id = match v {
            27 => RecoveryId::Zero,
            28 => RecoveryId::One,
            _ => return Err(Refused::BadSignature("v is neither 27 nor 28")),
        };
        RecoverableSignature::from_compact(rs, id)
            .map_err(|_| Refused::BadSignature("r or s is beyond the order"))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    /// Not the bytes: who has them can spend, and what has `Debug` ends in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{ACCOUNT_0, V1, V1_DIGEST};

    fn refusal(text: &str) -> (&'static str, String) {
        let refused = Signature::parse(text).unwrap_err();
        (refused.code(), refused.to_string())
    }

    #[test]
    fn a_high_s_signature_is_refused() {
        let high = "0xdc53a4a579de989368a0fae2ef2172ff2f474b4297013f865d171239f17ef4c3\
            ea84b4bfcf0e4143ac2aa531ea3dc880bb5ec285cd633412a0c25db5e8a739121c";
        assert_eq!(refusal(high), ("bad_signature", "not a signature: s is high".to_owned()));
    }

    #[test]
    fn a_v_of_0_or_1_is_refused() {
        for v in ["00", "01", "1a", "1d", "ff"] {
            let text = format!("{}{v}", &V1[..130]);
            assert_eq!(
                refusal(&text),
                ("bad_signature", "not a signature: v is neither 27 nor 28".to_owned())
            );
        }
    }

    #[test]
    fn the_compact_form_is_refused() {
        assert_eq!(
            refusal(&V1[..130]),
            ("bad_signature", "not a signature: not 65 bytes".to_owned())
        );
    }

    #[test]
    fn r_and_s_are_numbers_of_the_curve() {
        let zero = "00".repeat(32);
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        let (r, s) = (&V1[2..66], &V1[66..130]);
        for text in [format!("0x{zero}{s}1b"), format!("0x{r}{zero}1b"), format!("0x{order}{s}1b")]
        {
            assert_eq!(refusal(&text).0, "bad_signature", "{text}");
        }
    }

    #[test]
    fn half_the_order_is_the_last_low_s() {
        let half = hex::encode(&HALF_ORDER);
        assert!(Signature::parse(&format!("0x{}{}1b", &V1[2..66], &half[2..])).is_ok());
        let more = half.replace("681b20a0", "681b20a1");
        assert_eq!(refusal(&format!("0x{}{}1b", &V1[2..66], &more[2..])).0, "bad_signature");
    }

    #[test]
    fn a_signature_leads_to_its_signer_and_to_no_other() {
        let signature = Signature::parse(V1).unwrap();
        let digest = Bytes32::parse(V1_DIGEST).unwrap();
        let signer = Address::parse(ACCOUNT_0).unwrap();
        assert_eq!(signature.recover(digest), Ok(signer));
        assert_eq!(signature.verify(digest, signer), Ok(()));
        assert_eq!(signature.verify(digest, Address::ZERO).unwrap_err().code(), "bad_signature");
        assert_ne!(signature.recover(crate::keccak256("other")), Ok(signer));
        assert_eq!(signature.to_string(), V1);
    }

    #[test]
    fn a_signature_does_not_end_in_a_log() {
        assert_eq!(format!("{:?}", Signature::parse(V1).unwrap()), "Signature(…)");
    }
}
