use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::{KeySource, key_of};
use crate::crypto::{self, Key};
use crate::error::KeyError;
use crate::judge::{MOST_BYTES, judge};

const SALT: usize = 16;
/// Memory in KiB, passes and lanes of new slots: the second choice of RFC 9106 section 4.
const USUAL: Cost = Cost { memory: 64 << 10, passes: 3, lanes: 4 };
/// What a slot may ask for at most. It is read before anything in the file is proven.
const LARGEST: Cost = Cost { memory: 1 << 20, passes: 16, lanes: 16 };

/// A passphrase, stretched with Argon2id. What it costs stands in the slot.
pub struct Passphrase(From);

enum From {
    Text(Zeroizing<String>),
    Variable(String),
}

/// A master key wrapped by a passphrase: what stretching costs, the salt, and the sealed key.
pub(super) struct Slot<'a> {
    cost: Cost,
    head: &'a [u8],
    sealed: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Passphrase {
    /// A new passphrase, judged.
    ///
    /// # Errors
    /// [`KeyError::Weak`].
    pub fn new(text: String) -> Result<Self, KeyError> {
        judge(&text).map_err(KeyError::Weak)?;
        Ok(Self::given(text))
    }

    /// A passphrase that closes a vault already.
    pub fn given(text: String) -> Self {
        Self(From::Text(Zeroizing::new(text)))
    }

    /// A passphrase in a variable of the environment, looked up each time it is needed.
    pub fn variable(name: impl Into<String>) -> Self {
        Self(From::Variable(name.into()))
    }

    /// Judges the passphrase where it is, before it closes a new vault.
    ///
    /// # Errors
    /// [`KeyError::Weak`], or the variable is not set.
    pub fn judged(self) -> Result<Self, KeyError> {
        judge(&self.text()?).map_err(KeyError::Weak)?;
        Ok(self)
    }

    fn text(&self) -> Result<Zeroizing<String>, KeyError> {
        match &self.0 {
            From::Text(text) => Ok(text.clone()),
            From::Variable(name) => {
                let text = ambient::env(name).filter(|text| !text.is_empty()).map(Zeroizing::new);
                text.ok_or_else(|| {
                    KeyError::Unavailable(format!("the environment variable `{name}` is not set"))
                })
            }
        }
    }

    /// What the passphrase comes to for this slot, and for no other.
    pub(super) fn stretched(&self, slot: &Slot<'_>) -> Result<Key, KeyError> {
        self.stretch(slot.cost, &slot.head[Cost::LEN..])
    }

    fn stretch(&self, cost: Cost, salt: &[u8]) -> Result<Key, KeyError> {
        let text = self.text()?;
        if text.len() > MOST_BYTES {
            return Err(KeyError::Wrong);
        }
        let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32));
        let argon2 = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            params.map_err(|_| KeyError::Library)?,
        );
        let mut key = Key::default();
        argon2
            .hash_password_into(text.as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| KeyError::Library)?;
        Ok(key)
    }
}

impl KeySource for Passphrase {
    fn kind(&self) -> &'static str {
        "passphrase"
    }

    fn wrap(&self, master: &[u8; 32], bound: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut salt = [0; SALT];
        ambient::random(&mut salt)?;
        let key = self.stretch(USUAL, &salt)?;
        let head = USUAL.head(&salt);
        let sealed = crypto::seal(&key, master, &[&head, bound].concat())?;
        Ok([head, sealed].concat())
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let slot = Slot::parse(wrapped)?;
        slot.open(&self.stretched(&slot)?, bound)
    }
}

impl<'a> Slot<'a> {
    pub(super) fn parse(wrapped: &'a [u8]) -> Result<Self, KeyError> {
        let (head, sealed) = wrapped.split_at_checked(Cost::LEN + SALT).ok_or(KeyError::Wrong)?;
        let cost = Cost::parse(head).ok_or(KeyError::Wrong)?;
        Ok(Self { cost, head, sealed })
    }

    /// The master key, if `key` is what the right passphrase comes to.
    pub(super) fn open(&self, key: &Key, bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        key_of(crypto::open(key, self.sealed, &[self.head, bound].concat()))
    }
}

impl Cost {
    const LEN: usize = 12;

    fn head(self, salt: &[u8]) -> Vec<u8> {
        let numbers = [self.memory, self.passes, self.lanes].map(u32::to_be_bytes);
        [numbers.as_flattened(), salt].concat()
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let number =
            |n: usize| Some(u32::from_be_bytes(head.get(n * 4..n * 4 + 4)?.try_into().ok()?));
        let cost = Self { memory: number(0)?, passes: number(1)?, lanes: number(2)? };
        let bounded = (8..=LARGEST.memory).contains(&cost.memory)
            && (1..=LARGEST.passes).contains(&cost.passes)
            && (1..=LARGEST.lanes).contains(&cost.lanes);
        bounded.then_some(cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_opens_what_it_closed_and_another_does_not() {
        let right = Passphrase::new("orbit velvet canyon thimble".to_owned()).unwrap();
        let wrapped = right.wrap(&[7; 32], b"here").unwrap();
        assert_eq!(*right.unwrap(&wrapped, b"here").unwrap(), [7; 32]);
        let other = Passphrase::given("orbit velvet canyon thimbles".to_owned());
        assert!(matches!(other.unwrap(&wrapped, b"here"), Err(KeyError::Wrong)));
        assert!(matches!(right.unwrap(&wrapped, b"there"), Err(KeyError::Wrong)));
    }

    #[test]
    fn a_slot_cannot_ask_for_the_whole_machine() {
        let salt = [0; SALT];
        for cost in [
            Cost { memory: LARGEST.memory + 1, ..USUAL },
            Cost { passes: LARGEST.passes + 1, ..USUAL },
            Cost { lanes: 0, ..USUAL },
            Cost { memory: 0, ..USUAL },
        ] {
            assert_eq!(Cost::parse(&cost.head(&salt)), None, "{cost:?}");
            let slot = [cost.head(&salt), vec![0; 60]].concat();
            let opened = Passphrase::given("x".to_owned()).unwrap(&slot, b"");
            assert!(matches!(opened, Err(KeyError::Wrong)), "{cost:?}");
        }
        assert_eq!(Cost::parse(&USUAL.head(&salt)), Some(USUAL));
    }

    #[test]
    fn a_variable_that_is_not_set_opens_nothing_and_is_named() {
        let source = Passphrase::variable("PORTCULLIS_TEST_NOT_SET");
        let error = source.wrap(&[7; 32], b"").unwrap_err();
        assert_eq!(error.code(), "key_unavailable");
        assert!(error.to_string().contains("PORTCULLIS_TEST_NOT_SET"));
    }
}
