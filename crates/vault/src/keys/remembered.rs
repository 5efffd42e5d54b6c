use zeroize::Zeroizing;

use super::passphrase::Slot;
use super::{KeySource, Keyring, Passphrase};
use crate::error::KeyError;

/// Asks a person for the passphrase of a vault.
type Ask = Box<dyn Fn() -> Result<Passphrase, KeyError> + Send + Sync>;

/// A passphrase that a person is asked for only where the keyring does not know what it comes to.
///
/// What is in the keyring opens the slot that it was made for and no other: after a rekey, or for another vault in the
/// same place, it is dropped, and the person is asked.
pub struct Remembered {
    keyring: Keyring,
    ask: Ask,
}

impl Remembered {
    /// Looks into `keyring` first, then asks, and puts there what has opened the vault.
    pub fn new(
        keyring: Keyring,
        ask: impl Fn() -> Result<Passphrase, KeyError> + Send + Sync + 'static,
    ) -> Self {
        Self { keyring, ask: Box::new(ask) }
    }
}

impl KeySource for Remembered {
    fn kind(&self) -> &'static str {
        "passphrase"
    }

    /// Refused: nobody could say that what a person types now is the passphrase it was.
    fn wrap(&self, _: &[u8; 32], _: &[u8]) -> Result<Vec<u8>, KeyError> {
        let why = "a vault is closed anew with a passphrase that has opened it, not with a remembered one";
        Err(KeyError::Unavailable(why.to_owned()))
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let slot = Slot::parse(wrapped)?;
        if let Some(key) = self.keyring.find() {
            match slot.open(&key, bound) {
                Ok(master) => return Ok(master),
                Err(_) => self.keyring.forget(),
            };
        }
        let key = (self.ask)()?.stretched(&slot)?;
        let master = slot.open(&key, bound)?;
        self.keyring.keep(&key);
        Ok(master)
    }
}
