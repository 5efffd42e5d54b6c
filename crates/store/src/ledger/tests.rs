use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ambient::Clock;
use model::money::MoneyRule;

use super::{BlobKind, LedgerFile, LedgerKey, Mark};
use crate::StoreError;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("state").join("ledger.db")
    }

    fn try_open(&self) -> Result<LedgerFile, StoreError> {
        LedgerFile::open(&self.path(), LedgerKey::new(&[7; 32])?, &Clock::manual(1_000))
    }

    fn open(&self) -> LedgerFile {
        self.try_open().unwrap()
    }

    /// A chain of `count` events.
    fn filled(count: u8) -> Self {
        let home = Self::new();
        append(&mut home.open(), &Mark::START, count);
        home
    }
}

fn append(file: &mut LedgerFile, mark: &Mark, count: u8) -> (Vec<u8>, Mark) {
    file.transact(mark, |news, tx| {
        (0..count).try_for_each(|n| tx.append(&[n]).map(drop))?;
        Ok::<_, StoreError>(news.into_iter().flat_map(|e| e.payload).collect())
    })
    .unwrap()
}

fn load(home: &Home) -> Result<usize, StoreError> {
    let found = home.open().transact(&Mark::START, |news, _| Ok::<_, StoreError>(news.len()));
    found.map(|(count, _)| count)
}

fn edit(path: &Path, sql: &str) {
    assert!(rusqlite::Connection::open(path).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn what_one_handle_appends_the_other_sees_once_and_in_order() {
    let home = Home::new();
    let (mut one, mut other) = (home.open(), home.open());
    let (news, mark) = append(&mut one, &Mark::START, 3);
    assert!(news.is_empty());
    let (news, theirs) = append(&mut other, &Mark::START, 2);
    assert_eq!(news, [0, 1, 2]);
    let (news, mark) = append(&mut one, &mark, 0);
    assert_eq!((news, mark.seq()), (vec![0, 1], 5));
    assert_eq!((mark.clone(), vec![]), (theirs, append(&mut one, &mark, 0).0));
    assert_eq!(load(&home), Ok(5));
}

#[test]
fn work_that_fails_leaves_nothing_behind() {
    let home = Home::filled(2);
    let failed = home.open().transact(&Mark::START, |_, tx| {
        tx.append(b"x")?;
        tx.put(BlobKind::Payload, "p", b"y")?;
        Err::<(), _>(StoreError::NotFound("a reason".to_owned()))
    });
    assert_eq!(failed, Err(StoreError::NotFound("a reason".to_owned())));
    assert_eq!(load(&home), Ok(2));
    let ids = home.open().transact(&Mark::START, |_, tx| tx.ids(BlobKind::Payload)).unwrap().0;
    assert!(ids.is_empty());
}

// BUD-14: an event written by hand has no code that fits.
#[test]
fn an_event_edited_deleted_inserted_or_reordered_is_named() {
    for (sql, bad) in [
        ("UPDATE events SET payload = x'63' WHERE seq = 3", 3),
        ("UPDATE events SET mac = randomblob(32) WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 5", 5),
        ("DELETE FROM events WHERE seq > 2", 3),
        ("DELETE FROM events", 1),
        ("INSERT INTO events VALUES (6, x'63', randomblob(32))", 6),
        ("INSERT INTO events SELECT 6, payload, mac FROM events WHERE seq = 5", 6),
        ("INSERT INTO events SELECT 0, payload, mac FROM events WHERE seq = 1", 1),
        ("UPDATE events SET seq = -2 WHERE seq = 2", 1),
        (
            "UPDATE events SET payload = (SELECT payload FROM events e WHERE e.seq = 5 - events.seq) \
             WHERE seq IN (2, 3)",
            2,
        ),
    ] {
        let home = Home::filled(5);
        edit(&home.path(), sql);
        let error = load(&home).unwrap_err();
        let what = format!("event {bad} of the ledger");
        assert_eq!(error, StoreError::Integrity { what }, "{sql}");
        assert_eq!(error.rule(), MoneyRule::Ledger);
    }
}

#[test]
fn a_head_that_was_edited_deleted_or_put_back_is_an_integrity_error() {
    for sql in
        ["UPDATE head SET seq = 4", "UPDATE head SET seal = randomblob(32)", "DELETE FROM head"]
    {
        let home = Home::filled(5);
        edit(&home.path(), sql);
        let what = "the head of the ledger".to_owned();
        assert_eq!(load(&home), Err(StoreError::Integrity { what }), "{sql}");
    }
    // An old head with its events: the chain holds, and whoever has a mark of later knows better.
    let home = Home::filled(2);
    let old = home.0.path().join("old.db");
    rusqlite::Connection::open(home.path())
        .unwrap()
        .execute("VACUUM INTO ?1", [old.to_str()])
        .unwrap();
    let (_, mark) = append(&mut home.open(), &Mark::START, 2);
    let mark: Mark = mark.to_string().parse().unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", home.path().display()));
    }
    fs::set_permissions(&old, Permissions::from_mode(0o600)).unwrap();
    fs::copy(old, home.path()).unwrap();
    let late = home.open().transact(&mark, |_, _| Ok::<_, StoreError>(()));
    assert_eq!(late, Err(StoreError::Integrity { what: "event 3 of the ledger".to_owned() }));
}

// CRS-08
#[test]
fn a_file_that_is_exposed_foreign_damaged_or_newer_is_refused_and_left_alone() {
    let home = Home::filled(1);
    fs::set_permissions(home.path(), Permissions::from_mode(0o640)).unwrap();
    assert_eq!(home.try_open().unwrap_err().rule(), MoneyRule::Permissions);
    fs::set_permissions(home.path(), Permissions::from_mode(0o600)).unwrap();
    for sql in ["PRAGMA user_version = 9", "PRAGMA application_id = 1"] {
        let home = Home::filled(1);
        rusqlite::Connection::open(home.path()).unwrap().execute_batch(sql).unwrap();
        assert_eq!(home.try_open().unwrap_err().rule(), MoneyRule::Store, "{sql}");
    }
    fs::write(home.path(), b"not a database, though it is long enough to look like something")
        .unwrap();
    let before = fs::read(home.path()).unwrap();
    assert_eq!(home.try_open().unwrap_err().rule(), MoneyRule::Store);
    assert_eq!(fs::read(home.path()).unwrap(), before);
    let other = Home::filled(1);
    let key = LedgerKey::new(&[8; 32]).unwrap();
    let error = LedgerFile::open(&other.path(), key, &Clock::manual(0)).unwrap_err();
    assert!(matches!(error, StoreError::OtherInstallation { .. }));
}

#[test]
fn a_mark_has_one_spelling() {
    assert_eq!("0:".parse::<Mark>(), Ok(Mark::START));
    for bad in ["", "1", ":", "1:a", "01:aa", "+1:aa", "1:AA", "1:zz", "-1:aa", "1:aa "] {
        assert!(bad.parse::<Mark>().is_err(), "{bad}");
    }
}

#[test]
fn a_blob_opens_for_its_kind_and_id_alone() {
    let home = Home::new();
    let mut file = home.open();
    let put = file.transact(&Mark::START, |_, tx| {
        tx.put(BlobKind::Payload, "a", b"signed")?;
        tx.put(BlobKind::Ecash, "a", b"coins")?;
        tx.put(BlobKind::Payload, "a", b"signed again")
    });
    put.unwrap();
    let get = |kind, id: &str| {
        let found = home.open().transact(&Mark::START, |_, tx| tx.blob(kind, id));
        found.map(|(blob, _)| blob.map(|b| b.to_vec()))
    };
    assert_eq!(get(BlobKind::Payload, "a"), Ok(Some(b"signed again".to_vec())));
    assert_eq!(get(BlobKind::Credential, "a"), Ok(None));
    let raw = fs::read(format!("{}-wal", home.path().display())).unwrap();
    assert!(!raw.windows(6).any(|w| w == b"signed"), "nothing lies there in the open");
    edit(&home.path(), "UPDATE blobs SET kind = 'credential' WHERE kind = 'ecash'");
    assert!(matches!(get(BlobKind::Credential, "a"), Err(StoreError::Integrity { .. })));
    edit(&home.path(), "UPDATE blobs SET sealed = substr(sealed, 1, 20) WHERE kind = 'payload'");
    assert!(matches!(get(BlobKind::Payload, "a"), Err(StoreError::Integrity { .. })));
    file.transact(&Mark::START, |_, tx| tx.remove(BlobKind::Payload, "a")).unwrap();
    assert_eq!(get(BlobKind::Payload, "a"), Ok(None));
}
