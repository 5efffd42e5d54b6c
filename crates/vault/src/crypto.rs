use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::error::KeyError;

/// 32 secret bytes, wiped when they are dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// Authentication tag of AES-GCM, in bytes.
const TAG: usize = 16;

/// What a sealed text is bound to. Every field has a length in front of it, so that no two lists look alike.
pub(crate) struct Bound(Vec<u8>);

impl Bound {
    /// Begins the fields of one kind of sealed text.
    pub(crate) fn to(kind: &str) -> Self {
        Self(Vec::with_capacity(256)).text(kind)
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    pub(crate) fn number(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A list: its length, then each of its texts.
    pub(crate) fn list(self, values: &[String]) -> Self {
        let counted = self.number(values.len() as u64);
        values.iter().fold(counted, |bound, value| bound.text(value))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes(mut self, value: &[u8]) -> Self {
        self.0.extend_from_slice(&(value.len() as u64).to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }
}

/// A fresh key from the operating system.
pub(crate) fn random_key() -> Result<Key, KeyError> {
    let mut key = Key::default();
    ambient::random(key.as_mut_slice())?;
    Ok(key)
}

/// HKDF-SHA-256 (RFC 5869) of secret bytes, under a label that names the use.
pub(crate) fn derive(secret: &[u8], salt: &[u8], label: &str) -> Result<Key, KeyError> {
    struct Len;
    impl KeyType for Len {
        fn len(&self) -> usize {
            32
        }
    }
    let mut out = Key::default();
    let label = [label.as_bytes()];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    let okm = prk.expand(&label, Len).map_err(|_| KeyError::Library)?;
    okm.fill(out.as_mut_slice()).map_err(|_| KeyError::Library)?;
    Ok(out)
}

/// AES-256-GCM with a random nonce: nonce, ciphertext, tag.
pub(crate) fn seal(key: &Key, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = cipher(key)?;
    let mut sealed = Zeroizing::new(Vec::with_capacity(NONCE_LEN + plain.len() + TAG));
    sealed.extend_from_slice(&[0; NONCE_LEN]);
    sealed.extend_from_slice(plain);
    let (nonce, tag) = key
        .seal_in_place_separate_tag(Aad::from(bound), &mut sealed[NONCE_LEN..])
        .map_err(|_| KeyError::Library)?;
    sealed[..NONCE_LEN].copy_from_slice(nonce.as_ref());
    sealed.extend_from_slice(tag.as_ref());
    Ok(std::mem::take(&mut *sealed))
}

/// Opens what [`seal`] sealed. Whatever is wrong with it, the answer is the same `None`.
pub(crate) fn open(key: &Key, sealed: &[u8], bound: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
    let mut rest = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let len = cipher(key).ok()?.open_in_place(nonce, Aad::from(bound), &mut rest).ok()?.len();
    rest.truncate(len);
    Some(rest)
}

fn cipher(key: &Key) -> Result<RandomizedNonceKey, KeyError> {
    RandomizedNonceKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| KeyError::Library)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_key_and_for_what_it_is_bound_to_alone() {
        let (key, other) = (random_key().unwrap(), random_key().unwrap());
        let sealed = seal(&key, b"plain", b"here").unwrap();
        assert_eq!(open(&key, &sealed, b"here").unwrap().as_slice(), b"plain");
        assert!(open(&other, &sealed, b"here").is_none());
        assert!(open(&key, &sealed, b"there").is_none());
        assert!(open(&key, &sealed[..20], b"here").is_none());
        assert!(open(&key, &[], b"here").is_none());
    }

    #[test]
    fn lists_that_differ_only_in_where_texts_end_are_bound_differently() {
        let bound = |list: &[&str]| {
            let list: Vec<String> = list.iter().map(|t| (*t).to_owned()).collect();
            Bound::to("x").list(&list).list(&[]).as_bytes().to_vec()
        };
        assert_ne!(bound(&["ab", "c"]), bound(&["a", "bc"]));
        assert_ne!(bound(&["a"]), bound(&["a", ""]));
    }
}
