use std::io;
use std::path::{Path, PathBuf};

use ambient::NoEntropy;
use model::SecretName;
use thiserror::Error;

use crate::judge::Weakness;

/// Why something could not be done with a vault. Where it says so, nothing was changed; in fact nothing ever is.
#[derive(Debug, Error)]
pub enum VaultError {
    /// There is no file.
    #[error("there is no vault {}: make one with `portcullis vault init`", .0.display())]
    Missing(PathBuf),
    /// There is one already.
    #[error("there is a vault {} already, and it is never overwritten: move it away first", .0.display())]
    Exists(PathBuf),
    /// Somebody else could read it or put another in its place.
    #[error("{} {why}", path.display())]
    Exposed {
        /// The file, or its folder.
        path: PathBuf,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// It cannot be read or written.
    #[error("{} cannot be {what}: {error}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// `read`, `written` or `locked`.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A later version of the layout, or no vault at all.
    #[error("{} is not a vault that this version knows: its first line is not `{known}`. Use the version it was made with", path.display())]
    Version {
        /// Where.
        path: PathBuf,
        /// The first line this version knows.
        known: &'static str,
    },
    /// Its text is not what was written.
    #[error("the vault {} is damaged: {why}. It was left as it is: restore it from a backup", path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It is well formed, and was not written with its key.
    #[error("the vault {} was changed by somebody who does not have its key. It was left as it is: restore it from a backup", .0.display())]
    Forged(PathBuf),
    /// An older state than one already seen.
    #[error("the vault {} is an older state (generation {found}) than one used here before ({seen}): if you put it there on purpose, remove {}", path.display(), mark.display())]
    RolledBack {
        /// Where.
        path: PathBuf,
        /// Its generation.
        found: u64,
        /// The highest seen.
        seen: u64,
        /// The file that remembers.
        mark: PathBuf,
    },
    /// Another vault than the one used here before.
    #[error("{} is another vault than the one used here before: if you put it there on purpose, remove {}", path.display(), mark.display())]
    Another {
        /// Where.
        path: PathBuf,
        /// The file that remembers.
        mark: PathBuf,
    },
    /// Somebody else is writing, and does not come to an end.
    #[error("another program is changing the vault {}: try again when it is done", .0.display())]
    Busy(PathBuf),
    /// The key, or where it comes from.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No secret has this name.
    #[error("the vault has no secret `{0}`: see `portcullis vault list`")]
    NoSuch(SecretName),
    /// A value, a binding or a count that a vault does not take.
    #[error("{0}")]
    Unlawful(String),
    /// The daemon's socket cannot be made or used.
    #[error("the socket {} {why}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
}

/// Why a key does not open a vault, or cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It is another key.
    #[error(
        "this is not the key of the vault: look whether passphrase, key file or recovery key belong to it"
    )]
    Wrong,
    /// The vault was closed with another kind of key.
    #[error("the vault cannot be opened with a {wanted}: it was closed with {}", there.join(" and "))]
    NoSlot {
        /// The kind of key at hand.
        wanted: String,
        /// The kinds that would open it.
        there: Vec<String>,
    },
    /// It is not where it should be.
    #[error("the key of the vault cannot be had: {0}")]
    Unavailable(String),
    /// A new passphrase that would be guessed.
    #[error("this passphrase is too weak: {0}")]
    Weak(Weakness),
    /// What was typed is no recovery key.
    #[error("this is no recovery key: {0}")]
    Recovery(&'static str),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed: nothing was changed")]
    Library,
}

impl VaultError {
    /// A stable word for records, metrics and documentation.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "vault_missing",
            Self::Exists(_) => "vault_exists",
            Self::Exposed { .. } => "vault_exposed",
            Self::Io { .. } => "vault_io",
            Self::Version { .. } => "vault_version",
            Self::Damaged { .. } => "vault_damaged",
            Self::Forged(_) => "vault_forged",
            Self::RolledBack { .. } => "vault_rolled_back",
            Self::Another { .. } => "vault_another",
            Self::Busy(_) => "vault_busy",
            Self::Key(key) => key.code(),
            Self::NoSuch(_) => "secret_missing",
            Self::Unlawful(_) => "secret_unlawful",
            Self::Socket { .. } => "vault_socket",
        }
    }

    pub(crate) fn io(path: &Path, what: &'static str, error: impl Into<io::Error>) -> Self {
        Self::Io { path: path.to_owned(), what, error: error.into() }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn exposed(path: &Path, why: impl Into<String>) -> Self {
        Self::Exposed { path: path.to_owned(), why: why.into() }
    }
}

impl KeyError {
    /// A stable word for records, metrics and documentation.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "key_wrong",
            Self::NoSlot { .. } => "key_no_slot",
            Self::Unavailable(_) => "key_unavailable",
            Self::Weak(_) => "passphrase_weak",
            Self::Recovery(_) => "recovery_key_malformed",
            Self::NoEntropy(_) => "no_entropy",
            Self::Library => "crypto_failed",
        }
    }
}
