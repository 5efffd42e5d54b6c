use std::fmt;

use ambient::Clock;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use crate::key_file::SealingKey;

/// Key id byte and nonce, before the sealed text.
const HEAD: usize = 1 + NONCE_LEN;
/// Authentication tag, after it.
const TAG: usize = 16;
/// What sealing adds, before base64 makes four characters of three bytes.
pub(crate) const OVERHEAD: usize = HEAD + TAG;

/// What a sealed text is for. Each purpose has a key of its own, so that none can be passed off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A legacy session id.
    Session,
    /// State of a multi-round-trip request.
    RequestState,
    /// A place in a paged list.
    Cursor,
    /// A task id.
    Task,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Session, Self::RequestState, Self::Cursor, Self::Task];

    /// The label its key is derived under. Changing one invalidates what was sealed.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Session => "portcullis seal session",
            Self::RequestState => "portcullis seal request state",
            Self::Cursor => "portcullis seal cursor",
            Self::Task => "portcullis seal task",
        }
    }
}

/// Nothing could be sealed: no randomness, or more than AES-GCM takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("sealing failed: no randomness, or the text is too long")]
pub struct SealError;

/// Seals what must ride with a client and come back unread and unchanged.
///
/// AES-256-GCM with a random nonce under the keys of one installation. A sealed text is base64url without padding of
/// key id (1 byte), nonce (12), ciphertext and tag (16). With random nonces a key is good for 2^32 texts
/// (NIST SP 800-38D section 8.3): rotate it before, see [`Installation::rotate_sealing_key`](crate::Installation).
pub struct Sealer {
    current: Keys,
    /// The key before the last rotation, and the moment from which it opens nothing any more.
    previous: Option<(Keys, u64)>,
    clock: Clock,
}

struct Keys {
    id: u8,
    by_purpose: [RandomizedNonceKey; 4],
}

impl Keys {
    fn new(key: &SealingKey) -> Result<Self, SealError> {
        let of = |purpose: Purpose| {
            let bytes = key.derive(purpose.label()).ok_or(SealError)?;
            RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| SealError)
        };
        let [a, b, c, d] = Purpose::ALL;
        Ok(Self { id: key.id, by_purpose: [of(a)?, of(b)?, of(c)?, of(d)?] })
    }

    const fn key(&self, purpose: Purpose) -> &RandomizedNonceKey {
        &self.by_purpose[purpose as usize]
    }
}

impl Sealer {
    pub(crate) fn new(
        current: &SealingKey,
        previous: Option<(&SealingKey, u64)>,
        clock: Clock,
    ) -> Result<Self, SealError> {
        let previous = match previous {
            Some((key, until)) => Some((Keys::new(key)?, until)),
            None => None,
        };
        Ok(Self { current: Keys::new(current)?, previous, clock })
    }

    /// Seals `plain`. Only [`Sealer::open`] with the same purpose and `aad` gives it back.
    pub fn seal(&self, purpose: Purpose, plain: &[u8], aad: &[u8]) -> Result<String, SealError> {
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(self.current.id);
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (nonce, tag) = self
            .current
            .key(purpose)
            .seal_in_place_separate_tag(Aad::from(aad), &mut sealed[HEAD..])
            .map_err(|_| SealError)?;
        sealed[1..HEAD].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(&sealed))
    }

    /// Opens what [`Sealer::seal`] sealed. Every other text, whatever is wrong with it, is the same `None`.
    pub fn open(&self, purpose: Purpose, sealed: &str, aad: &[u8]) -> Option<Vec<u8>> {
        let mut room = vec![0; base64::decoded_len_estimate(sealed.len())];
        self.open_in(purpose, sealed, aad, &mut room).map(<[u8]>::to_vec)
    }

    /// As [`Sealer::open`], into `room`, which must hold the decoded text; too small a room opens nothing.
    pub(crate) fn open_in<'a>(
        &self,
        purpose: Purpose,
        sealed: &str,
        aad: &[u8],
        room: &'a mut [u8],
    ) -> Option<&'a [u8]> {
        let len = URL_SAFE_NO_PAD.decode_slice(sealed, room).ok()?;
        let (head, rest) = room.get_mut(..len)?.split_at_mut_checked(HEAD)?;
        // A wrong key id needs no authentication of its own: under another key the tag does not fit.
        let key = self.key(head[0])?.key(purpose);
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).ok()?;
        key.open_in_place(nonce, Aad::from(aad), rest).ok().map(|plain| &*plain)
    }

    fn key(&self, id: u8) -> Option<&Keys> {
        if self.current.id == id {
            return Some(&self.current);
        }
        let (previous, until) = self.previous.as_ref()?;
        (previous.id == id && self.clock.now_millis() < *until).then_some(previous)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("key", &self.current.id).finish_non_exhaustive()
    }
}
