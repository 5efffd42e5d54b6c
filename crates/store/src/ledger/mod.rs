//! The file the books of money rest in: an append-only chain of events, and sealed blobs.
//!
//! Each event carries an HMAC over the one before it, its number and its payload, and a sealed head tells the last of
//! them: what was edited, deleted, inserted, reordered or cut off is an [`StoreError::Integrity`] that names the first
//! event that is not as it was written. What this cannot show is a whole file replaced by an older copy of itself; whoever
//! keeps [`Mark`]s elsewhere can.

mod blobs;
mod chain;
mod key;
mod schema;

#[cfg(test)]
mod tests;

use std::path::Path;

use ambient::Clock;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use blobs::BlobKind;
pub use chain::{Mark, Stored};
pub use key::LedgerKey;

use crate::StoreError;
use crate::sqlite::open;

/// The file of the books, open. Any number of handles, in any number of programs, may share it: one writes at a time,
/// the others wait up to five seconds.
pub struct LedgerFile {
    connection: Connection,
    key: LedgerKey,
}

impl LedgerFile {
    /// Opens the file at `path`, or makes it (for its owner alone, and its folder) if there is none.
    ///
    /// # Errors
    /// It is damaged, somebody else's, newer than this program, or others may read it; it is left as it is.
    pub fn open(path: &Path, key: LedgerKey, clock: &Clock) -> Result<Self, StoreError> {
        let connection = open::open(path, &key.integrity, clock, &schema::SHAPE)?;
        Ok(Self { connection, key })
    }

    /// Whether a place that was kept elsewhere is in the past of this file. An older copy of it has no such place, nor has
    /// another file. That the chain up to there holds is checked by whoever reads it ([`LedgerFile::transact`]).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has(&self, mark: &Mark) -> Result<bool, StoreError> {
        chain::has(&self.connection, mark)
    }

    /// Runs `work` alone, with the events that were appended since `mark`, by whomever, and commits what it appends
    /// and seals; or nothing, where it fails. Durable when this returns. Gives the mark after it.
    ///
    /// # Errors
    /// The chain does not hold, `work` fails, or the file cannot be written. After a failure to commit, whether it was
    /// stored is uncertain: begin again from [`Mark::START`] or an older mark with the state that belongs to it.
    pub fn transact<T, E: From<StoreError>>(
        &mut self,
        mark: &Mark,
        work: impl FnOnce(Vec<Stored>, &mut LedgerTx<'_>) -> Result<T, E>,
    ) -> Result<(T, Mark), E> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let sql = begun.map_err(StoreError::from)?;
        let (news, mark) = chain::since(&sql, &self.key.integrity, mark)?;
        let before = mark.clone();
        let mut tx = LedgerTx { sql: &sql, key: &self.key, mark, sealed: false };
        let done = work(news, &mut tx)?;
        let LedgerTx { mark, sealed, .. } = tx;
        if mark != before {
            chain::seal_head(&sql, &self.key.integrity, &mark)?;
        }
        if mark != before || sealed {
            sql.commit().map_err(StoreError::from)?;
        }
        Ok((done, mark))
    }
}

/// One transaction on the file.
pub struct LedgerTx<'a> {
    sql: &'a Transaction<'a>,
    key: &'a LedgerKey,
    mark: Mark,
    /// Whether a blob was changed.
    sealed: bool,
}

impl LedgerTx<'_> {
    /// Appends an event and gives its number, from 1.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&mut self, payload: &[u8]) -> Result<u64, StoreError> {
        self.mark = chain::append(self.sql, &self.key.integrity, &self.mark, payload)?;
        Ok(self.mark.seq())
    }
}

impl std::fmt::Debug for LedgerFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LedgerFile")
    }
}
