use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;

struct Home {
    _guard: tempfile::TempDir,
    path: PathBuf,
    clock: Clock,
}

fn home() -> Home {
    let guard = tempfile::tempdir().unwrap();
    let path = guard.path().join("state").join("claims.db");
    Home { _guard: guard, path, clock: Clock::manual(1_000) }
}

impl Home {
    fn open(&self) -> Claims {
        Claims::open(&self.path, self.clock.clone(), 3).unwrap()
    }
}

async fn ask(claims: &Claims, realm: &str, n: u8, until: u64) -> Claim {
    claims.claim(realm, [n; 32], Timestamp(until)).await.unwrap()
}

#[tokio::test]
async fn a_claim_is_given_once_in_its_realm_until_its_end_has_passed() {
    let home = home();
    let claims = home.open();
    assert_eq!(ask(&claims, "a", 1, 5_000).await, Claim::Fresh);
    assert_eq!(ask(&claims, "a", 1, 9_000).await, Claim::Taken);
    assert_eq!(ask(&claims, "b", 1, 5_000).await, Claim::Fresh, "another realm");
    assert_eq!(ask(&claims, "a", 2, 5_000).await, Claim::Fresh, "another key");
    home.clock.advance(Duration::from_secs(4));
    assert_eq!(ask(&claims, "a", 1, 9_000).await, Claim::Taken, "its last moment counts");
    home.clock.advance(Duration::from_millis(1));
    assert_eq!(ask(&claims, "a", 1, 9_000).await, Claim::Fresh);
}

// b-webhook-12, across a restart
#[tokio::test]
async fn a_claim_survives_a_restart() {
    let home = home();
    assert_eq!(ask(&home.open(), "a", 1, 5_000).await, Claim::Fresh);
    assert_eq!(ask(&home.open(), "a", 1, 5_000).await, Claim::Taken);
}

#[tokio::test]
async fn of_many_who_ask_at_once_through_two_handles_one_is_told_it_is_fresh() {
    let home = home();
    let handles = [Arc::new(home.open()), Arc::new(home.open())];
    let asking = (0..64).map(|n| {
        let claims = handles[n % 2].clone();
        tokio::spawn(async move { ask(&claims, "a", 7, 5_000).await })
    });
    let mut fresh = 0;
    for asked in asking.collect::<Vec<_>>() {
        fresh += usize::from(asked.await.unwrap() == Claim::Fresh);
    }
    assert_eq!(fresh, 1);
}

#[tokio::test]
async fn a_realm_that_is_full_takes_no_more_until_something_ends_restarts_included() {
    let home = home();
    let claims = home.open();
    for n in 0..3 {
        assert_eq!(ask(&claims, "a", n, 5_000 + u64::from(n)).await, Claim::Fresh);
    }
    assert_eq!(ask(&claims, "a", 9, 5_000).await, Claim::Full);
    assert_eq!(ask(&claims, "a", 0, 5_000).await, Claim::Taken, "what is known is known");
    assert_eq!(ask(&claims, "b", 9, 5_000).await, Claim::Fresh);
    drop(claims);
    let claims = home.open();
    assert_eq!(ask(&claims, "a", 9, 5_000).await, Claim::Full);
    home.clock.advance(Duration::from_millis(4_001));
    assert_eq!(ask(&claims, "a", 9, 9_000).await, Claim::Fresh);
    assert_eq!(ask(&claims, "a", 8, 9_000).await, Claim::Full);
}

#[test]
fn the_file_is_for_its_owner_alone_and_one_open_to_others_is_refused() {
    let home = home();
    drop(home.open());
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&home.path), mode(home.path.parent().unwrap())), (0o600, 0o700));
    std::fs::set_permissions(&home.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Claims::open(&home.path, home.clock.clone(), 3).err();
    assert!(matches!(refused, Some(StoreError::Exposed { mode: 0o644, .. })), "{refused:?}");
}

#[test]
fn a_file_that_is_damaged_or_somebody_elses_or_newer_is_refused_and_left_as_it_is() {
    let home = home();
    drop(home.open());
    let raw = |sql: &str| {
        let connection = Connection::open(&home.path).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    let opened = || Claims::open(&home.path, home.clock.clone(), 3).err();
    raw("PRAGMA user_version = 2");
    assert!(matches!(opened(), Some(StoreError::TooNew { found: 2, known: 1, .. })));
    raw("PRAGMA application_id = 1");
    assert!(matches!(opened(), Some(StoreError::Foreign { .. })));
    std::fs::write(&home.path, "this is no database, and it is longer than a header is").unwrap();
    assert!(matches!(opened(), Some(StoreError::Corrupt { .. })));
}
