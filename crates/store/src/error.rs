use std::path::PathBuf;

use model::Code;
use model::money::MoneyRule;
use thiserror::Error;

/// Why the store could not do what was asked. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written.
    #[error("the database {path} cannot be opened: {why}")]
    Open {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Others may read or change the file.
    #[error(
        "the database {path} has mode {mode:04o}, which lets others at it: run `chmod 600 {path}`"
    )]
    Exposed {
        /// Where.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is damaged, or no database at all. It is left as it is.
    #[error(
        "the database {path} is damaged: {why}; restore it from a backup, or move it away to begin anew"
    )]
    Corrupt {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A database of some other program.
    #[error("{path} is a database of another program")]
    Foreign {
        /// Where.
        path: PathBuf,
    },
    /// Made by a later version of this program.
    #[error(
        "the database {path} has schema {found}, and this program knows only up to {known}: use the newer program"
    )]
    TooNew {
        /// Where.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest one known.
        known: i64,
    },
    /// Made by another installation: no row in it can be checked.
    #[error("the database {path} belongs to another installation key")]
    OtherInstallation {
        /// Where.
        path: PathBuf,
    },
    /// Something in the database was changed behind our back. It is not trusted.
    #[error(
        "integrity error: {what} was not written by this program; look into it, then see `reset`"
    )]
    Integrity {
        /// The row or set, by name.
        what: String,
    },
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// It is there already.
    #[error("{0} is there already")]
    Exists(String),
    /// It is no longer what the caller saw.
    #[error("{what} has changed meanwhile: its digest is {found}; look at it again")]
    Stale {
        /// What was to be decided.
        what: String,
        /// Its present digest.
        found: String,
    },
    /// It makes no sense as it is.
    #[error("{0}")]
    Invalid(String),
    /// The engine failed: a full disk, a lock held too long.
    #[error("the database failed: {0}")]
    Engine(String),
}

impl StoreError {
    /// The code for callers of the gate who meet this. Details stay with the operator.
    pub const fn code(&self) -> Code {
        Code::StoreUnavailable
    }

    /// The code where the books of money are concerned: `permissions`, `store` or `ledger`.
    pub const fn rule(&self) -> MoneyRule {
        match self {
            Self::Exposed { .. } => MoneyRule::Permissions,
            Self::Open { .. }
            | Self::Corrupt { .. }
            | Self::Foreign { .. }
            | Self::TooNew { .. }
            | Self::OtherInstallation { .. } => MoneyRule::Store,
            _ => MoneyRule::Ledger,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error.to_string())
    }
}
