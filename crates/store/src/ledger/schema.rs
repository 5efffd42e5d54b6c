use model::Timestamp;
use rusqlite::Connection;

use super::chain::{self, Mark};
use crate::StoreError;
use crate::sqlite::open::Shape;

/// The database of the books: `PtLg` in ASCII in its header.
pub(super) const SHAPE: Shape = Shape {
    application: 0x5074_4c67,
    latest: 1,
    migrate,
    seal: |sql, key, _| chain::seal_head(sql, key, &Mark::START),
};

/// Every step from an empty database. A step, once released, never changes.
const STEPS: &[&str] = &[STEP_1];
const _: () = assert!(STEPS.len() == 1, "`latest` is the number of steps");

/// `head` has one row: the number and code of the last event, and a code over both.
const STEP_1: &str = "
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE events (
  seq     INTEGER PRIMARY KEY,
  payload BLOB NOT NULL,
  mac     BLOB NOT NULL
) STRICT;
CREATE TABLE head (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seq  INTEGER NOT NULL,
  mac  BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT;
CREATE TABLE blobs (
  kind   TEXT NOT NULL,
  id     TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
";

fn migrate(connection: &Connection, _: Timestamp) -> Result<(), StoreError> {
    let taken: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, sql) in (1_i64..).zip(STEPS).filter(|(number, _)| *number > taken) {
        connection.execute_batch(sql)?;
        connection.pragma_update(None, "user_version", number)?;
    }
    Ok(())
}
