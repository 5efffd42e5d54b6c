//! A legacy session's stream of unsolicited messages.

use std::time::Duration;

use gate::port::{Kind, Told};
use serde_json::json;

use crate::support::{Conn, Server, name, request, soon, until};

async fn get(server: &Server, session: &str, last: Option<&str>) -> Conn {
    let mut conn = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    let mut headers = vec![("Authorization", key.as_str()), ("Mcp-Session-Id", session)];
    headers.extend(last.map(|last| ("Last-Event-ID", last)));
    conn.send("GET", "/mcp", &headers, "").await;
    conn
}

async fn post(server: &Server, session: &str, method: &str, params: serde_json::Value) -> i64 {
    let reply = server.post(&[("Mcp-Session-Id", session)], &request(9, method, &params)).await;
    assert_eq!(reply.status, 200);
    reply.json()["error"]["code"].as_i64().unwrap_or(0)
}

#[tokio::test]
async fn changes_and_updates_come_on_the_session_s_own_stream() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    assert_eq!(post(&server, &session, "tools/list", json!({})).await, 0);
    let mut conn = get(&server, &session, None).await;
    assert_eq!(conn.head().await.unwrap().header("content-type"), Some("text/event-stream"));
    until("it is watched", || server.house.gate.watching() == 1).await;
    server.house.events.events().list_changed(&name("notes"), Kind::Tools);
    let changed = conn.event().await.unwrap();
    assert!(String::from_utf8_lossy(&changed.data).contains("notifications/tools/list_changed"));
    assert_eq!(changed.id.as_deref(), Some("0-1"));

    let uri = "notes+file:///readme.txt";
    assert_eq!(post(&server, &session, "resources/list", json!({})).await, 0);
    assert_eq!(post(&server, &session, "resources/subscribe", json!({"uri": uri})).await, 0);
    let watched = server.house.notes.watched.lock().unwrap().clone();
    assert!(watched.iter().any(|f| f.uris == ["file:///readme.txt"]), "{watched:?}");
    assert_ne!(post(&server, &session, "resources/subscribe", json!({"uri": "x:y"})).await, 0);
    assert_eq!(post(&server, &session, "resources/unsubscribe", json!({"uri": uri})).await, 0);
    let roots = r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#;
    assert_eq!(server.post(&[("Mcp-Session-Id", &session)], roots).await.status, 202);
    assert!(server.house.notes.told.lock().unwrap().contains(&Told::RootsChanged));
}

#[tokio::test]
async fn what_happened_while_no_stream_was_open_comes_when_one_is() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    post(&server, &session, "tools/list", json!({})).await;
    let mut conn = get(&server, &session, None).await;
    conn.head().await.unwrap();
    until("it is watched", || server.house.gate.watching() == 1).await;
    drop(conn);
    until("the stream is gone", || server.gauges.streams() == 0).await;
    server.house.events.events().list_changed(&name("notes"), Kind::Tools);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut conn = get(&server, &session, None).await;
    conn.head().await.unwrap();
    assert_eq!(conn.event().await.unwrap().id.as_deref(), Some("0-1"));
    drop(conn);
    let mut again = get(&server, &session, Some("0-0")).await;
    again.head().await.unwrap();
    assert_eq!(again.event().await.unwrap().id.as_deref(), Some("0-1"), "replayed");
}

#[tokio::test]
async fn a_second_stream_replaces_the_first() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let mut first = get(&server, &session, None).await;
    first.head().await.unwrap();
    let mut second = get(&server, &session, None).await;
    second.head().await.unwrap();
    assert_eq!(first.event().await, None);
    until("one is left", || server.gauges.streams() == 1).await;
}

// g-http-39
#[tokio::test]
async fn streams_of_one_principal_are_bounded_and_others_are_served() {
    let server = Server::with(|s| s.limits.streams = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let session = server.session("2025-11-25", "{}").await;
        let mut conn = get(&server, &session, None).await;
        assert_eq!(conn.head().await.unwrap().status, 200);
        open.push(conn);
    }
    let session = server.session("2025-11-25", "{}").await;
    let reply = get(&server, &session, None).await.reply().await;
    assert_eq!((reply.status, reply.why().as_str()), (429, "too_many_sessions"));
    let mut bob = server.connect().await;
    let key = format!("Bearer {}", server.house.bob);
    let hello = crate::support::initialize("2025-11-25", "{}");
    bob.send("POST", "/mcp", &[("Authorization", &key)], &hello).await;
    let session = bob.reply().await.header("mcp-session-id").unwrap().to_owned();
    bob.send("GET", "/mcp", &[("Authorization", &key), ("Mcp-Session-Id", &session)], "").await;
    assert_eq!(bob.head().await.unwrap().status, 200);
}

// g-http-41
#[tokio::test]
async fn a_reconnect_storm_is_turned_away() {
    let second = Duration::from_mins(1);
    let server = Server::with(|s| s.limits.reconnects = identity::Rate::new(20, second)).await;
    let session = server.session("2025-11-25", "{}").await;
    let mut refused = 0;
    for _ in 0..40 {
        let mut conn = get(&server, &session, Some("5-1")).await;
        let head = conn.head().await.unwrap();
        if head.status == 429 {
            assert!(head.header("retry-after").is_some());
            refused += 1;
        }
    }
    assert_eq!(refused, 20);
}

// b-front-01
#[tokio::test]
async fn silent_streams_and_old_ones_are_closed_and_the_session_stays() {
    let server = Server::with(|s| s.limits.stream_idle = Duration::from_millis(150)).await;
    let session = server.session("2025-11-25", "{}").await;
    let mut conn = get(&server, &session, None).await;
    conn.head().await.unwrap();
    assert_eq!(conn.event().await, None);
    assert_eq!(post(&server, &session, "ping", json!({})).await, 0);
    let old = Server::with(|s| s.limits.stream_life = Duration::from_millis(150)).await;
    let session = old.session("2025-11-25", "{}").await;
    let mut conn = get(&old, &session, None).await;
    conn.head().await.unwrap();
    assert_eq!(conn.event().await, None);
}

#[tokio::test]
async fn a_stream_needs_a_client_that_takes_one() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str()), ("Accept", "application/json")];
    assert_eq!(server.send("GET", "/mcp", &headers, "").await.status, 406);
}

#[tokio::test]
async fn ending_the_session_or_the_gate_ends_the_stream() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let mut conn = get(&server, &session, None).await;
    conn.head().await.unwrap();
    server.send("DELETE", "/mcp", &[("Mcp-Session-Id", &session)], "").await;
    assert_eq!(conn.event().await, None);
    until("nobody watches", || server.house.gate.watching() == 0).await;
    let session = server.session("2025-11-25", "{}").await;
    let mut conn = get(&server, &session, None).await;
    conn.head().await.unwrap();
    let (_, served) = soon(server.stop()).await;
    assert_eq!(conn.event().await, None);
    assert_eq!(served.cut_off, 0);
}
