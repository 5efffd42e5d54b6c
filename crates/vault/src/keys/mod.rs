//! Where the master key of a vault comes from: something that wraps it and unwraps it again.

mod keyring;
mod material;
mod passphrase;
mod recovery;
mod remembered;

use zeroize::Zeroizing;

use crate::error::KeyError;

pub use keyring::Keyring;
pub use material::Material;
pub use passphrase::Passphrase;
pub use recovery::RecoveryKey;
pub use remembered::Remembered;

/// What closes and opens a vault: it wraps the master key, and unwraps what it wrapped.
///
/// A keychain of a desktop or a key service of a cloud comes in here: the wrapped key is opaque to the vault.
pub trait KeySource: Send + Sync {
    /// Its kind: 1 to 32 of a-z and `-`. A vault has at most one slot of a kind.
    fn kind(&self) -> &'static str;

    /// Wraps the master key, bound to `bound`. At most 1 KiB.
    fn wrap(&self, master: &[u8; 32], bound: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Unwraps it. A key that does not fit is [`KeyError::Wrong`], whatever the reason.
    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError>;
}

/// The unwrapped bytes, if they are a key.
fn key_of(plain: Option<Zeroizing<Vec<u8>>>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let plain = plain.ok_or(KeyError::Wrong)?;
    Ok(Zeroizing::new(plain.as_slice().try_into().map_err(|_| KeyError::Wrong)?))
}
