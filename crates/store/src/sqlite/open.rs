use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ambient::Clock;
use model::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::mac::Fields;
use crate::{IntegrityKey, StoreError};

/// How long one program waits for another's commit.
const PATIENCE: Duration = Duration::from_secs(5);

/// What tells one kind of database of ours from another.
pub(crate) struct Shape {
    /// Marks the file in its header.
    pub(crate) application: i64,
    /// The schema this program writes.
    pub(crate) latest: i64,
    /// Takes the steps of the schema that were not taken yet.
    pub(crate) migrate: fn(&Connection, Timestamp) -> Result<(), StoreError>,
    /// Puts seals on a database that was just made.
    pub(crate) seal: fn(&Transaction<'_>, &IntegrityKey, Timestamp) -> Result<(), StoreError>,
}

/// Opens the database at `path`, making it first if there is none.
pub(crate) fn open(
    path: &Path,
    key: &IntegrityKey,
    clock: &Clock,
    shape: &Shape,
) -> Result<Connection, StoreError> {
    let now = Timestamp(clock.now_millis());
    let found = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, key, now, shape)?;
            path.metadata()
        }
        _ => path.metadata(),
    };
    let found = found.map_err(|error| cannot(path, &error))?;
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode });
    }
    if found.len() == 0 {
        // To SQLite an empty file is a new database; to us it is one that lost everything.
        return Err(corrupt(path, "it is empty"));
    }
    let mut connection = connect(path).map_err(|error| explain(path, &error))?;
    examine(path, &connection, shape)?;
    prepare(&mut connection, now, shape).map_err(|error| match error {
        StoreError::Engine(why) => StoreError::Open { path: path.to_owned(), why },
        other => other,
    })?;
    belongs(path, &connection, key)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Nothing in the file itself may call functions: the schema is data, and data can be edited.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Makes sure that this is a sound database of ours, without changing it.
fn examine(path: &Path, connection: &Connection, shape: &Shape) -> Result<(), StoreError> {
    let look = || -> Result<(i64, i64, String), rusqlite::Error> {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let (application, version) = (number("application_id")?, number("user_version")?);
        let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((application, version, check))
    };
    let (application, version, check) = look().map_err(|error| explain(path, &error))?;
    if application != shape.application {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let known = shape.latest;
    if version > known {
        return Err(StoreError::TooNew { path: path.to_owned(), found: version, known });
    }
    if check != "ok" {
        return Err(corrupt(path, &check));
    }
    Ok(())
}

/// Brings schema and settings up to date.
fn prepare(connection: &mut Connection, now: Timestamp, shape: &Shape) -> Result<(), StoreError> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version < shape.latest {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        (shape.migrate)(&tx, now)?;
        tx.commit()?;
    }
    Ok(())
}

/// Makes a whole database beside `path` and puts it there in one step, so that no half-made one is ever found and none
/// that another program made meanwhile is replaced.
fn create(
    path: &Path,
    key: &IntegrityKey,
    now: Timestamp,
    shape: &Shape,
) -> Result<(), StoreError> {
    if beside(path, "-wal").exists() {
        // SQLite would play the old log into the new file.
        return Err(corrupt(path, "it is gone, and its write-ahead log is still there"));
    }
    let io = |error: io::Error| cannot(path, &error);
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
    }
    let mut tag = [0; 8];
    ambient::random(&mut tag).map_err(|error| StoreError::Engine(error.to_string()))?;
    let temporary = beside(path, &format!(".new-{:016x}", u64::from_be_bytes(tag)));
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(io)?;
    let made = fill(&temporary, key, now, shape).and_then(|()| {
        match std::fs::hard_link(&temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io(error)),
            _ => Ok(()),
        }
    });
    let _ = std::fs::remove_file(&temporary);
    made?;
    // The name has to be as durable as the commits that follow.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)
}

fn fill(path: &Path, key: &IntegrityKey, now: Timestamp, shape: &Shape) -> Result<(), StoreError> {
    let mut connection = connect(path)?;
    let tx = connection.transaction()?;
    tx.pragma_update(None, "application_id", shape.application)?;
    (shape.migrate)(&tx, now)?;
    tx.execute(
        "INSERT INTO meta (key, value) VALUES ('made_at', ?1), ('key_check', ?2)",
        (now.as_millis().to_string(), key_check(key)),
    )?;
    (shape.seal)(&tx, key, now)?;
    tx.commit()?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Tells another installation's database from a tampered one.
fn belongs(path: &Path, connection: &Connection, key: &IntegrityKey) -> Result<(), StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'key_check'";
    let found: String = connection.query_row(sql, [], |row| row.get(0)).unwrap_or_default();
    if found != key_check(key) {
        return Err(StoreError::OtherInstallation { path: path.to_owned() });
    }
    Ok(())
}

fn key_check(key: &IntegrityKey) -> String {
    use std::fmt::Write as _;
    Fields::of("key check").mac(key).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn corrupt(path: &Path, why: &str) -> StoreError {
    StoreError::Corrupt { path: path.to_owned(), why: why.to_owned() }
}

fn cannot(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Open { path: path.to_owned(), why: error.to_string() }
}

fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            corrupt(path, &error.to_string())
        }
        _ => StoreError::Open { path: path.to_owned(), why: error.to_string() },
    }
}
