//! Rows about who is calling: what a credential gets, what is written of it, and what is limited.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gate::{Arrival, Vetted};
use identity::{Grant, NewKey, Presented, Rate, new_key, presented};
use model::{Code, PrincipalId, Refusal, Role, TenantId, Timestamp};
use protocol::mcp::Era;
use serde_json::json;

use crate::support::{House, Plan, legacy, message, principal, tool};

fn key() -> NewKey {
    let grant = Grant {
        principal: PrincipalId::new("alice"),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Vec::new(),
        expires: None,
    };
    new_key(grant, Timestamp(1)).unwrap()
}

fn house(key: &NewKey) -> House {
    let mut plan = Plan::with_tools(&[tool("search", "Finds notes")]);
    plan.keys = vec![key.row.clone()];
    plan.build()
}

fn from(last: u8) -> Arrival {
    Arrival { front: "http", peer: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))), trace: None }
}

async fn refused(house: &House, presented: Presented<'_>, at: &Arrival) -> Vetted {
    match house.gate.identify(presented, at).await {
        Err(vetted) => vetted,
        Ok(who) => panic!("{who:?} got in"),
    }
}

fn status(vetted: &Vetted) -> u16 {
    vetted.status(Era::Modern)
}

/// v-auth-01, v-auth-04 to v-auth-08, v-auth-11, g-identity-73, g-identity-74
#[tokio::test]
async fn a_key_is_taken_under_its_two_schemes_and_nothing_else_is_anybody() {
    let alice = key();
    let house = house(&alice);
    let full = alice.secret.reveal();
    for lawful in ["Bearer KEY", "bearer KEY", "ApiKey KEY", "Bearer KEY ", "BEARER  KEY"] {
        let header = lawful.replace("KEY", full);
        let who = house.gate.identify(presented([header.as_bytes()]), &from(1)).await;
        assert_eq!(who.unwrap().id.as_str(), "alice", "{lawful}");
    }
    for unlawful in ["Bearer", "Bearer ", "KEY", "Basic KEY", "Bearer KEY KEY"] {
        let header = unlawful.replace("KEY", full);
        let no = refused(&house, presented([header.as_bytes()]), &from(2)).await;
        assert_eq!(status(&no), 401, "{unlawful}");
        assert!(no.www_authenticate().unwrap().starts_with("Bearer"), "{unlawful}");
    }
    let header = format!("Bearer {full}");
    let twice = presented([header.as_bytes(), header.as_bytes()]);
    assert_eq!(status(&refused(&house, twice, &from(3)).await), 400, "v-auth-11");
    assert_eq!(status(&refused(&house, Presented::None, &from(4)).await), 401);
}

/// g-identity-71: the store of keys cannot be read.
#[tokio::test]
async fn without_its_keys_the_gate_lets_nobody_in() {
    let alice = key();
    let house = house(&alice);
    house.gate.set_keys(Ok(identity::KeyRing::unavailable()));
    let header = format!("Bearer {}", alice.secret.reveal());
    let no = refused(&house, presented([header.as_bytes()]), &from(1)).await;
    assert_eq!(status(&no), 503);
}

/// b-front-11: empty is not open.
#[tokio::test]
async fn a_gate_without_keys_lets_nobody_in() {
    let house = Plan::with_tools(&[tool("search", "Finds notes")]).build();
    let header = format!("Bearer {}", key().secret.reveal());
    for presented in [Presented::None, presented([header.as_bytes()])] {
        assert_eq!(status(&refused(&house, presented, &from(1)).await), 401);
    }
}

/// v-audit-07, v-audit-08: one record each, and a counter that moves.
#[tokio::test]
async fn each_request_that_proves_nobody_leaves_one_record_and_counts() {
    let house = house(&key());
    for _ in 0..3 {
        refused(&house, Presented::None, &from(1)).await;
    }
    let entries = house.entries().await;
    let auth: Vec<_> = entries.iter().filter(|e| e.kind == "auth").collect();
    assert_eq!(auth.len(), 3);
    assert!(auth.iter().all(|e| e.code.as_deref() == Some("unauthenticated")
        && e.outcome.as_deref() == Some("refused")
        && e.client.as_deref() == Some("192.0.2.1")));
    let metrics = house.metrics();
    assert!(metrics.contains("portcullis_auth_failures_total 3\n"), "{metrics}");
}

/// g-identity-75, v-rate-05: limited by address, and good keys do not pay for bad ones.
#[tokio::test]
async fn wrong_keys_are_limited_by_address_and_a_good_one_passes_there_and_elsewhere() {
    let alice = key();
    let house = house(&alice);
    let wrong = format!("Bearer pc_{}", "x".repeat(56));
    let mut limited = 0;
    for _ in 0..100 {
        let no = refused(&house, presented([wrong.as_bytes()]), &from(1)).await;
        limited += usize::from(status(&no) == 429 && no.wait().is_some());
    }
    assert_eq!(limited, 95);
    let no = message(refused(&house, presented([wrong.as_bytes()]), &from(1)).await);
    assert_eq!(no["error"]["data"]["code"], "too_many_failed_logins", "{no}");
    let entries = house.entries().await;
    let limited = entries.iter().filter(|e| e.code.as_deref() == Some("too_many_failed_logins"));
    assert!(limited.count() > 0 && entries.iter().all(|e| e.code.is_none() || e.kind == "auth"));
    let good = format!("Bearer {}", alice.secret.reveal());
    for at in [1, 2] {
        assert!(house.gate.identify(presented([good.as_bytes()]), &from(at)).await.is_ok());
    }
    assert_eq!(status(&refused(&house, presented([wrong.as_bytes()]), &from(2)).await), 401);
}

/// g-policy-35, g-protocol-72: limits and tasks go by the principal, whichever of its keys it uses.
#[tokio::test]
async fn two_keys_of_one_principal_have_one_allowance() {
    let plan = Plan::with_tools(&[tool("search", "Finds notes")])
        .settings(|s| s.per_principal = Rate::new(6, Duration::from_mins(1)));
    let house = plan.build();
    let other = std::sync::Arc::new(model::Principal {
        credential: model::Credential::ApiKey("k2".into()),
        ..(*principal("alice")).clone()
    });
    let clients = [legacy(principal("alice")), legacy(other)];
    for n in 0..6 {
        let answer = house.call(&clients[n % 2], "notes__search", json!({})).await;
        assert!(answer["result"].is_object(), "{answer}");
    }
    for client in &clients {
        let limited = house.call(client, "notes__search", json!({})).await;
        assert_eq!(limited["error"]["data"]["code"], "rate_limited");
    }
}

/// v-rate-01, v-rate-03
#[tokio::test]
async fn the_thirty_first_call_of_one_is_limited_and_anothers_first_is_not() {
    let plan = Plan::with_tools(&[tool("search", "Finds notes")])
        .settings(|s| s.per_principal = Rate::new(30, Duration::from_mins(1)));
    let house = plan.build();
    for (row, who, tool) in
        [("v-rate-01", "alice", "notes__search"), ("v-rate-03", "carol", "nope")]
    {
        let client = legacy(principal(who));
        for n in 0..31 {
            let answer = house.call(&client, tool, json!({})).await;
            let limited = answer["error"]["data"]["code"] == "rate_limited";
            assert_eq!(limited, n == 30, "{row}, call {n}: {answer}");
        }
        let bob = legacy(principal("bob"));
        assert!(house.call(&bob, "notes__search", json!({})).await["result"].is_object(), "{row}");
    }
}

/// v-rate-02, as far as the gate goes: every method counts, lists too.
#[tokio::test]
async fn lists_count_against_the_limit_as_calls_do() {
    let plan = Plan::with_tools(&[tool("search", "Finds notes")])
        .settings(|s| s.per_principal = Rate::new(5, Duration::from_mins(1)));
    let house = plan.build();
    let alice = legacy(principal("alice"));
    for _ in 0..5 {
        house.page(&alice, gate::port::Kind::Tools).await;
    }
    let page = house.gate.list(&alice, gate::port::Kind::Tools, None, &Arrival::default()).await;
    assert_eq!(message(page)["error"]["data"]["code"], "rate_limited");
    let entries = house.entries().await;
    assert_eq!(entries.iter().filter(|e| e.code.as_deref() == Some("rate_limited")).count(), 1);
}

/// Only a credential that proves nobody counts against an address; what the gate itself cannot do does not.
#[tokio::test]
async fn keys_that_cannot_be_read_are_no_failed_log_ins() {
    let alice = key();
    let house = house(&alice);
    let header = format!("Bearer {}", alice.secret.reveal());
    let twice = || presented([header.as_bytes(), header.as_bytes()]);
    for _ in 0..20 {
        assert_eq!(status(&refused(&house, twice(), &from(1)).await), 400);
    }
    house.gate.set_keys(Ok(identity::KeyRing::unavailable()));
    for _ in 0..20 {
        let no = refused(&house, presented([header.as_bytes()]), &from(1)).await;
        assert_eq!(status(&no), 503);
    }
    assert_eq!(status(&refused(&house, Presented::None, &from(1)).await), 401);
}

#[tokio::test]
async fn a_refusal_before_there_is_a_call_is_recorded_as_what_it_is_about() {
    let house = house(&key());
    let alice = principal("alice");
    for (code, kind) in [
        (Code::Unauthenticated, "auth"),
        (Code::SessionNotFound, "session"),
        (Code::ForbiddenOrigin, "refusal"),
    ] {
        let refusal = Refusal::new(code, "no").detail("why");
        house.gate.refuse(refusal, &from(7), Some(&alice)).await;
        let entries = house.entries().await;
        let entry = &entries[entries.len() - 2];
        assert_eq!((&*entry.kind, entry.code.as_deref()), (kind, Some(code.as_str())));
        assert_eq!(entry.principal.as_deref(), Some("alice"));
        assert_eq!(entry.client.as_deref(), Some("192.0.2.7"));
        assert_eq!(entry.note.as_deref(), Some("why"));
    }
}
