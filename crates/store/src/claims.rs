//! What may happen once: claimed before it happens, and remembered across restarts.
//!
//! A file of its own, because whoever watches the other one for changes must not be woken by every webhook. Its rows
//! are digests; nothing in them is secret, and none is sealed.

use std::collections::HashMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ambient::Clock;
use model::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::sync::oneshot;

use crate::StoreError;

/// Marks a file of claims in its header: `Pclm` in ASCII.
const APPLICATION: i64 = 0x5063_6c6d;
/// The form of the file.
const FORM: i64 = 1;
/// Claims that wait to be written.
const WAITING: usize = 1024;
/// Claims that become durable together.
const TOGETHER: usize = 256;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS claims (
  realm TEXT NOT NULL,
  key   BLOB NOT NULL CHECK (length(key) = 32),
  until INTEGER NOT NULL,
  PRIMARY KEY (realm, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claims_by_end ON claims (until);
";

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody claimed it before; it is durable now.
    Fresh,
    /// Somebody did, and it still counts.
    Taken,
    /// Its realm remembers as many as it may.
    Full,
}

/// Claims at rest, in one SQLite file. One thread writes them, and syncs once for all that wait.
pub struct Claims {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    realm: String,
    key: [u8; 32],
    until: i64,
    answer: oneshot::Sender<Result<Claim, StoreError>>,
}

impl Claims {
    /// Opens the file at `path`, or makes it (for its owner alone). Each realm remembers at most `capacity` claims.
    ///
    /// # Errors
    /// A file that is damaged, somebody else's, newer than this program, or open to others: it is left as it is.
    pub fn open(path: &Path, clock: Clock, capacity: usize) -> Result<Self, StoreError> {
        let connection = open(path)?;
        let counts = counts(&connection)?;
        let (jobs, waiting) = sync_channel(WAITING);
        let mut book = Book { connection, clock, capacity, counts };
        let thread = std::thread::Builder::new()
            .name("claims".to_owned())
            .spawn(move || book.keep(&waiting))
            .map_err(|e| StoreError::Engine(e.to_string()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Claims `key` of `realm` until that moment, included. Of all who ever ask, one is told [`Claim::Fresh`].
    ///
    /// # Errors
    /// It could not be made durable, or too many wait: whoever asked must not go on.
    pub async fn claim(
        &self,
        realm: &str,
        key: [u8; 32],
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let gone = || StoreError::Engine("claims are not written any more".to_owned());
        let (answer, answered) = oneshot::channel();
        let until = i64::try_from(until.as_millis())
            .map_err(|_| StoreError::Invalid("a claim lasts for ever".to_owned()))?;
        let job = Job { realm: realm.to_owned(), key, until, answer };
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send(job)
            .map_err(|_| StoreError::Engine("too many claims wait to be written".to_owned()))?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The file and its one writer.
struct Book {
    connection: Connection,
    clock: Clock,
    capacity: usize,
    /// Claims of each realm that are in the file.
    counts: HashMap<String, usize>,
}

impl Book {
    fn keep(&mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            jobs.extend(waiting.try_iter().take(TOGETHER - 1));
            match self.write(&jobs) {
                Ok(claims) => {
                    for (job, claim) in jobs.into_iter().zip(claims) {
                        let _ = job.answer.send(Ok(claim));
                    }
                }
                Err(error) => {
                    tracing::error!("claims cannot be written: {error}");
                    for job in jobs {
                        let _ = job.answer.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    /// One transaction: what has ended goes, what is new comes in. Nothing is answered before it is durable.
    fn write(&mut self, jobs: &[Job]) -> Result<Vec<Claim>, StoreError> {
        let now = i64::try_from(self.clock.now_millis()).unwrap_or(i64::MAX);
        let mut counts = self.counts.clone();
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut ended =
                tx.prepare_cached("DELETE FROM claims WHERE until < ?1 RETURNING realm")?;
            for realm in ended.query_map([now], |row| row.get::<_, String>(0))? {
                let count = counts.entry(realm?).or_default();
                *count = count.saturating_sub(1);
            }
        }
        let mut claims = Vec::with_capacity(jobs.len());
        for job in jobs {
            let count = counts.entry(job.realm.clone()).or_default();
            claims.push(put(&tx, job, count, self.capacity)?);
        }
        tx.commit()?;
        counts.retain(|_, count| *count > 0);
        self.counts = counts;
        Ok(claims)
    }
}

fn put(
    tx: &Connection,
    job: &Job,
    count: &mut usize,
    capacity: usize,
) -> Result<Claim, StoreError> {
    let known = "SELECT 1 FROM claims WHERE realm = ?1 AND key = ?2";
    if tx.prepare_cached(known)?.exists((&job.realm, job.key))? {
        return Ok(Claim::Taken);
    }
    if *count >= capacity {
        return Ok(Claim::Full);
    }
    tx.prepare_cached("INSERT INTO claims (realm, key, until) VALUES (?1, ?2, ?3)")?
        .execute((&job.realm, job.key, job.until))?;
    *count += 1;
    Ok(Claim::Fresh)
}

fn counts(connection: &Connection) -> Result<HashMap<String, usize>, StoreError> {
    let mut all = connection.prepare("SELECT realm, count(*) FROM claims GROUP BY realm")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (realm, count) = row?;
        Ok((realm, usize::try_from(count).unwrap_or(usize::MAX)))
    })
    .collect()
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |e: io::Error| StoreError::Open { path: path.to_owned(), why: e.to_string() };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(cannot)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(cannot(e)),
        _ => {}
    }
    let mode = path.metadata().map_err(cannot)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode });
    }
    prepared(path).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Corrupt { path: path.to_owned(), why: error.to_string() }
        }
        _ => StoreError::Open { path: path.to_owned(), why: error.to_string() },
    })?
}

/// The outer error is SQLite's, the inner one ours.
fn prepared(path: &Path) -> Result<Result<Connection, StoreError>, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = |name| tx.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?) {
        (0, 0) if tables == 0 => {
            tx.execute_batch(TABLE)?;
            tx.pragma_update(None, "application_id", APPLICATION)?;
            tx.pragma_update(None, "user_version", FORM)?;
        }
        (APPLICATION, FORM) => {
            let check: String = tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if check != "ok" {
                return Ok(Err(StoreError::Corrupt { path: path.to_owned(), why: check }));
            }
        }
        (APPLICATION, found) => {
            let path = path.to_owned();
            return Ok(Err(StoreError::TooNew { path, found, known: FORM }));
        }
        _ => return Ok(Err(StoreError::Foreign { path: path.to_owned() })),
    }
    tx.commit()?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    Ok(Ok(connection))
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
