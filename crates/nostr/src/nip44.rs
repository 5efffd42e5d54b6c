use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use secp256k1::ecdh::shared_secret_point;
use zeroize::{Zeroize, Zeroizing};

use crate::fault::Fault;
use crate::keys::{Keys, PublicKey};

/// How long a text may be, in bytes. NIP-44 allows four gigabytes; no wallet needs one.
pub const MAX_PLAIN: usize = 1024 * 1024;
/// From this length on the length itself takes six bytes.
const EXTENDED: usize = 65536;
const VERSION: u8 = 2;
const NONCE: usize = 32;
const MAC: usize = 32;

const BAD: Fault = Fault::new("bad_payload", "the payload cannot be opened");

/// What two keys can say to each other in secret (NIP-44 version 2). No `Debug`, `Clone` or `Serialize`.
pub struct Conversation(Zeroizing<[u8; 32]>);

/// Keys for one message.
struct MessageKeys(Zeroizing<[u8; 76]>);

impl MessageKeys {
    fn apply(&self, bytes: &mut [u8]) -> Option<()> {
        let cipher = ChaCha20::new_from_slices(&self.0[..32], &self.0[32..44]);
        cipher.ok()?.apply_keystream(bytes);
        Some(())
    }

    fn mac(&self, nonce: &[u8], sealed: &[u8]) -> [u8; MAC] {
        let mut mac = [0; MAC];
        let tag = sign(&Key::new(HMAC_SHA256, &self.0[44..]), &[nonce, sealed].concat());
        mac.copy_from_slice(tag.as_ref());
        mac
    }
}

/// How much HKDF is to give.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Conversation {
    /// Between one's own keys and somebody's public key: the same from either side. HKDF-extract with the salt
    /// `nip44-v2` over the x coordinate of the shared point.
    ///
    /// # Errors
    /// `bad_key`.
    pub fn new(own: &Keys, other: PublicKey) -> Result<Self, Fault> {
        let point = other.point().ok_or(Fault::new("bad_key", "a key is not on the curve"))?;
        let shared = Zeroizing::new(shared_secret_point(&point, own.secret()));
        let mut key = Zeroizing::new([0; 32]);
        // HKDF-extract is HMAC with the salt as its key (RFC 5869 section 2.2).
        let tag = sign(&Key::new(HMAC_SHA256, b"nip44-v2"), &shared[..32]);
        key.copy_from_slice(tag.as_ref());
        Ok(Self(key))
    }

    fn message_keys(&self, nonce: &[u8]) -> Option<MessageKeys> {
        let mut keys = Zeroizing::new([0; 76]);
        let key = Prk::new_less_safe(HKDF_SHA256, &self.0[..]);
        key.expand(&[nonce], Length(76)).ok()?.fill(&mut keys[..]).ok()?;
        Some(MessageKeys(keys))
    }

    /// Seals a text under 32 fresh random bytes: base64 of version ‖ nonce ‖ ciphertext ‖ MAC.
    ///
    /// # Errors
    /// `too_large`, also for an empty text, which has no form.
    pub fn seal(&self, plain: &str, nonce: &[u8; NONCE]) -> Result<String, Fault> {
        if plain.is_empty() || plain.len() > MAX_PLAIN {
            return Err(Fault::new("too_large", "a text is empty or too long to be sealed"));
        }
        let mut padded = pad(plain.as_bytes()).ok_or(BAD)?;
        let keys = self.message_keys(nonce).ok_or(BAD)?;
        keys.apply(&mut padded).ok_or(BAD)?;
        let mac = keys.mac(nonce, &padded);
        Ok(STANDARD.encode([&[VERSION], &nonce[..], &padded, &mac].concat()))
    }

    /// Opens a payload. Id and signature of the event it came in are verified before (NIP-44 "Decryption").
    ///
    /// # Errors
    /// `too_large`; `encryption`: another version, or NIP-04; `bad_payload`: whatever else is wrong with it.
    pub fn open(&self, payload: &str) -> Result<Zeroizing<String>, Fault> {
        if payload.len() > MAX_PLAIN * 2 {
            return Err(Fault::new("too_large", "the payload is too large"));
        }
        if payload.starts_with('#') || is_nip04(payload) {
            return Err(Fault::new("encryption", "the payload is sealed in another way"));
        }
        if payload.len() < 132 {
            return Err(BAD);
        }
        let bytes = STANDARD.decode(payload).map_err(|_| BAD)?;
        if bytes.first() != Some(&VERSION) {
            return Err(Fault::new("encryption", "the payload is of another version"));
        }
        self.open_bytes(&bytes).ok_or(BAD)
    }

    fn open_bytes(&self, bytes: &[u8]) -> Option<Zeroizing<String>> {
        let (nonce, rest) = bytes.get(1..)?.split_at_checked(NONCE)?;
        let (sealed, mac) = rest.split_at_checked(rest.len().checked_sub(MAC)?)?;
        let keys = self.message_keys(nonce)?;
        verify_slices_are_equal(&keys.mac(nonce, sealed), mac).ok()?;
        let mut padded = Zeroizing::new(sealed.to_vec());
        keys.apply(&mut padded)?;
        let mut plain = Zeroizing::new(String::new());
        plain.push_str(std::str::from_utf8(unpad(&padded)?).ok()?);
        Some(plain)
    }
}

/// Whether a payload has the form of NIP-04: `base64?iv=base64`. That is not authenticated, and is never opened.
pub fn is_nip04(payload: &str) -> bool {
    payload.contains("?iv=")
}

/// The length that texts of `len` bytes, at least one, are padded to.
fn padded_len(len: usize) -> Option<usize> {
    if len <= 32 {
        return Some(32);
    }
    let power = len.checked_next_power_of_two()?;
    let chunk = if power <= 256 { 32 } else { power / 8 };
    Some(len.div_ceil(chunk) * chunk)
}

fn pad(plain: &[u8]) -> Option<Vec<u8>> {
    let padded = padded_len(plain.len())?;
    let mut bytes = Vec::with_capacity(padded + 6);
    if plain.len() < EXTENDED {
        bytes.extend_from_slice(&u16::try_from(plain.len()).ok()?.to_be_bytes());
    } else {
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&u32::try_from(plain.len()).ok()?.to_be_bytes());
    }
    bytes.extend_from_slice(plain);
    bytes.resize(bytes.len() + padded - plain.len(), 0);
    Some(bytes)
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (short, mut rest) = padded.split_first_chunk::<2>()?;
    let mut len = usize::from(u16::from_be_bytes(*short));
    if len == 0 {
        let (long, behind) = rest.split_first_chunk::<4>()?;
        len = usize::try_from(u32::from_be_bytes(*long)).ok().filter(|len| *len >= EXTENDED)?;
        rest = behind;
    }
    // The whole padding is compared by its length alone, as NIP-44 says: the MAC covers the zeros.
    (rest.len() == padded_len(len)?).then(|| rest.get(..len)).flatten()
}

impl Drop for MessageKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::bytes::{array_from_hex, to_hex};

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../tests/nip44.json")).unwrap()
    }

    fn text<'a>(value: &'a Value, name: &str) -> &'a str {
        value[name].as_str().unwrap()
    }

    fn bytes<const N: usize>(value: &Value, name: &str) -> [u8; N] {
        array_from_hex(text(value, name)).unwrap()
    }

    fn conversation(value: &Value) -> Conversation {
        Conversation(Zeroizing::new(bytes(value, "conversation_key")))
    }

    fn list(value: &Value) -> &Vec<Value> {
        value.as_array().unwrap()
    }

    #[test]
    fn conversation_keys_are_those_of_the_vectors() {
        let all = vectors();
        for one in list(&all["v2"]["valid"]["get_conversation_key"]) {
            let own = Keys::from_bytes(bytes(one, "sec1")).unwrap();
            let other = PublicKey::from_hex(text(one, "pub2")).unwrap();
            let made = Conversation::new(&own, other).ok().unwrap();
            assert_eq!(*made.0, bytes::<32>(one, "conversation_key"));
        }
        for one in list(&all["v2"]["invalid"]["get_conversation_key"]) {
            let own = Keys::from_bytes(bytes(one, "sec1"));
            let other = PublicKey::from_hex(text(one, "pub2"));
            assert!(own.is_none() || other.is_none(), "{one}");
        }
    }

    #[test]
    fn message_keys_and_lengths_are_those_of_the_vectors() {
        let all = vectors();
        let keys = &all["v2"]["valid"]["get_message_keys"];
        for one in list(&keys["keys"]) {
            let made = conversation(keys).message_keys(&bytes::<32>(one, "nonce")).unwrap();
            let expected = ["chacha_key", "chacha_nonce", "hmac_key"].map(|name| text(one, name));
            assert_eq!(to_hex(&made.0[..]), expected.concat());
        }
        for pair in list(&all["v2"]["valid"]["calc_padded_len"]) {
            let number = |at: usize| usize::try_from(pair[at].as_u64().unwrap()).unwrap();
            assert_eq!(padded_len(number(0)), Some(number(1)));
        }
    }

    #[test]
    fn payloads_are_sealed_and_opened_as_the_vectors_say() {
        let all = vectors();
        for one in list(&all["v2"]["valid"]["encrypt_decrypt"]) {
            let [a, b] = ["sec1", "sec2"].map(|name| Keys::from_bytes(bytes(one, name)).unwrap());
            for (own, other) in [(&a, &b), (&b, &a)] {
                let made = Conversation::new(own, other.public()).ok().unwrap();
                let sealed = made.seal(text(one, "plaintext"), &bytes(one, "nonce"));
                assert_eq!(sealed.as_deref(), Ok(text(one, "payload")));
                assert_eq!(*made.open(text(one, "payload")).unwrap(), text(one, "plaintext"));
            }
        }
        for one in list(&all["v2"]["valid"]["encrypt_decrypt_long_msg"]) {
            let count = usize::try_from(one["repeat"].as_u64().unwrap()).unwrap();
            let plain = text(one, "pattern").repeat(count);
            let sealed = conversation(one).seal(&plain, &bytes(one, "nonce")).unwrap();
            let hash = to_hex(digest(&SHA256, sealed.as_bytes()).as_ref());
            assert_eq!(hash, text(one, "payload_sha256"));
        }
    }

    #[test]
    fn payloads_that_the_vectors_call_invalid_are_not_opened() {
        for one in list(&vectors()["v2"]["invalid"]["decrypt"]) {
            let code = conversation(one).open(text(one, "payload")).err().map(|fault| fault.code);
            let version = text(one, "note").contains("encryption version");
            assert_eq!(code, Some(if version { "encryption" } else { "bad_payload" }), "{one}");
        }
    }

    #[test]
    fn long_texts_have_the_payloads_of_the_specification() {
        let key = "c41c775356fd92eadc63ff5a0dc1da211b268cbea22316767095b2871ea1412d";
        let made = Conversation(Zeroizing::new(array_from_hex(key).unwrap()));
        let mut nonce = [0; 32];
        nonce[31] = 1;
        for (len, hash) in [
            (65535, "6d8c2810d1e870fbaa1f0a0937126cca837a15f9260e27060c331d70a3c0bc84"),
            (65536, "b7b4edb36ba92e267d322d56d9aebc22e7fa96ff52e3c12adc07f07a43cbc616"),
            (65537, "eeb7c7c5373894ea2c1547cfd3ccb15d5a0b2d619da852e5c79df792dcc9e435"),
        ] {
            let plain = "a".repeat(len);
            let sealed = made.seal(&plain, &nonce).unwrap();
            assert_eq!(to_hex(digest(&SHA256, sealed.as_bytes()).as_ref()), hash);
            assert_eq!(*made.open(&sealed).unwrap(), plain);
        }
        assert!(made.seal("", &nonce).is_err());
        assert!(made.seal(&"a".repeat(MAX_PLAIN + 1), &nonce).is_err());
    }

    #[test]
    fn the_wallets_of_the_reference_understand_each_other() {
        let [wallet, client] = [[0x0b; 32], [0x0c; 32]].map(|s| Keys::from_bytes(s).unwrap());
        let made = Conversation::new(&client, wallet.public()).ok().unwrap();
        assert_eq!(
            to_hex(&made.0[..]),
            "60b0213bd46dbe61a6f01de81bd91fb793a7c048d144fdbb5d296af547f17819"
        );
        let payload = "AgkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJitCJjWl4xCt8SrybbALWJx/ioL8EmhxfgE2yf4L5FsiPHPUFpcVNQfPSNYw6j4EntFuMZH0EaGs07I7W4c3Xy6op4z38pyP78+UzafRAbAiluFDB3w2lZTDSs4J8IWuo1EU=";
        let plain = r#"{"method":"get_balance","params":{}}"#;
        assert_eq!(made.seal(plain, &[9; 32]).as_deref(), Ok(payload));
        let other = Conversation::new(&wallet, client.public()).ok().unwrap();
        assert_eq!(*other.open(payload).unwrap(), plain);
    }

    #[test]
    fn nip_04_is_recognised_and_refused() {
        let made = Conversation(Zeroizing::new([1; 32]));
        let old = format!("{}?iv=AAAAAAAAAAAAAAAAAAAAAA==", "A".repeat(200));
        assert_eq!(made.open(&old).err().map(|f| f.code), Some("encryption"));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_a_changed_byte_does_not(plain in ".{1,300}", nonce: [u8; 32], at: usize) {
            let made = Conversation(Zeroizing::new([1; 32]));
            let sealed = made.seal(&plain, &nonce).unwrap();
            prop_assert_eq!(&*made.open(&sealed).unwrap(), &plain);
            let mut bytes = STANDARD.decode(&sealed).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1;
            prop_assert!(made.open(&STANDARD.encode(bytes)).is_err());
        }

        #[test]
        fn no_payload_makes_it_panic(bytes: Vec<u8>) {
            let _ = Conversation(Zeroizing::new([1; 32])).open(&STANDARD.encode([&[2; 99][..], &bytes].concat()));
        }
    }
}
