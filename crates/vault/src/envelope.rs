//! The text of a vault file.
//!
//! ```text
//! portcullis vault 1
//! {"id":…,"generation":…,"epoch":…,"slots":[…],"secrets":[…]}
//! mac = BASE64URL       (HMAC-SHA-256 of the lines above, under a key derived from the master key)
//! check = BASE64URL     (SHA-256 of all lines above)
//! ```
//!
//! The check is there for accidents, and tells a damaged file from a wrong key before any key is at hand. The code
//! is there for those who can write the file and do not have its key.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use subtle::ConstantTimeEq as _;

use crate::body::{Body, encode};
use crate::crypto::Key;

/// The first line; a later layout gets another number.
pub(crate) const TITLE: &str = "portcullis vault 1";

/// A file that is well formed. Whether its key wrote it is not known yet.
#[derive(Debug)]
pub(crate) struct Unproven {
    pub(crate) body: Body,
    signed: Vec<u8>,
    mac: String,
}

/// Why a text is no vault file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Version,
    Damaged(String),
}

/// The text of a body.
pub(crate) fn write(body: &Body, mac_key: &Key) -> Option<Vec<u8>> {
    let json = serde_json::to_string(body).ok()?;
    let mut text = format!("{TITLE}\n{json}\n");
    let mac = mac(mac_key, text.as_bytes());
    let _ = writeln!(text, "mac = {mac}");
    let check = encode(digest(&SHA256, text.as_bytes()).as_ref());
    let _ = writeln!(text, "check = {check}");
    Some(text.into_bytes())
}

/// Reads a text. Every byte of it counts.
pub(crate) fn read(bytes: &[u8]) -> Result<Unproven, Malformed> {
    let damaged = |why: &str| Malformed::Damaged(why.to_owned());
    let title = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let at = text.rfind("check = ").ok_or_else(|| missing(title))?;
    let (above, check) = text.split_at(at);
    if check != format!("check = {}\n", encode(digest(&SHA256, above.as_bytes()).as_ref())) {
        return Err(damaged("its check does not fit, so it was changed or cut short"));
    }
    // Only now: a damaged first line is damage, not another version.
    if title != TITLE.as_bytes() {
        return Err(Malformed::Version);
    }
    let at = above.rfind("mac = ").ok_or_else(|| damaged("it has no `mac` line"))?;
    let (signed, mac) = above.split_at(at);
    let mac = mac.strip_prefix("mac = ").and_then(|m| m.strip_suffix('\n'));
    let mac = mac.ok_or_else(|| damaged("its `mac` line is cut short"))?.to_owned();
    let json = signed.strip_prefix(TITLE).and_then(|t| t.strip_prefix('\n'));
    let json = json.and_then(|t| t.strip_suffix('\n'));
    let json = json.ok_or_else(|| damaged("it has no body"))?;
    let body = Body::parse(json).map_err(Malformed::Damaged)?;
    Ok(Unproven { body, signed: signed.as_bytes().to_vec(), mac })
}

impl Unproven {
    /// Whether it was written with the key.
    pub(crate) fn fits(&self, mac_key: &Key) -> bool {
        mac(mac_key, &self.signed).as_bytes().ct_eq(self.mac.as_bytes()).into()
    }
}

fn mac(key: &Key, text: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_slice());
    encode(hmac::sign(&key, text).as_ref())
}

/// A file without a check: cut short if it begins like ours, otherwise something else.
fn missing(title: &[u8]) -> Malformed {
    if TITLE.as_bytes().starts_with(title) {
        return Malformed::Damaged("it is cut short".to_owned());
    }
    Malformed::Version
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::*;
    use crate::body::{Bytes, Entry, Slot};

    fn key() -> Key {
        Zeroizing::new([7; 32])
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let times = (1..u64::MAX, any::<u64>(), any::<u64>());
        let name = "[a-z][a-z0-9./_-]{0,20}";
        (name, times, prop::collection::vec(any::<u8>(), 28..200), any::<bool>()).prop_map(
            |(name, (version, created, changed), value, bound)| Entry {
                name,
                version,
                created,
                changed,
                hosts: if bound { vec!["*.example.com:443".to_owned()] } else { Vec::new() },
                programs: if bound { vec!["/usr/bin/tool".to_owned()] } else { Vec::new() },
                webhooks: Vec::new(),
                wallet: false,
                key: Bytes(vec![1; 60]),
                value: Bytes(value),
            },
        )
    }

    fn body() -> impl Strategy<Value = Body> {
        (1..u64::MAX, any::<u64>(), prop::collection::vec(entry(), 0..4)).prop_map(
            |(generation, epoch, mut secrets)| {
                secrets.sort_by(|a, b| a.name.cmp(&b.name));
                secrets.dedup_by(|a, b| a.name == b.name);
                let slot = Slot { kind: "key".to_owned(), wrapped: Bytes(vec![2; 76]) };
                Body { id: Bytes(vec![3; 16]), generation, epoch, slots: vec![slot], secrets }
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(body in body()) {
            let text = write(&body, &key()).unwrap();
            let read = read(&text).unwrap();
            prop_assert!(read.fits(&key()));
            prop_assert!(!read.fits(&Zeroizing::new([8; 32])));
            prop_assert_eq!(read.body, body);
        }

        #[test]
        fn one_changed_cut_or_added_byte_is_noticed(body in body(), at: prop::sample::Index, with: u8) {
            let text = write(&body, &key()).unwrap();
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed[at] ^= with.max(1);
            prop_assert!(read(&changed).is_err());
            prop_assert!(read(&text[..at]).is_err());
            let mut longer = text.clone();
            longer.insert(at, with);
            prop_assert!(longer == text || read(&longer).is_err());
            longer = text;
            longer.push(with);
            prop_assert!(read(&longer).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(read(&bytes).is_err());
        }

        #[test]
        fn any_body_under_a_fitting_check_is_read_or_refused(json in ".{0,200}") {
            let text = format!("{TITLE}\n{json}\nmac = x\n");
            let check = encode(digest(&SHA256, text.as_bytes()).as_ref());
            let text = format!("{text}check = {check}\n");
            prop_assert!(read(text.as_bytes()).is_err());
        }
    }

    #[test]
    fn a_later_version_is_told_from_damage() {
        let checked = |text: &str| {
            let check = encode(digest(&SHA256, text.as_bytes()).as_ref());
            read(format!("{text}check = {check}\n").as_bytes()).unwrap_err()
        };
        assert_eq!(checked("portcullis vault 2\n{}\nmac = x\n"), Malformed::Version);
        assert!(matches!(checked("portcullis vault 1\n{}\nmac = x\n"), Malformed::Damaged(_)));
        assert_eq!(read(b"-----BEGIN PGP MESSAGE-----\n").unwrap_err(), Malformed::Version);
        assert!(matches!(read(b"portcullis vau").unwrap_err(), Malformed::Damaged(_)));
        assert!(matches!(read(b"").unwrap_err(), Malformed::Damaged(_)));
    }

    #[test]
    fn names_out_of_order_twice_or_unlawful_do_not_load() {
        let text = |secrets: &[&str]| {
            let each = secrets.iter().map(|name| Entry {
                name: (*name).to_owned(),
                version: 1,
                created: 0,
                changed: 0,
                hosts: Vec::new(),
                programs: Vec::new(),
                webhooks: Vec::new(),
                wallet: false,
                key: Bytes(vec![1; 60]),
                value: Bytes(vec![1; 28]),
            });
            let slot = Slot { kind: "key".to_owned(), wrapped: Bytes(Vec::new()) };
            let (id, secrets) = (Bytes(vec![3; 16]), each.collect());
            let body = Body { id, generation: 1, epoch: 0, slots: vec![slot], secrets };
            write(&body, &key()).unwrap()
        };
        assert!(read(&text(&["a", "b"])).is_ok());
        for bad in [&["b", "a"][..], &["a", "a"], &["A"], &["../x"], &[""]] {
            assert!(read(&text(bad)).is_err(), "{bad:?}");
        }
    }
}
