//! Secrets at rest: one file, closed with one key, that gives each secret out for what it is bound to and for nothing else.
//!
//! - [`Safe`]: what an operator does with a vault
//! - [`Vault`]: what a gate gets secrets from
//! - [`KeySource`]: what closes and opens a vault: [`Passphrase`], [`Material`], [`RecoveryKey`], or a keychain of yours
//! - [`Remembered`]: a passphrase that a [`Keyring`] of the kernel remembers for a while
//! - [`Daemon`] and [`RemoteVault`]: the same over a unix socket, so that the gate never holds the key

mod binding;
mod body;
mod contents;
mod crypto;
mod daemon;
mod envelope;
mod error;
mod files;
mod judge;
mod keyhole;
mod keys;
mod safe;
mod vault;

pub use binding::Bindings;
pub use body::MAX_VALUE;
pub use daemon::{Daemon, RemoteVault, Scope, Times};
pub use error::{KeyError, VaultError};
pub use judge::{LEAST_CHARS, MOST_BYTES, Weakness, judge};
pub use keys::{KeySource, Keyring, Material, Passphrase, RecoveryKey, Remembered};
pub use safe::{Listed, Safe};
pub use vault::Vault;
