use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::store_tests::{home, key, pin, raw};
use crate::{IntegrityKey, Keys as _, Pins as _, SqliteStore, StoreError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_database_is_for_its_owner_alone_and_nothing_else_stays_behind() {
    let home = home();
    let store = home.open();
    let dir = home.path.parent().unwrap();
    assert_eq!((mode(dir), mode(&home.path)), (0o700, 0o600));
    store.insert_key(&key("k1")).unwrap();
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert!(path.to_str().unwrap().starts_with(home.path.to_str().unwrap()));
        assert!(!path.to_str().unwrap().contains(".new-"));
    }
}

#[test]
fn programs_that_open_at_once_share_one_database() {
    let home = home();
    std::thread::scope(|scope| {
        for i in 0..8 {
            let home = &home;
            scope.spawn(move || home.open().insert_key(&key(&format!("k{i}"))).unwrap());
        }
    });
    assert_eq!(home.open().keys().unwrap().len(), 8);
}

#[test]
fn every_commit_is_synced_and_every_migration_noted() {
    let home = home();
    let store = home.open();
    let connection = store.lock();
    let pragma = |name| connection.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(
        (pragma("synchronous"), pragma("foreign_keys"), pragma("trusted_schema")),
        (2, 1, 0)
    );
    let mode: String = connection.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let noted: (i64, String, i64) = connection
        .query_row("SELECT * FROM migrations", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .unwrap();
    assert_eq!(noted, (1, "keys, pins, effects".to_owned(), 1_000));
}

#[test]
fn a_damaged_or_empty_file_is_refused_and_left_as_it_is() {
    let home = home();
    drop(home.open());
    let whole = fs::read(&home.path).unwrap();
    let mut scribbled = whole.clone();
    scribbled[4096..].fill(0x5a);
    for damaged in [&b""[..], b"this is no database, and it is longer than a header", &scribbled] {
        fs::write(&home.path, damaged).unwrap();
        let error = home.try_open().unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert_eq!(fs::read(&home.path).unwrap(), damaged);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let home = home();
    fs::create_dir(home.path.parent().unwrap()).unwrap();
    raw(&home.path).execute_batch("CREATE TABLE theirs (a)").unwrap();
    fs::set_permissions(&home.path, Permissions::from_mode(0o600)).unwrap();
    let before = fs::read(&home.path).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::Foreign { .. })));
    assert_eq!(fs::read(&home.path).unwrap(), before);
}

#[test]
fn a_newer_schema_is_refused() {
    let home = home();
    drop(home.open());
    raw(&home.path).pragma_update(None, "user_version", 3).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(matches!(error, StoreError::TooNew { found: 3, known: 2, .. }), "{error}");
}

#[test]
fn another_installation_is_told_apart_from_tampering() {
    let home = home();
    drop(home.open());
    let other = SqliteStore::open(&home.path, IntegrityKey::new(&[8; 32]), home.clock.clone());
    assert!(matches!(other, Err(StoreError::OtherInstallation { .. })));
}

#[test]
fn a_database_that_others_can_reach_is_refused_and_the_mode_is_named() {
    let home = home();
    drop(home.open());
    fs::set_permissions(&home.path, Permissions::from_mode(0o644)).unwrap();
    let error = home.try_open().unwrap_err();
    assert!(error.to_string().contains("0644"), "{error}");
}

#[test]
fn a_log_without_its_database_is_not_played_into_a_new_one() {
    let home = home();
    drop(home.open());
    fs::rename(&home.path, home.path.with_extension("db-wal")).unwrap();
    assert!(matches!(home.try_open(), Err(StoreError::Corrupt { .. })));
    assert!(!home.path.exists());
}

#[test]
fn a_transaction_cut_off_in_the_middle_never_happened() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    let seen = crate::Store::version(&store).unwrap();
    {
        let mut other = raw(&home.path);
        let tx = other.transaction().unwrap();
        tx.execute("DELETE FROM api_keys", []).unwrap();
        tx.execute("DELETE FROM seals", []).unwrap();
    }
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|tx| -> Result<(), StoreError> {
            super::sealed::drop_everything(tx)?;
            panic!("in the middle");
        })
    }));
    assert!(caught.is_err());
    assert_eq!(store.keys().unwrap(), [key("k1")]);
    assert!(!crate::Store::changed(&store, seen).unwrap());
    assert_eq!(home.open().keys().unwrap(), [key("k1")]);
}

#[test]
fn what_was_committed_survives_a_copy_of_the_files_taken_at_that_moment() {
    let home = home();
    let store = home.open();
    store.first_contact("s", &[pin("s", "t", "d1")]).unwrap();
    // As after a crash: the database and its log, nothing closed or checkpointed.
    let copy = home.path.with_file_name("copy.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", home.path.display());
        fs::copy(from, format!("{}{suffix}", copy.display())).unwrap();
    }
    let again = SqliteStore::open(&copy, IntegrityKey::new(&[7; 32]), home.clock.clone()).unwrap();
    assert_eq!(again.pins("s").unwrap(), store.pins("s").unwrap());
}
