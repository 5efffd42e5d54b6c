use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::{IntegrityKey, StoreError};

/// The keys of the books: one under which events are authenticated, one under which blobs are sealed. Both are derived
/// (HKDF-SHA-256, RFC 5869) from 32 secret bytes of the installation.
pub struct LedgerKey {
    pub(super) integrity: IntegrityKey,
    pub(super) seal: RandomizedNonceKey,
}

impl LedgerKey {
    /// Takes 32 secret bytes, which are used for nothing else.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn new(secret: &[u8; 32]) -> Result<Self, StoreError> {
        let integrity = IntegrityKey::new(&*derive(secret, b"portcullis ledger chain")?);
        let seal = derive(secret, b"portcullis ledger blobs")?;
        let seal = RandomizedNonceKey::new(&AES_256_GCM, seal.as_slice()).map_err(|_| failed())?;
        Ok(Self { integrity, seal })
    }
}

fn derive(secret: &[u8; 32], label: &[u8]) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    struct Len;
    impl KeyType for Len {
        fn len(&self) -> usize {
            32
        }
    }
    let mut out = Zeroizing::new([0; 32]);
    let label = [label];
    let prk = Salt::new(HKDF_SHA256, b"portcullis").extract(secret);
    let okm = prk.expand(&label, Len).map_err(|_| failed())?;
    okm.fill(out.as_mut_slice()).map_err(|_| failed())?;
    Ok(out)
}

fn failed() -> StoreError {
    StoreError::Engine("the keys of the ledger could not be derived".to_owned())
}
