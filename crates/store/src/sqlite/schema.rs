use model::Timestamp;
use rusqlite::Connection;

use crate::StoreError;

/// Marks a database as ours in its header: `Port` in ASCII.
pub(super) const APPLICATION: i64 = 0x506f_7274;

/// Every step from an empty database to the present schema. A step, once released, never changes; the schema's number
/// is how many were taken. A step that adds a column to a sealed table must seal its rows anew.
const STEPS: &[(&str, &str)] = &[("keys, pins, effects", STEP_1), ("approvals", STEP_2)];

/// The schema this program writes.
pub(super) const LATEST: i64 = 2;
const _: () = assert!(STEPS.len() == 2, "`LATEST` is the number of steps");

/// `mac` is over all columns before it, in their order here; see `tables`.
const STEP_1: &str = "
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE migrations (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;
CREATE TABLE seals (
  realm TEXT NOT NULL,
  owner TEXT NOT NULL,
  rows  INTEGER NOT NULL,
  mac   BLOB NOT NULL,
  PRIMARY KEY (realm, owner)
) STRICT;
CREATE TABLE root (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  mac BLOB NOT NULL
) STRICT;
CREATE TABLE api_keys (
  id            TEXT PRIMARY KEY,
  principal     TEXT NOT NULL,
  tenant        TEXT NOT NULL,
  role          TEXT NOT NULL,
  scopes        TEXT NOT NULL,
  hash          BLOB NOT NULL CHECK (length(hash) = 32),
  created       INTEGER NOT NULL,
  expires       INTEGER,
  revoked       INTEGER,
  replaced_by   TEXT REFERENCES api_keys (id) DEFERRABLE INITIALLY DEFERRED,
  overlap_until INTEGER,
  note          TEXT NOT NULL,
  mac           BLOB NOT NULL
) STRICT;
CREATE TABLE pins (
  source     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  name       TEXT NOT NULL,
  digest     TEXT NOT NULL,
  definition BLOB NOT NULL,
  state      TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  decided_at INTEGER NOT NULL,
  decided_by TEXT NOT NULL,
  mac        BLOB NOT NULL,
  PRIMARY KEY (source, kind, name)
) STRICT;
CREATE TABLE pending (
  source      TEXT NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  digest      TEXT NOT NULL,
  definition  BLOB NOT NULL,
  reason      TEXT NOT NULL,
  findings    TEXT NOT NULL,
  seen        INTEGER NOT NULL,
  rejected_at INTEGER,
  rejected_by TEXT,
  mac         BLOB NOT NULL,
  PRIMARY KEY (source, kind, name)
) STRICT;
CREATE TABLE effects (
  source      TEXT NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  effect      TEXT NOT NULL,
  accepted_by TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  mac         BLOB NOT NULL,
  PRIMARY KEY (source, kind, name)
) STRICT;
";

const STEP_2: &str = "
CREATE TABLE approvals (
  id       TEXT PRIMARY KEY,
  tenant   TEXT NOT NULL,
  binding  BLOB NOT NULL CHECK (length(binding) = 32),
  asked    INTEGER NOT NULL,
  expires  INTEGER NOT NULL,
  question TEXT NOT NULL,
  progress TEXT NOT NULL,
  mac      BLOB NOT NULL
) STRICT;
";

/// The number of a database's schema.
pub(super) fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes the steps that `connection`, within a transaction, has not taken yet, and notes each.
pub(super) fn migrate(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let taken = version(connection)?;
    for (number, (name, sql)) in (1_i64..).zip(STEPS).filter(|(number, _)| *number > taken) {
        connection.execute_batch(sql)?;
        connection.execute(
            "INSERT INTO migrations (version, name, applied_at) VALUES (?1, ?2, ?3)",
            (number, name, super::row::millis(now)?),
        )?;
        connection.pragma_update(None, "user_version", number)?;
        tracing::info!(version = number, name, "the database has a new schema");
    }
    Ok(())
}
