use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::{PaymentHash, ProofError, hex};

/// The 32 bytes whose SHA-256 is the payment hash: the proof of a Lightning payment, and half of an L402 credential.
///
/// A secret: it has no `Debug`, `Display` or `Clone` and is wiped when dropped. Its text comes only from [`Preimage::hex`].
pub struct Preimage(Zeroizing<[u8; 32]>);

impl Preimage {
    /// The bytes themselves, as a seller draws them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads exactly 64 hexadecimal digits of either case. Anything else, white space and line ends before all, is refused:
    /// what a wallet says here goes into a header later.
    ///
    /// # Errors
    /// [`ProofError::Form`].
    pub fn from_hex(text: &str) -> Result<Self, ProofError> {
        hex::read(text).map(Self::from_bytes).ok_or(ProofError::Form)
    }

    /// Reads what a wallet says and holds it against the payment.
    ///
    /// # Errors
    /// [`ProofError`]: it proves nothing.
    pub fn proof(text: &str, of: &PaymentHash) -> Result<Self, ProofError> {
        let preimage = Self::from_hex(text)?;
        if preimage.proves(of) { Ok(preimage) } else { Err(ProofError::Mismatch) }
    }

    /// Its SHA-256.
    pub fn hash(&self) -> PaymentHash {
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, self.0.as_slice()).as_ref());
        PaymentHash(out)
    }

    /// Whether it proves that this payment was made.
    pub fn proves(&self, hash: &PaymentHash) -> bool {
        self.hash() == *hash
    }

    /// Lower-case hexadecimal digits, for the credential and for the vault.
    pub fn hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::write(self.0.as_slice()))
    }

    /// The bytes.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{H1, H2};

    #[test]
    fn a_preimage_proves_its_own_hash_and_no_other() {
        let one = Preimage::from_hex(&"01".repeat(32)).ok().unwrap();
        let two = Preimage::from_bytes([2; 32]);
        assert_eq!((one.hash(), two.hash()), (H1, H2));
        assert!(one.proves(&H1) && !one.proves(&H2));
        // L4C-16
        let wrong = Preimage::proof(&"02".repeat(32), &H1).err();
        assert_eq!(wrong.map(|e| (e, e.code())), Some((ProofError::Mismatch, "bad_proof")));
    }

    // L4C-17
    #[test]
    fn upper_case_digits_are_read_and_written_lower() {
        let text = "AB".repeat(32);
        let read = Preimage::from_hex(&text).ok().unwrap();
        assert_eq!(*read.hex(), text.to_lowercase());
    }

    // L4C-18, NWC-15
    #[test]
    fn nothing_but_64_digits_is_a_preimage() {
        let right = "01".repeat(32);
        let bad = [
            format!("{right}\r\nX-Evil: 1"),
            format!("{right}\n"),
            format!(" {right}"),
            format!("0x{right}"),
            format!("{}\r\n", &right[2..]),
            format!("{}\0\0", &right[2..]),
            right[2..].to_owned(),
            format!("{right}01"),
            "0g".repeat(32),
            "é".repeat(32),
            String::new(),
        ];
        for text in bad {
            assert_eq!(Preimage::from_hex(&text).err(), Some(ProofError::Form), "{text:?}");
        }
    }
}
