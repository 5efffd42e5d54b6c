//! Tokens: sealed by the daemon for itself, so that it has none to remember.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::peer::Peer;
use crate::crypto::{self, Key};
use crate::error::KeyError;

const BOUND: &[u8] = b"portcullis vault token 1";

/// What a token says. It always says when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    /// For which configuration.
    pub(super) client: String,
    /// To whom it was given.
    pub(super) uid: u32,
    pub(super) pid: u32,
    pub(super) started: u64,
    /// What it reads.
    pub(super) names: Vec<String>,
    /// The epoch of the vault when it was given out.
    pub(super) epoch: u64,
    /// Milliseconds on the daemon's own clock.
    pub(super) expires: u64,
}

impl Claims {
    pub(super) fn seal(&self, key: &Key) -> Result<String, KeyError> {
        let json = serde_json::to_vec(self).map_err(|_| KeyError::Library)?;
        Ok(URL_SAFE_NO_PAD.encode(crypto::seal(key, &json, BOUND)?))
    }

    /// What a token says, if this daemon sealed it.
    pub(super) fn open(key: &Key, token: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        serde_json::from_slice(&crypto::open(key, &sealed, BOUND)?).ok()
    }

    /// Whether it may be used by `peer` for `client` now, in this epoch of the vault.
    pub(super) fn hold(
        &self,
        peer: Peer,
        client: &str,
        now: u64,
        longest: u64,
        epoch: u64,
    ) -> bool {
        let same = (self.uid, self.pid, self.started) == (peer.uid, peer.pid, peer.started);
        let timely = now < self.expires && self.expires - now <= longest;
        same && timely && self.client == client && self.epoch == epoch
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    const PEER: Peer = Peer { uid: 1, pid: 2, started: 3 };
    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn claims() -> Claims {
        Claims {
            client: "a".to_owned(),
            uid: 1,
            pid: 2,
            started: 3,
            names: vec!["x".to_owned()],
            epoch: 4,
            expires: 300_000,
        }
    }

    fn holds(claims: &Claims) -> bool {
        claims.hold(PEER, "a", 1000, 300_000, 4)
    }

    #[test]
    fn a_token_holds_for_whom_and_while_it_was_given() {
        assert!(holds(&claims()));
        for (id, other) in [
            ("other client", Claims { client: "b".to_owned(), ..claims() }),
            ("other user", Claims { uid: 9, ..claims() }),
            ("other process", Claims { pid: 9, ..claims() }),
            ("process id used again", Claims { started: 9, ..claims() }),
            ("expired", Claims { expires: 1000, ..claims() }),
            ("b-vault-09", Claims { epoch: 3, ..claims() }),
            ("b-vault-12", Claims { expires: 3 * DAY, ..claims() }),
        ] {
            assert!(!holds(&other), "{id}");
        }
    }

    #[test]
    fn a_token_without_an_end_or_of_another_key_is_none() {
        let (key, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        let token = claims().seal(&key).unwrap();
        assert_eq!(Claims::open(&key, &token), Some(claims()));
        assert_eq!(Claims::open(&other, &token), None);
        // b-vault-11
        let mut said: serde_json::Value = serde_json::to_value(claims()).unwrap();
        said.as_object_mut().unwrap().remove("expires");
        let sealed = crypto::seal(&key, said.to_string().as_bytes(), BOUND).unwrap();
        assert_eq!(Claims::open(&key, &URL_SAFE_NO_PAD.encode(sealed)), None);
        for bad in ["", "a", "!!", "AAAA"] {
            assert_eq!(Claims::open(&key, bad), None);
        }
    }
}
