//! A session belongs to its principal, its sources and its installation, and is never a means of authentication.

use std::time::Duration;

use ambient::Clock;
use serde_json::json;

use crate::support::{House, Reply, Server, initialize, request, until};

fn list() -> String {
    request(2, "tools/list", &json!({}))
}

async fn with_key(server: &Server, key: &str, path: &str, session: &str) -> Reply {
    let mut conn = server.connect().await;
    let key = format!("Bearer {key}");
    let headers = [("Authorization", key.as_str()), ("Mcp-Session-Id", session)];
    conn.send("POST", path, &headers, &list()).await;
    conn.reply().await
}

// g-identity-59 to g-identity-64, v-session-01, v-session-03 to v-session-06, b-front-05, b-front-06
#[tokio::test]
async fn a_foreign_a_forged_an_ended_and_an_expired_session_look_the_same() {
    let server = Server::start().await;
    let alice = server.house.alice.clone();
    let session = server.session("2025-11-25", "{}").await;
    assert_eq!(with_key(&server, &alice, "/mcp", &session).await.status, 200);
    let ended = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", ended.as_str())];
    assert_eq!(server.send("DELETE", "/mcp", &headers, "").await.status, 204);
    let elsewhere = Server::start().await;
    let foreign = elsewhere.session("2025-11-25", "{}").await;
    let short = House::new().serve(|s| s.limits.session_life = Duration::from_millis(1)).await;
    let expired = short.session("2025-11-25", "{}").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let bob = server.house.bob.clone();
    let other_alice = server.house.other_alice.clone();
    let forged = "eyJ0IjoibWNwIiwicyI6WyJzaG9wIl19";
    let long = "x".repeat(2000);
    let answers = [
        with_key(&server, &bob, "/mcp", &session).await,
        with_key(&server, &other_alice, "/mcp", &session).await,
        with_key(&server, &alice, "/mcp/shop", &session).await,
        with_key(&server, &alice, "/mcp", &ended).await,
        with_key(&server, &alice, "/mcp", &foreign).await,
        with_key(&short, &short.house.alice.clone(), "/mcp", &expired).await,
        with_key(&server, &alice, "/mcp", forged).await,
        with_key(&server, &alice, "/mcp", "00000000-0000-4000-8000-000000000000").await,
        with_key(&server, &alice, "/mcp", &long).await,
        with_key(&server, &alice, "/mcp", "\u{e9}").await,
    ];
    let first = &answers[0];
    assert_eq!((first.status, first.why().as_str()), (404, "session_not_found"));
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!((answer.status, &answer.body), (404, &first.body), "{at}");
    }
    for method in ["GET", "DELETE"] {
        let reply = server.send(method, "/mcp", &[("Mcp-Session-Id", forged)], "").await;
        assert_eq!(reply.status, 404, "{method}");
    }
    let text = format!("{:?}", server.records().await);
    assert!(text.contains("session_mismatch") && text.contains("session_unknown"), "{text}");
}

// g-identity-65, g-identity-66, v-session-02
#[tokio::test]
async fn a_session_proves_nobody_and_is_needed_all_the_same() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let mut conn = server.connect().await;
    conn.send("POST", "/mcp", &[("Mcp-Session-Id", &session)], &list()).await;
    assert_eq!(conn.reply().await.status, 401);
    assert_eq!(server.post(&[], &list()).await.status, 400);
    assert_eq!(server.send("GET", "/mcp", &[], "").await.status, 400);
    assert_eq!(server.send("DELETE", "/mcp", &[], "").await.status, 400);
    let twice = [("Mcp-Session-Id", session.as_str()), ("Mcp-Session-Id", session.as_str())];
    assert_eq!(server.post(&twice, &list()).await.status, 400);
}

// v-session-07, b-front-02
#[tokio::test]
async fn sessions_of_one_principal_are_bounded_and_the_oldest_idle_one_gives_way() {
    let server = Server::with(|s| s.limits.sessions = 3).await;
    let first = server.session("2025-11-25", "{}").await;
    let alice = server.house.alice.clone();
    for _ in 0..10 {
        server.session("2025-11-25", "{}").await;
    }
    assert_eq!(server.gauges.sessions(), 3);
    assert_eq!(with_key(&server, &alice, "/mcp", &first).await.status, 404);
}

#[tokio::test]
async fn sessions_in_use_are_not_given_up_for_new_ones() {
    let server = Server::with(|s| s.limits.sessions = 1).await;
    let session = server.session("2025-11-25", "{}").await;
    let mut stream = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    let headers = [("Authorization", key.as_str()), ("Mcp-Session-Id", &session)];
    stream.send("GET", "/mcp", &headers, "").await;
    assert_eq!(stream.head().await.unwrap().status, 200);
    let refused = server.post(&[], &initialize("2025-11-25", "{}")).await;
    assert_eq!((refused.status, refused.why().as_str()), (429, "too_many_sessions"));
}

// v-rate-02
#[tokio::test]
async fn opening_sessions_is_limited_for_each_principal() {
    let minute = Duration::from_mins(1);
    let server = Server::with(|s| s.limits.opens = identity::Rate::new(5, minute)).await;
    for _ in 0..5 {
        server.session("2025-11-25", "{}").await;
    }
    let refused = server.post(&[], &initialize("2025-11-25", "{}")).await;
    assert_eq!(refused.why(), "rate_limited");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let mut bob = server.connect().await;
    let key = format!("Bearer {}", server.house.bob);
    bob.send("POST", "/mcp", &[("Authorization", &key)], &initialize("2025-11-25", "{}")).await;
    assert_eq!(bob.reply().await.status, 200);
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_by_itself() {
    let server = Server::with(|s| s.limits.session_idle = Duration::from_millis(100)).await;
    let session = server.session("2025-11-25", "{}").await;
    until("the session ended", || server.gauges.sessions() == 0).await;
    let alice = server.house.alice.clone();
    assert_eq!(with_key(&server, &alice, "/mcp", &session).await.status, 404);
}

#[tokio::test]
async fn each_use_of_a_session_gives_it_its_whole_time_again() {
    let clock = Clock::manual(Clock::system().now_millis());
    let server = Server::with(|s| {
        s.clock = clock.clone();
        s.limits.session_idle = Duration::from_mins(1);
        // Looked after often.
        s.limits.resume = Duration::from_millis(200);
    })
    .await;
    let alice = server.house.alice.clone();
    let used = server.session("2025-11-25", "{}").await;
    let unused = server.session("2025-11-25", "{}").await;
    clock.advance(Duration::from_secs(40));
    assert_eq!(with_key(&server, &alice, "/mcp", &used).await.status, 200);
    clock.advance(Duration::from_secs(40));
    until("one session ended", || server.gauges.sessions() == 1).await;
    assert_eq!(with_key(&server, &alice, "/mcp", &unused).await.status, 404);
    assert_eq!(with_key(&server, &alice, "/mcp", &used).await.status, 200);
}
