use std::sync::Arc;

use model::Secret;

use super::*;
use crate::{Bindings, Material, Safe};

const PEER: Peer = Peer { uid: 1000, pid: 10, started: 1 };
const OTHER: Peer = Peer { uid: 1000, pid: 11, started: 1 };

struct House {
    safe: Safe,
    desk: Desk,
    clock: Clock,
    _dir: tempfile::TempDir,
}

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

/// A vault with `a`, `b` and `unscoped`; configuration A names `a` and `gone`, B names `b`.
fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let (path, key) = (dir.path().join("vault"), dir.path().join("key"));
    let clock = Clock::manual(1_000);
    let source = Arc::new(Material::generate(&key).unwrap());
    let (safe, _) = Safe::init(&path, source, clock.clone()).unwrap();
    let bound = Bindings::parse(&["api.example.com".to_owned()], &[], &[]).unwrap();
    for n in ["a", "b", "unscoped"] {
        safe.set(&name(n), &Secret::new(format!("value of {n}")), &bound).unwrap();
    }
    let scope = |client: &str, uid, names: &[&str]| Scope {
        client: client.to_owned(),
        uid,
        names: names.iter().map(|n| name(n)).collect(),
    };
    let scopes = vec![
        scope("/etc/a.toml", 1000, &["a", "gone"]),
        scope("/etc/b.toml", 1000, &["b"]),
        scope("/etc/c.toml", 2000, &["b"]),
    ];
    let vault = Vault::open(&path, Arc::new(Material::file(&key))).unwrap();
    let desk = Desk::new(vault, scopes, Times::default(), clock.clone()).unwrap();
    House { safe, desk, clock, _dir: dir }
}

impl House {
    async fn hello(&self, peer: Peer, client: &str) -> Result<Visit, No> {
        let mut visit = Visit::new(peer);
        match self.desk.answer(&mut visit, Request::Hello { client: client.to_owned() }).await {
            Answer::Welcome {} => Ok(visit),
            Answer::No { why } => Err(why),
            _ => panic!("another answer"),
        }
    }

    async fn token(&self, visit: &mut Visit, names: &[&str], lifetime: u64) -> Result<String, No> {
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        match self.desk.answer(visit, Request::Token { names, lifetime }).await {
            Answer::Token { token, .. } => Ok(token),
            Answer::No { why } => Err(why),
            _ => panic!("another answer"),
        }
    }

    async fn secret(
        &self,
        visit: &mut Visit,
        token: &str,
        name: &str,
        host: &str,
    ) -> Result<String, No> {
        let usage = Use::Host { name: host.to_owned(), port: 443 };
        let request = Request::Secret { token: token.to_owned(), name: name.to_owned(), usage };
        match self.desk.answer(visit, request).await {
            Answer::Value { value } => Ok(value),
            Answer::No { why } => Err(why),
            _ => panic!("another answer"),
        }
    }
}

const HOST: &str = "api.example.com";

#[tokio::test]
async fn a_client_reads_what_its_configuration_names() {
    let house = house();
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    let token = house.token(&mut visit, &["a", "gone"], 300).await.unwrap();
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await.as_deref(), Ok("value of a"));
    assert_eq!(house.secret(&mut visit, &token, "a", "evil.example").await, Err(No::NotFor));
    assert_eq!(house.secret(&mut visit, &token, "gone", HOST).await, Err(No::Missing));
}

#[tokio::test]
async fn what_is_out_of_scope_is_refused_alike_whether_it_is_there_or_not() {
    let house = house();
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    // b-vault-06
    for n in ["unscoped", "nowhere", "b", "NO NAME"] {
        assert_eq!(house.token(&mut visit, &[n], 300).await, Err(No::Refused), "{n}");
        assert_eq!(house.token(&mut visit, &["a", n], 300).await, Err(No::Refused), "{n}");
    }
    let token = house.token(&mut visit, &["a"], 300).await.unwrap();
    for n in ["unscoped", "nowhere", "b", "gone", "NO NAME"] {
        assert_eq!(house.secret(&mut visit, &token, n, HOST).await, Err(No::Refused), "{n}");
    }
}

#[tokio::test]
async fn a_configuration_that_is_not_known_opens_nothing() {
    let house = house();
    // b-vault-07
    for client in ["/etc/passwd", "", "/etc/../etc/a.toml", "/etc/c.toml"] {
        assert_eq!(house.hello(PEER, client).await.err(), Some(No::Refused), "{client}");
    }
    let mut visit = Visit::new(PEER);
    assert_eq!(house.token(&mut visit, &["a"], 300).await, Err(No::Refused));
    assert_eq!(house.secret(&mut visit, "x", "a", HOST).await, Err(No::Refused));
}

#[tokio::test]
async fn a_process_that_came_for_one_configuration_gets_nothing_of_another() {
    let house = house();
    // b-vault-08
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    assert_eq!(house.token(&mut visit, &["b"], 300).await, Err(No::Refused));
    assert_eq!(house.hello(PEER, "/etc/b.toml").await.err(), Some(No::Refused));
    let mut other = house.hello(OTHER, "/etc/b.toml").await.unwrap();
    let token = house.token(&mut other, &["b"], 300).await.unwrap();
    assert!(house.secret(&mut other, &token, "b", HOST).await.is_ok());
    // Neither does a token that was another's.
    assert_eq!(house.secret(&mut visit, &token, "b", HOST).await, Err(No::Refused));
    let same_client = Peer { pid: 12, ..PEER };
    let mut third = house.hello(same_client, "/etc/b.toml").await.unwrap();
    assert_eq!(house.secret(&mut third, &token, "b", HOST).await, Err(No::Refused));
}

#[tokio::test]
async fn rotating_or_deleting_a_secret_ends_every_older_token_at_once() {
    let house = house();
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    // b-vault-09
    let token = house.token(&mut visit, &["a"], 300).await.unwrap();
    house.safe.rotate(&name("a"), &Secret::new("new".to_owned())).unwrap();
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await, Err(No::Refused));
    let token = house.token(&mut visit, &["a"], 300).await.unwrap();
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await.as_deref(), Ok("new"));
    // b-vault-10
    house.safe.delete(&name("a")).unwrap();
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await, Err(No::Refused));
    // And a new master key.
    let token = house.token(&mut visit, &["gone"], 300).await.unwrap();
    house.safe.rekey().unwrap();
    assert_eq!(house.secret(&mut visit, &token, "gone", HOST).await, Err(No::Refused));
}

#[tokio::test]
async fn every_token_ends_and_none_lives_longer_than_allowed() {
    let house = house();
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    // b-vault-12, and none at all
    for lifetime in [0, 301, 3 * 24 * 60 * 60, u64::MAX] {
        assert_eq!(house.token(&mut visit, &["a"], lifetime).await, Err(No::Refused), "{lifetime}");
    }
    // b-vault-11: a request without an end is no request.
    assert!(serde_json::from_str::<Request>(r#"{"token":{"names":["a"]}}"#).is_err());
    assert!(
        serde_json::from_str::<Request>(r#"{"token":{"names":["a"],"lifetime":null}}"#).is_err()
    );
    let token = house.token(&mut visit, &["a"], 300).await.unwrap();
    house.clock.advance(Duration::from_secs(299));
    assert!(house.secret(&mut visit, &token, "a", HOST).await.is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await, Err(No::Refused));
}

#[tokio::test]
async fn a_vault_that_cannot_be_read_gives_out_nothing() {
    let house = house();
    let mut visit = house.hello(PEER, "/etc/a.toml").await.unwrap();
    let token = house.token(&mut visit, &["a"], 300).await.unwrap();
    std::fs::write(house.safe.path(), "gone").unwrap();
    assert_eq!(house.secret(&mut visit, &token, "a", HOST).await, Err(No::Unavailable));
}
