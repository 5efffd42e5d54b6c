use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use model::{Effect, PrincipalId, Role, TenantId, Timestamp};

use crate::{
    ApiKeyRow, Effects as _, IntegrityKey, Keys as _, NewPin, PinKey, PinKind, Pins as _, Reset,
    SqliteStore, Store, StoreError,
};

pub(super) struct Home {
    _guard: tempfile::TempDir,
    pub(super) path: PathBuf,
    pub(super) clock: Clock,
}

pub(super) fn home() -> Home {
    let guard = tempfile::tempdir().unwrap();
    let path = guard.path().join("state").join("portcullis.db");
    Home { _guard: guard, path, clock: Clock::manual(1_000) }
}

impl Home {
    pub(super) fn open(&self) -> SqliteStore {
        self.try_open().unwrap()
    }

    pub(super) fn try_open(&self) -> Result<SqliteStore, StoreError> {
        SqliteStore::open(&self.path, IntegrityKey::new(&[7; 32]), self.clock.clone())
    }
}

/// A connection that knows nothing of seals, as somebody at the file would have it.
pub(super) fn raw(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

pub(super) fn key(id: &str) -> ApiKeyRow {
    ApiKeyRow {
        id: id.to_owned(),
        principal: PrincipalId::new("alice"),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: vec!["tool:files__*".to_owned(), "audit".to_owned()],
        hash: [9; 32],
        created: Timestamp(10),
        expires: Some(Timestamp(99_000)),
        revoked: None,
        replaced_by: None,
        overlap_until: None,
        note: "laptop".to_owned(),
    }
}

pub(super) fn tool(source: &str, name: &str) -> PinKey {
    PinKey { source: source.to_owned(), kind: PinKind::Tool, name: name.to_owned() }
}

pub(super) fn pin(source: &str, name: &str, digest: &str) -> NewPin {
    NewPin {
        key: tool(source, name),
        digest: digest.to_owned(),
        definition: format!("{{\"name\":\"{name}\",\"v\":\"{digest}\"}}").into_bytes(),
        reason: String::new(),
        findings: "[]".to_owned(),
    }
}

pub(super) fn suspect(source: &str, name: &str, digest: &str) -> NewPin {
    NewPin { reason: "changed".to_owned(), ..pin(source, name, digest) }
}

#[test]
fn a_key_comes_back_as_it_was_also_after_reopening() {
    let home = home();
    home.open().insert_key(&key("k1")).unwrap();
    assert_eq!(home.open().keys().unwrap(), [key("k1")]);
    let taken = home.open().insert_key(&key("k1")).unwrap_err();
    assert!(matches!(taken, StoreError::Exists(_)), "{taken}");
}

#[test]
fn a_revoked_key_keeps_the_moment_it_was_first_revoked() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    store.revoke_key("k1").unwrap();
    home.clock.advance(Duration::from_secs(5));
    store.revoke_key("k1").unwrap();
    assert_eq!(store.keys().unwrap()[0].revoked, Some(Timestamp(1_000)));
    assert!(matches!(store.revoke_key("k2"), Err(StoreError::NotFound(_))));
}

#[test]
fn a_rotation_puts_the_new_key_beside_the_old_one_until_the_overlap_ends() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    let new = ApiKeyRow { created: Timestamp(20), ..key("k2") };
    store.rotate_key("k1", &new, Timestamp(5_000)).unwrap();
    let keys = store.keys().unwrap();
    assert_eq!(keys[0].replaced_by.as_deref(), Some("k2"));
    assert_eq!(keys[0].overlap_until, Some(Timestamp(5_000)));
    assert_eq!(keys[1], new);
    let again = store.rotate_key("k1", &key("k3"), Timestamp(9_000));
    assert!(matches!(again, Err(StoreError::Invalid(_))));
}

#[test]
fn a_rotation_that_fails_leaves_no_trace() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    let other = ApiKeyRow { principal: PrincipalId::new("bob"), ..key("k2") };
    assert!(store.rotate_key("k1", &other, Timestamp(5_000)).is_err());
    assert!(store.rotate_key("k1", &key("k1"), Timestamp(5_000)).is_err());
    assert!(store.rotate_key("k1", &key("k2"), Timestamp(u64::MAX)).is_err());
    assert_eq!(store.keys().unwrap(), [key("k1")]);
}

#[test]
fn a_scope_that_would_read_as_two_is_refused() {
    let bad = ApiKeyRow { scopes: vec!["tool:a tool:b".to_owned()], ..key("k1") };
    assert!(matches!(home().open().insert_key(&bad), Err(StoreError::Invalid(_))));
}

#[test]
fn a_commit_of_one_handle_is_seen_by_the_other_and_reading_changes_nothing() {
    let home = home();
    let (one, two) = (home.open(), home.open());
    let (seen_one, seen_two) = (one.version().unwrap(), two.version().unwrap());
    assert!(one.keys().unwrap().is_empty());
    assert!(!one.changed(seen_one).unwrap() && !two.changed(seen_two).unwrap());
    one.insert_key(&key("k1")).unwrap();
    assert!(one.changed(seen_one).unwrap() && two.changed(seen_two).unwrap());
    let seen = two.version().unwrap();
    assert_eq!(two.keys().unwrap().len(), 1);
    assert!(!two.changed(seen).unwrap());
}

#[test]
fn a_refused_change_is_no_change() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    store.revoke_key("k1").unwrap();
    let seen = store.version().unwrap();
    store.revoke_key("k1").unwrap();
    assert!(store.insert_key(&key("k1")).is_err());
    assert!(!store.changed(seen).unwrap());
}

#[test]
fn handles_that_write_at_once_lose_nothing() {
    let home = home();
    home.open();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let store = home.open();
            scope.spawn(move || {
                for i in 0..10 {
                    store.insert_key(&key(&format!("k{writer}-{i}"))).unwrap();
                }
            });
        }
    });
    assert_eq!(home.open().keys().unwrap().len(), 40);
}

#[test]
fn an_accepted_effect_is_kept_replaced_and_withdrawn() {
    let home = home();
    let store: Arc<dyn Store> = Arc::new(home.open());
    let (read, write) = (tool("s", "read"), tool("s", "write"));
    let both = [(read.clone(), Effect::Read), (write.clone(), Effect::Write)];
    store.accept_effects(&both, "ada").unwrap();
    home.clock.advance(Duration::from_secs(1));
    store.accept_effects(&[(write.clone(), Effect::Destructive)], "bob").unwrap();
    let effects = store.effects("s").unwrap();
    let of = |i: usize| (effects[i].effect, effects[i].by.as_str(), effects[i].at.0);
    assert_eq!((of(0), of(1)), ((Effect::Read, "ada", 1_000), (Effect::Destructive, "bob", 2_000)));
    store.withdraw_effect(&write).unwrap();
    assert!(matches!(store.withdraw_effect(&write), Err(StoreError::NotFound(_))));
    assert_eq!(store.effects("s").unwrap().len(), 1);
    assert_eq!(store.effects("other").unwrap(), []);
    assert_eq!(store.pins("s").unwrap(), None, "an effect makes no source met");
}

#[test]
fn a_reset_drops_what_it_names_and_nothing_else() {
    let home = home();
    let store = home.open();
    store.insert_key(&key("k1")).unwrap();
    store.first_contact("a", &[pin("a", "t", "d1")]).unwrap();
    store.first_contact("b", &[pin("b", "t", "d1")]).unwrap();
    store.accept_effects(&[(tool("a", "t"), Effect::Read)], "ada").unwrap();
    store.reset(Reset::Source("a")).unwrap();
    assert_eq!(store.pinned_sources().unwrap(), ["b"]);
    assert_eq!((store.pins("a").unwrap(), store.effects("a").unwrap()), (None, vec![]));
    assert_eq!(store.keys().unwrap().len(), 1);
    store.reset(Reset::Keys).unwrap();
    assert!(store.keys().unwrap().is_empty() && store.pins("b").unwrap().is_some());
    store.reset(Reset::All).unwrap();
    assert_eq!(store.pinned_sources().unwrap(), Vec::<String>::new());
}
