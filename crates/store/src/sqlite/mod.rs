//! The engine for one machine: SQLite in WAL mode, every commit synced to disk.

mod approvals;
mod effects;
mod keys;
pub(crate) mod open;
mod pins;
mod row;
mod schema;
mod sealed;
mod tables;

#[cfg(test)]
mod approvals_tests;
#[cfg(test)]
mod open_tests;
#[cfg(test)]
mod pins_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod tamper_tests;

use std::cell::Cell;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ambient::Clock;
use model::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{IntegrityKey, Reset, Store, StoreError, Version};
use sealed::Realm;

/// The database of keys, pins and effects.
const SHAPE: open::Shape = open::Shape {
    application: schema::APPLICATION,
    latest: schema::LATEST,
    migrate: schema::migrate,
    seal: |sql, key, now| Tx { sql, key, now, resealed: false.into() }.seal_root(),
};

/// A [`Store`] in one SQLite file. Any number of handles, in any number of programs, may share the file: one writes at
/// a time, the others wait up to five seconds.
pub struct SqliteStore {
    connection: Mutex<Connection>,
    key: IntegrityKey,
    clock: Clock,
    commits: AtomicU64,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it (for its owner alone, and its folder) if there is none.
    ///
    /// A file that is damaged, somebody else's, or newer than this program is refused and left as it is.
    pub fn open(path: &Path, key: IntegrityKey, clock: Clock) -> Result<Self, StoreError> {
        let connection = open::open(path, &key, &clock, &SHAPE)?;
        Ok(Self { connection: Mutex::new(connection), key, clock, commits: AtomicU64::new(0) })
    }

    /// Runs `work` on one consistent state.
    fn read<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let sql = connection.transaction()?;
        let tx = Tx { sql: &sql, key: &self.key, now: self.now(), resealed: Cell::new(false) };
        tx.check_root()?;
        work(&tx)
    }

    /// Runs `work` alone and commits all of it, or nothing where it fails.
    fn write<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.commit(|tx| {
            tx.check_root()?;
            work(tx)
        })
    }

    /// As [`SqliteStore::write`], whatever the root seal says.
    fn commit<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tx = Tx { sql: &sql, key: &self.key, now: self.now(), resealed: Cell::new(false) };
        let done = work(&tx)?;
        if tx.resealed.get() {
            tx.seal_root()?;
            sql.commit()?;
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(done)
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_millis())
    }

    /// A panic while the lock was held has rolled its transaction back; the connection is sound.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One transaction, with what is needed to check and to seal.
struct Tx<'a> {
    sql: &'a Transaction<'a>,
    key: &'a IntegrityKey,
    now: Timestamp,
    /// Whether a set was sealed anew, so that there is something to commit.
    resealed: Cell<bool>,
}

impl Store for SqliteStore {
    fn version(&self) -> Result<Version, StoreError> {
        let connection = self.lock();
        let others = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        Ok(Version { others, own: self.commits.load(Ordering::Relaxed) })
    }

    fn reset(&self, what: Reset<'_>) -> Result<(), StoreError> {
        match what {
            Reset::Keys => self.write(|tx| tx.drop_set(Realm::Keys, "")),
            Reset::Source(source) => self.write(|tx| {
                tx.drop_set(Realm::Pins, source)?;
                tx.drop_set(Realm::Effects, source)
            }),
            Reset::Approvals => self.write(|tx| tx.drop_set(Realm::Approvals, "")),
            Reset::All => self.commit(sealed::drop_everything),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}
