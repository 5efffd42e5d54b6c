use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use rusqlite::OptionalExtension as _;
use zeroize::Zeroizing;

use super::LedgerTx;
use crate::StoreError;

/// What a sealed blob is. Each is sealed for its kind and id alone, so that none can be passed off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// Something signed that pays.
    Payload,
    /// A credential that was paid for.
    Credential,
    /// Ecash: secrets, blinding factors, proofs.
    Ecash,
    /// Nonces of sign-ins at a seller.
    Nonces,
}

impl BlobKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Credential => "credential",
            Self::Ecash => "ecash",
            Self::Nonces => "nonces",
        }
    }
}

/// AES-256-GCM with a random nonce: nonce (12), ciphertext, tag (16).
impl LedgerTx<'_> {
    /// Seals a blob, in place of one of the same kind and id.
    ///
    /// # Errors
    /// It cannot be sealed or written.
    pub fn put(&mut self, kind: BlobKind, id: &str, plain: &[u8]) -> Result<(), StoreError> {
        let mut room = Zeroizing::new(vec![0; NONCE_LEN]);
        room.extend_from_slice(plain);
        let seal = &self.key.seal;
        let sealed =
            seal.seal_in_place_separate_tag(Aad::from(bound(kind, id)), &mut room[NONCE_LEN..]);
        let (nonce, tag) =
            sealed.map_err(|_| StoreError::Engine("a blob could not be sealed".to_owned()))?;
        room[..NONCE_LEN].copy_from_slice(nonce.as_ref());
        room.extend_from_slice(tag.as_ref());
        let mut put =
            self.sql.prepare_cached("INSERT OR REPLACE INTO blobs VALUES (?1, ?2, ?3)")?;
        put.execute((kind.as_str(), id, room.as_slice()))?;
        self.sealed = true;
        Ok(())
    }

    /// Opens a blob, if there is one.
    ///
    /// # Errors
    /// It is not what was sealed for that kind and id.
    pub fn blob(&self, kind: BlobKind, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let mut get =
            self.sql.prepare_cached("SELECT sealed FROM blobs WHERE kind = ?1 AND id = ?2")?;
        let found: Option<Vec<u8>> =
            get.query_row((kind.as_str(), id), |row| row.get(0)).optional()?;
        let Some(sealed) = found else { return Ok(None) };
        let broken = || StoreError::Integrity { what: format!("the {} {id}", kind.as_str()) };
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut plain = Zeroizing::new(rest.to_vec());
        let aad = Aad::from(bound(kind, id));
        let len = self.key.seal.open_in_place(nonce, aad, &mut plain).map_err(|_| broken())?.len();
        plain.truncate(len);
        Ok(Some(plain))
    }

    /// Removes a blob, if there is one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remove(&mut self, kind: BlobKind, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM blobs WHERE kind = ?1 AND id = ?2";
        self.sealed |= self.sql.prepare_cached(sql)?.execute((kind.as_str(), id))? > 0;
        Ok(())
    }

    /// The ids of all blobs of a kind, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ids(&self, kind: BlobKind) -> Result<Vec<String>, StoreError> {
        let mut get =
            self.sql.prepare_cached("SELECT id FROM blobs WHERE kind = ?1 ORDER BY id")?;
        let ids = get.query_map([kind.as_str()], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// Kind and id, so that no two of them look alike: no kind has a zero in it.
fn bound(kind: BlobKind, id: &str) -> Vec<u8> {
    [kind.as_str().as_bytes(), &[0], id.as_bytes()].concat()
}
