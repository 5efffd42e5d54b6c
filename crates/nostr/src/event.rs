use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::bytes::{array_from_hex, to_hex};
use crate::fault::Fault;
use crate::keys::{Keys, PublicKey};

/// How long an event may be as JSON, in bytes.
pub const MAX_EVENT: usize = 2 * 1024 * 1024;
/// How many tags it may have.
const MAX_TAGS: usize = 2000;

const BAD: Fault = Fault::new("bad_event", "not an event");

/// An event as it came (NIP-01). Nothing in it is to be used before [`Unverified::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unverified {
    id: String,
    pubkey: String,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
    sig: String,
}

/// An event whose id is the SHA-256 of its canonical form and whose signature is its author's (NIP-01, BIP-340).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    id: [u8; 32],
    author: PublicKey,
    wire: Unverified,
}

impl Unverified {
    /// Reads an event as JSON.
    ///
    /// # Errors
    /// `too_large`; `bad_event`: members missing, twice, or of other types.
    pub fn read(json: &str) -> Result<Self, Fault> {
        if json.len() > MAX_EVENT {
            return Err(Fault::new("too_large", "the event is too large"));
        }
        serde_json::from_str(json).map_err(|_| BAD)
    }

    /// Checks form, id and signature.
    ///
    /// Control characters that NIP-01 gives no escape are refused: clients disagree about the id of such an event.
    ///
    /// # Errors
    /// `bad_event`, `bad_signature`.
    pub fn verify(self) -> Result<Event, Fault> {
        let texts = self.tags.iter().flatten().chain([&self.content]);
        if self.tags.len() > MAX_TAGS || texts.into_iter().any(|text| text.contains(unwritable)) {
            return Err(BAD);
        }
        let author = PublicKey::from_hex(&self.pubkey).ok_or(BAD)?;
        let id = id_of(author, self.created_at, self.kind, &self.tags, &self.content);
        if self.id != to_hex(&id) {
            return Err(Fault::new("bad_event", "the id of the event is another"));
        }
        let signature = array_from_hex(&self.sig).ok_or(BAD)?;
        if !author.verify(&id, signature) {
            return Err(Fault::new("bad_signature", "the event is not signed by its author"));
        }
        Ok(Event { id, author, wire: self })
    }
}

/// Control characters but the five that have escapes of their own.
fn unwritable(c: char) -> bool {
    c < ' ' && !matches!(c, '\n' | '\r' | '\t' | '\u{8}' | '\u{c}')
}

/// SHA-256 of `[0,pubkey,created_at,kind,tags,content]` without white space (NIP-01). For texts without other control
/// characters the escapes are exactly those of JSON as it is written here.
fn id_of(author: PublicKey, at: u64, kind: u16, tags: &[Vec<String>], content: &str) -> [u8; 32] {
    let form = serde_json::json!([0, author.to_hex(), at, kind, tags, content]).to_string();
    let mut id = [0; 32];
    id.copy_from_slice(digest(&SHA256, form.as_bytes()).as_ref());
    id
}

impl Event {
    /// Makes and signs an event, with 32 fresh random bytes. `created_at` is seconds since 1970.
    ///
    /// # Errors
    /// `bad_event`: control characters that no event can have.
    pub fn sign(
        keys: &Keys,
        created_at: u64,
        kind: u16,
        tags: Vec<Vec<String>>,
        content: String,
        random: &[u8; 32],
    ) -> Result<Self, Fault> {
        let author = keys.public();
        let id = id_of(author, created_at, kind, &tags, &content);
        let sig = to_hex(&keys.sign(&id, random));
        let pubkey = author.to_hex();
        // Verified again: what leaves has the form that others accept.
        Unverified { id: to_hex(&id), pubkey, created_at, kind, tags, content, sig }.verify()
    }

    /// Its id.
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Its id, in hexadecimal.
    pub fn id_hex(&self) -> &str {
        &self.wire.id
    }

    /// Who signed it.
    pub const fn author(&self) -> PublicKey {
        self.author
    }

    /// When its author says it was made, in seconds since 1970.
    pub const fn created_at(&self) -> u64 {
        self.wire.created_at
    }

    /// Its kind.
    pub const fn kind(&self) -> u16 {
        self.wire.kind
    }

    /// Its tags: each a name and its values.
    pub fn tags(&self) -> &[Vec<String>] {
        &self.wire.tags
    }

    /// What stands behind the name in the tags of that name.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [String]> {
        let named = move |tag: &'a Vec<String>| {
            tag.split_first().filter(|(head, _)| *head == name).map(|(_, rest)| rest)
        };
        self.wire.tags.iter().filter_map(named)
    }

    /// The first value of the first tag of that name.
    pub fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name).next()?.first().map(String::as_str)
    }

    /// Its content.
    pub fn content(&self) -> &str {
        &self.wire.content
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        // Texts and numbers have nothing to fail on.
        serde_json::to_string(&self.wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> Keys {
        Keys::from_bytes([0x0b; 32]).unwrap()
    }

    fn info() -> Event {
        let tags = vec![vec!["encryption".to_owned(), "nip44_v2".to_owned()]];
        let content = "pay_invoice lookup_invoice get_balance".to_owned();
        Event::sign(&keys(), 1_740_672_000, 13194, tags, content, &[0; 32]).unwrap()
    }

    #[test]
    fn the_event_of_the_reference_has_its_id_and_signature() {
        let event = info();
        assert_eq!(
            event.id_hex(),
            "85535cd01be171e98031e2d07171679a5ffcffb0a66dd1bb9658ebc80f4718c0"
        );
        assert_eq!(
            event.wire.sig,
            "5195bc7ebfb41c8aab6a615aaae41bfaec82ea0c883c5d738f1d02737a7bfaf599ab825b68bb5be194093bd189c1029c12ee768cfc34268eebe6ba9d29558af3"
        );
        assert_eq!(
            event.author().to_hex(),
            "552c630b64b54bf50210c9e253d38bd4949c72e22873500f6285c2bede312a84"
        );
    }

    #[test]
    fn a_changed_event_is_refused_by_what_was_changed() {
        let code = |change: &dyn Fn(&mut Unverified)| {
            let mut wire = info().wire;
            change(&mut wire);
            wire.verify().err().map(|fault| fault.code)
        };
        assert_eq!(code(&|_| {}), None);
        assert_eq!(code(&|e| e.content.push('x')), Some("bad_event"));
        assert_eq!(code(&|e| e.created_at += 1), Some("bad_event"));
        assert_eq!(code(&|e| e.kind += 1), Some("bad_event"));
        assert_eq!(code(&|e| e.tags.clear()), Some("bad_event"));
        assert_eq!(code(&|e| e.id = e.id.to_uppercase()), Some("bad_event"));
        assert_eq!(code(&|e| e.sig = e.sig.to_uppercase()), Some("bad_event"));
        assert_eq!(code(&|e| e.sig.replace_range(..2, "52")), Some("bad_signature"));
        assert_eq!(code(&|e| e.content.push('\u{1}')), Some("bad_event"));
        assert_eq!(code(&|e| e.pubkey = "ff".repeat(32)), Some("bad_event"));
    }

    #[test]
    fn members_missing_twice_or_of_other_types_are_no_event() {
        let json = info().to_json();
        assert!(Unverified::read(&json).is_ok());
        for (from, to) in [
            ("\"kind\":13194", "\"kind\":65536"),
            ("\"kind\":13194", "\"kind\":\"13194\""),
            ("\"kind\":13194", "\"kind\":13194,\"kind\":13194"),
            ("\"created_at\":1740672000", "\"created_at\":-1"),
            ("\"created_at\":1740672000", "\"created_at\":1740672000.5"),
            ("\"created_at\":1740672000,", ""),
            ("\"nip44_v2\"", "null"),
        ] {
            let bad = json.replacen(from, to, 1);
            assert_ne!(bad, json);
            assert_eq!(Unverified::read(&bad).err().map(|f| f.code), Some("bad_event"), "{to}");
        }
        assert!(Unverified::read(&" ".repeat(MAX_EVENT + 1)).is_err_and(|f| f.code == "too_large"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_signed_is_read_back_and_holds(
            content: String, kind: u16, at: u64, aux: [u8; 32],
            tags in prop::collection::vec(prop::collection::vec(any::<String>(), 0..3), 0..3),
        ) {
            let made = Event::sign(&keys(), at, kind, tags.clone(), content.clone(), &aux);
            let odd = tags.iter().flatten().chain([&content]).any(|text| text.contains(unwritable));
            prop_assert_eq!(made.is_err(), odd);
            if let Ok(event) = made {
                prop_assert_eq!(Unverified::read(&event.to_json()).and_then(Unverified::verify), Ok(event));
            }
        }
    }
}
