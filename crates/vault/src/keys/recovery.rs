use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::{KeySource, material};
use crate::crypto::{Key, random_key};
use crate::error::KeyError;

/// Digits of base 32 without those that look alike (Crockford): no `i`, `l`, `o`, `u`.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 32 bytes are 256 bits: 52 digits, the last of which has four bits to spare.
const BODY: usize = 52;
/// Four digits of a SHA-256: a slip of the pen is noticed but once in a million.
const CHECK: usize = 4;
/// Digits between two dashes.
const GROUP: usize = 7;
/// What is typed may have this many characters at most, spaces and dashes among them.
const MOST: usize = 256;

/// A key for the day on which the other one is lost: 32 bytes, shown once as 8 groups of 7 characters.
pub struct RecoveryKey(Key);

impl RecoveryKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        Ok(Self(random_key()?))
    }

    /// The text a person writes down.
    pub fn text(&self) -> Zeroizing<String> {
        let mut digits = Zeroizing::new(Vec::with_capacity(BODY + CHECK));
        encode(&self.0, &mut digits);
        let check = check(&digits);
        digits.extend_from_slice(&check);
        let mut text = Zeroizing::new(String::with_capacity(80));
        for (n, digit) in digits.iter().enumerate() {
            if n > 0 && n % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// Reads what a person typed: upper or lower case, dashes and spaces as they like, `o` for `0` and `i` or `l`
    /// for `1`.
    ///
    /// # Errors
    /// What is wrong with it; nothing of the key is shown.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > MOST {
            return Err(KeyError::Recovery("it is too long"));
        }
        let written = text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'-');
        let digits: Option<Vec<u8>> = written.map(digit).collect();
        let digits =
            Zeroizing::new(digits.ok_or(KeyError::Recovery("it has a character that none has"))?);
        let Some((body, rest)) = digits.split_at_checked(BODY).filter(|(_, c)| c.len() == CHECK)
        else {
            return Err(KeyError::Recovery("it has 56 characters, dashes left out"));
        };
        if rest != check(body) {
            return Err(KeyError::Recovery("its last characters do not fit: look for a slip"));
        }
        let key = decode(body).ok_or(KeyError::Recovery("it was not made by this program"))?;
        Ok(Self(key))
    }
}

fn encode(key: &Key, out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u32, 0);
    for byte in key.iter() {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            out.push(DIGITS[(bits >> held & 31) as usize]);
        }
        bits &= (1 << held) - 1;
    }
    out.push(DIGITS[(bits << (5 - held) & 31) as usize]);
}

fn decode(digits: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    let (mut bits, mut held, mut at) = (0_u32, 0, 0);
    for digit in digits {
        let value = DIGITS.iter().position(|d| d == digit)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            *key.get_mut(at)? = u8::try_from(bits >> held & 255).ok()?;
            at += 1;
            bits &= (1 << held) - 1;
        }
    }
    // What is left over is nothing but zeros: each key has one spelling.
    (at == 32 && bits == 0).then_some(key)
}

fn check(body: &[u8]) -> [u8; CHECK] {
    let mut text = Zeroizing::new(b"portcullis recovery key ".to_vec());
    text.extend_from_slice(body);
    let hash = digest(&SHA256, &text);
    std::array::from_fn(|n| DIGITS[usize::from(hash.as_ref()[n] & 31)])
}

fn digit(byte: u8) -> Option<u8> {
    let byte = match byte.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    DIGITS.contains(&byte).then_some(byte)
}

impl KeySource for RecoveryKey {
    fn kind(&self) -> &'static str {
        "recovery-key"
    }

    fn wrap(&self, master: &[u8; 32], bound: &[u8]) -> Result<Vec<u8>, KeyError> {
        material::wrap(&self.0, master, bound)
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        material::unwrap(&self.0, wrapped, bound)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_recovery_key_is_eight_groups_of_seven() {
        let text = RecoveryKey::generate().unwrap().text();
        let groups: Vec<_> = text.split('-').map(str::len).collect();
        assert_eq!(groups, [7; 8]);
    }

    #[test]
    fn it_is_read_as_people_write_it() {
        let key = RecoveryKey::generate().unwrap();
        let text = key.text();
        let loose = text.to_uppercase().replace('0', "o").replace('1', "L").replace('-', " ");
        assert_eq!(*RecoveryKey::parse(&loose).unwrap().0, *key.0);
        assert_eq!(*RecoveryKey::parse(&text.replace('-', "")).unwrap().0, *key.0);
    }

    proptest! {
        #[test]
        fn every_key_comes_back_and_a_slip_does_not(key: [u8; 32], at in 0usize..56, other in 0usize..32) {
            let text = RecoveryKey(Zeroizing::new(key)).text().replace('-', "");
            prop_assert_eq!(*RecoveryKey::parse(&text).unwrap().0, key);
            let mut slip = text.clone().into_bytes();
            slip[at] = DIGITS[other];
            let slip = String::from_utf8(slip).unwrap();
            // A slip is another key once in a million; never silently, since that does not open the vault.
            let read = RecoveryKey::parse(&slip).map(|k| *k.0).ok();
            prop_assert!(slip == text || read != Some(key));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = RecoveryKey::parse(&text);
        }
    }
}
