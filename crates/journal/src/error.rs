use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit::KeyError;
use model::Code;
use thiserror::Error;

/// Why a record cannot be taken. The call it belongs to must not go on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// The disk has no room for one more record.
    #[error("the disk of the audit log is full")]
    Full,
    /// As many records are waiting as may wait.
    #[error("too many audit records are waiting to be written")]
    Busy,
    /// A write or sync failed once. What was and was not stored is uncertain, so nothing more is taken.
    #[error("the audit log has failed and takes no more records: {0}")]
    Failed(Arc<str>),
    /// The key could not be replaced; the old one goes on.
    #[error("the audit key was not replaced: {0}")]
    Key(Arc<str>),
    /// The log was closed.
    #[error("the audit log is closed")]
    Closed,
}

impl JournalError {
    /// The code a refused call carries.
    pub const fn code(&self) -> Code {
        Code::AuditUnavailable
    }
}

/// Why a log is not opened. The gate does not start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing can be written there.
    #[error("the audit directory `{}` is read-only: records need a place to be written", .0.display())]
    ReadOnly(PathBuf),
    /// Somebody else has it open.
    #[error("the audit log in `{}` is in use by another process", .0.display())]
    Locked(PathBuf),
    /// Others could read the private key.
    #[error("the key `{}` has mode {mode:04o}, so others can read it: set 0600, and rotate it if they may have", .path.display())]
    KeyMode {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is a log and no key to go on with.
    #[error("the key `{}` is missing, and a new one cannot continue this log: put it back, or move the log away", .0.display())]
    KeyMissing(PathBuf),
    /// The key file or the log's name is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log was begun under another name.
    #[error("the log is named `{found}`, not `{wanted}`: keep its name, or begin a new directory")]
    Origin {
        /// The name in the key.
        found: String,
        /// The name that was configured.
        wanted: String,
    },
    /// The records are not the ones that were signed.
    #[error("the audit log was changed{}: {reason}", .record.map(|r| format!(", first at record {r}")).unwrap_or_default())]
    Changed {
        /// The first record that is not as it was, if it can be told.
        record: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("cannot {what} `{}`: {source}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No randomness for a key.
    #[error(transparent)]
    Entropy(#[from] ambient::NoEntropy),
}

impl OpenError {
    /// For `map_err`: what was tried with which file.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            if source.kind() == io::ErrorKind::ReadOnlyFilesystem {
                Self::ReadOnly(path)
            } else {
                Self::Io { what, path, source }
            }
        }
    }
}

/// Why a log cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no log there.
    #[error("there is no audit log in `{}`", .0.display())]
    Missing(PathBuf),
    /// A line is no record.
    #[error("record {seq} cannot be read: {reason}")]
    Record {
        /// Its number.
        seq: u64,
        /// Why not.
        reason: String,
    },
    /// What was asked for cannot be proven.
    #[error("{0}")]
    Proof(String),
    /// The export could not be written.
    #[error("cannot write the export: {0}")]
    Write(io::Error),
}

impl ReadError {
    /// For `map_err`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
