//! State at rest: keys, pins, effects, approvals, claims. SQLite now, behind an interface another engine can fill. The books
//! of money have a file of their own, [`LedgerFile`].
//!
//! Everything here but [`Claims`] is rare: start-up, a new key, a changed pin, a command of the operator. Calls are synchronous and
//! wait for the disk, so none belongs on the way of a call. What that way needs is loaded into memory by its user, who
//! asks [`Store::version`] now and then whether somebody (this program or another) has changed the database since.
//!
//! The database is not trusted for being there. Every row carries an HMAC under a key of the installation, every set
//! of rows a seal over all of them, and one root seal stands over the sets: what was edited, deleted or put back is an
//! [`StoreError::Integrity`] that names it, never a fact. What this cannot show is a whole database replaced by an
//! older copy of itself.

mod approvals;
mod claims;
mod effects;
mod error;
mod keys;
mod ledger;
mod mac;
mod pins;
mod sqlite;

pub use approvals::{ApprovalRow, Approvals};
pub use claims::{Claim, Claims};
pub use effects::{AcceptedEffect, Effects};
pub use error::StoreError;
pub use keys::{ApiKeyRow, Keys};
pub use ledger::{BlobKind, LedgerFile, LedgerKey, LedgerTx, Mark, Stored};
pub use mac::IntegrityKey;
pub use pins::{NewPin, Pending, Pin, PinKey, PinKind, PinSet, PinState, Pins, Rejection};
pub use sqlite::SqliteStore;

/// Everything a store offers.
pub trait Store: Keys + Pins + Effects + Approvals + Send + Sync {
    /// Names the present state of the database. Take it *before* loading, and load again when it differs.
    fn version(&self) -> Result<Version, StoreError>;

    /// Whether anything was committed since `version` was taken, by this handle or another. Some microseconds.
    fn changed(&self, version: Version) -> Result<bool, StoreError> {
        Ok(self.version()? != version)
    }

    /// Drops a set of rows that can no longer be trusted (or wanted), and seals what is left. The operator's way out of
    /// [`StoreError::Integrity`]: what is dropped counts as never seen.
    fn reset(&self, what: Reset<'_>) -> Result<(), StoreError>;
}

/// A state of the database, as one handle sees it. Only good for comparing with another of the same handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Changes with every commit of another handle.
    pub(crate) others: i64,
    /// Commits of this handle.
    pub(crate) own: u64,
}

/// What [`Store::reset`] drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset<'a> {
    /// Every API key.
    Keys,
    /// Pins, pending definitions and accepted effects of one source: it will be met for the first time again.
    Source(&'a str),
    /// Every question to a person and every answer that was not used yet.
    Approvals,
    /// Everything. Needed where the root seal itself does not fit.
    All,
}
