use std::path::Path;

use vault::{Passphrase, VaultError};

use super::*;

#[tokio::test]
async fn a_secret_is_given_out_for_what_it_is_bound_to_and_for_nothing_else() {
    let house = House::new();
    let of = |t: &str| vec![t.to_owned()];
    let bound = Bindings::parse(&of("api.example.com:8443"), &of("/usr/bin/tool"), &of("github"));
    house.safe.set(&name("a"), &text("s3cret"), &bound.unwrap()).unwrap();
    let vault = house.vault();
    let n = name("a");
    for usage in [
        Usage::Host("API.example.com.", 8443),
        Usage::Program(Path::new("/usr/bin/tool")),
        Usage::Verify("github"),
    ] {
        assert_eq!(vault.secret(&n, usage).await.ok().unwrap().reveal(), "s3cret");
    }
    for usage in [
        Usage::Host("api.example.com", 443),
        Usage::Host("example.com", 8443),
        Usage::Program(Path::new("/usr/bin/other")),
        Usage::Verify("gitlab"),
    ] {
        let error = vault.secret(&n, usage).await.err().unwrap();
        assert!(matches!(error, NoSecret::NotFor(..)) && !error.to_string().contains("s3cret"));
    }
    assert!(vault.secret(&n, Usage::Wallet).await.is_err());
    house.safe.set(&name("w"), &text("0xkey"), &Bindings::wallet()).unwrap();
    assert_eq!(vault.secret(&name("w"), Usage::Wallet).await.ok().unwrap().reveal(), "0xkey");
    assert!(vault.secret(&name("w"), Usage::Host("api.example.com", 443)).await.is_err());
    let missing = vault.secret(&name("b"), Usage::Verify("github")).await.err();
    assert_eq!(missing, Some(NoSecret::Missing(name("b"))));
}

#[tokio::test]
async fn a_running_vault_sees_every_change_from_the_next_call_on() {
    let house = House::new();
    house.set("a", "one");
    let vault = house.vault();
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("one"));
    house.safe.rotate(&name("a"), &text("two")).unwrap();
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("two"));
    house.safe.rekey().unwrap();
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("two"));
    house.safe.delete(&name("a")).unwrap();
    assert_eq!(value(&vault, "a").await, Err(NoSecret::Missing(name("a"))));
    std::fs::remove_file(house.path()).unwrap();
    assert!(matches!(value(&vault, "a").await, Err(NoSecret::Unavailable(_))));
}

#[test]
fn values_get_versions_and_keep_their_bindings_when_they_rotate() {
    let house = House::new();
    house.set("a", "one");
    let rotated = house.safe.rotate(&name("a"), &text("two")).unwrap();
    assert_eq!((rotated.version, &rotated.bindings), (2, &bound()));
    let listed = house.safe.list().unwrap();
    assert_eq!(listed, [rotated]);
    assert_eq!(house.safe.rotate(&name("b"), &text("x")).unwrap_err().code(), "secret_missing");
    assert_eq!(house.safe.delete(&name("b")).unwrap_err().code(), "secret_missing");
}

#[test]
fn what_no_secret_can_be_is_refused_and_nothing_is_written() {
    let house = House::new();
    let before = house.bytes();
    let long = "x".repeat(vault::MAX_VALUE + 1);
    for value in ["", "a\0b", long.as_str()] {
        let refused = house.safe.set(&name("a"), &text(value), &bound());
        assert_eq!(refused.unwrap_err().code(), "secret_unlawful");
    }
    let unbound = house.safe.set(&name("a"), &text("x"), &Bindings::default()).unwrap_err();
    assert!(unbound.to_string().contains("bound to nothing"));
    assert_eq!(house.bytes(), before);
}

#[tokio::test]
async fn a_passphrase_opens_a_vault_and_another_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault");
    let right = || Passphrase::new("orbit velvet canyon thimble".to_owned()).unwrap();
    let (safe, _) = Safe::init(&path, Arc::new(right()), Clock::manual(0)).unwrap();
    safe.set(&name("a"), &text("one"), &bound()).unwrap();
    let vault = Vault::open(&path, Arc::new(right())).unwrap();
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("one"));
    let wrong = Passphrase::given("orbit velvet canyon".to_owned());
    let error = Safe::open(&path, Arc::new(wrong), Clock::manual(0)).err().unwrap();
    assert_eq!(error.code(), "key_wrong");
    let key = Material::generate(&dir.path().join("key")).unwrap();
    let error = Safe::open(&path, Arc::new(key), Clock::manual(0)).err().unwrap();
    assert_eq!(error.code(), "key_no_slot");
    assert!(error.to_string().contains("passphrase and recovery-key"), "{error}");
}

#[tokio::test]
async fn the_recovery_key_sets_another_key_and_is_used_up() {
    let house = House::new();
    house.set("a", "one");
    let written = house.recovery.text();
    let recovery = RecoveryKey::parse(&written).unwrap();
    let other = Arc::new(Material::generate(&house.dir.path().join("other")).unwrap());
    let (safe, fresh) =
        Safe::recover(&house.path(), recovery, other.clone(), Clock::manual(0)).unwrap();
    assert_eq!(safe.list().unwrap().len(), 1);
    let vault = Vault::open(&house.path(), other.clone()).unwrap();
    assert_eq!(value(&vault, "a").await.as_deref(), Ok("one"));
    let old = Safe::open(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert_eq!(old.code(), "key_wrong");
    let again = RecoveryKey::parse(&written).unwrap();
    let again = Safe::recover(&house.path(), again, other.clone(), Clock::manual(0)).err().unwrap();
    assert_eq!(again.code(), "key_wrong");
    assert!(Safe::recover(&house.path(), fresh, other, Clock::manual(0)).is_ok());
}

#[test]
fn a_vault_that_is_there_is_never_made_again() {
    let house = House::new();
    house.set("a", "one");
    let before = house.bytes();
    let again = Safe::init(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert_eq!(again.code(), "vault_exists");
    assert_eq!(house.bytes(), before);
    std::fs::write(house.path(), "rubbish").unwrap();
    let again = Safe::init(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert_eq!(again.code(), "vault_exists");
    assert_eq!(house.bytes(), b"rubbish");
}

#[test]
fn rekeying_leaves_no_slot_or_data_key_as_it_was() {
    let house = House::new();
    house.set("a", "one");
    let field = |key: &str| {
        let text = String::from_utf8(house.bytes()).unwrap();
        let body: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
        body.pointer(key).unwrap().clone()
    };
    let keys = ["/slots/0/wrapped", "/slots/1/wrapped", "/secrets/0/key"];
    let (before, value) = (keys.map(field), field("/secrets/0/value"));
    house.safe.rekey().unwrap();
    for (key, before) in keys.iter().zip(before) {
        assert_ne!(field(key), before, "{key}");
    }
    assert_eq!(field("/secrets/0/value"), value);
}

#[tokio::test]
async fn an_older_copy_put_in_place_is_noticed_at_rest_and_by_who_runs() {
    let house = House::new();
    house.set("a", "old");
    let old = house.bytes();
    house.safe.rotate(&name("a"), &text("new")).unwrap();
    let vault = house.vault();
    std::fs::write(house.path(), &old).unwrap();
    let error = Safe::open(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert!(matches!(error, VaultError::RolledBack { found: 2, seen: 3, .. }), "{error}");
    assert!(matches!(value(&vault, "a").await, Err(NoSecret::Unavailable(_))));
    // Whoever can remove the mark, too, deceives who starts anew, and still not who runs.
    std::fs::remove_file(house.dir.path().join("vault.mark")).unwrap();
    assert!(Safe::open(&house.path(), house.key(), Clock::manual(0)).is_ok());
    assert!(matches!(value(&vault, "a").await, Err(NoSecret::Unavailable(_))));
}

#[test]
fn another_vault_put_in_place_is_noticed() {
    let (house, other) = (House::new(), House::new());
    std::fs::write(house.path(), other.bytes()).unwrap();
    std::fs::copy(other.dir.path().join("key"), house.dir.path().join("key")).unwrap();
    let error = Safe::open(&house.path(), house.key(), Clock::manual(0)).err().unwrap();
    assert_eq!(error.code(), "vault_another");
}

#[test]
fn no_value_and_no_key_stands_in_the_file() {
    let house = House::new();
    house.set("a", "a-value-that-would-be-seen");
    let key = std::fs::read_to_string(house.dir.path().join("key")).unwrap();
    let text = String::from_utf8(house.bytes()).unwrap();
    assert!(!text.contains("a-value-that-would-be-seen") && !text.contains(key.trim()));
    assert!(!text.contains(&*house.recovery.text()));
}
