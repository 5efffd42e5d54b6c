//! Nothing grows without bound and nothing leaks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::support::{Conn, Script, Server, call, modern, modern_headers, until};

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test]
async fn connections_opened_and_dropped_leave_nothing_behind() {
    let server = Server::start().await;
    server.session("2025-11-25", "{}").await;
    let before = descriptors();
    for round in 0..20 {
        let mut some = Vec::new();
        for n in 0..100 {
            let mut conn = server.connect().await;
            match (round + n) % 4 {
                0 => conn.write("POST /mcp HTTP/1.1\r\nHost:").await,
                1 => conn.send("GET", "/healthz", &[], "").await,
                2 => conn.write("PRI * HTTP/2.0\r\n\r\n").await,
                _ => {}
            }
            some.push(conn);
        }
    }
    until("all connections are gone", || server.gauges.connections() == 0).await;
    // Other tests run beside this one and hold descriptors of their own.
    assert!(descriptors() < before + 500, "{before} before, {} after", descriptors());
    assert_eq!(server.gauges.streams(), 0);
    let (_, served) = server.stop().await;
    assert!(served.connections >= 2000);
    assert_eq!(served.cut_off, 0);
}

#[tokio::test]
async fn connections_beyond_the_bounds_are_closed_at_once() {
    let server = Server::with(|s| s.limits.connections = 2).await;
    let mut open: Vec<Conn> = Vec::new();
    for _ in 0..2 {
        let mut conn = server.connect().await;
        conn.send("GET", "/healthz", &[], "").await;
        assert_eq!(conn.reply().await.status, 200);
        open.push(conn);
    }
    let mut third = server.connect().await;
    assert!(third.closes_within(Duration::from_secs(2)).await);
    assert_eq!(server.gauges.refused(), 1);
    drop(open);
    until("there is room again", || server.gauges.connections() == 0).await;
    let mut conn = server.connect().await;
    conn.send("GET", "/healthz", &[], "").await;
    assert_eq!(conn.reply().await.status, 200);
    let server = Server::with(|s| s.limits.connections_per_address = 1).await;
    let mut first = server.connect().await;
    first.send("GET", "/healthz", &[], "").await;
    assert_eq!(first.reply().await.status, 200);
    assert!(server.connect().await.closes_within(Duration::from_secs(2)).await);
}

// g-http-40
#[tokio::test]
async fn a_client_that_stops_reading_holds_the_source_back_and_is_dropped() {
    let server = Server::with(|s| s.limits.stall = Duration::from_millis(800)).await;
    server.house.notes.answers(Script::Flood);
    let session = server.session("2025-11-25", "{}").await;
    for era in ["legacy", "modern"] {
        server.house.notes.notices.store(0, Ordering::SeqCst);
        let mut conn = server.connect().await;
        let key = format!("Bearer {}", server.house.alice);
        let meta = json!({"io.modelcontextprotocol/logLevel": "debug"});
        let params = json!({"name": "notes__echo"});
        let text = modern("tools/call", params, &meta);
        let mut headers = vec![("Authorization", key.as_str())];
        if era == "modern" {
            headers.extend(modern_headers("tools/call", "notes__echo"));
            conn.send("POST", "/mcp", &headers, &text).await;
        } else {
            headers.push(("Mcp-Session-Id", session.as_str()));
            conn.send("POST", "/mcp", &headers, &call(2, &json!({}))).await;
        }
        let mut byte = [0; 1];
        conn.stream.read_exact(&mut byte).await.unwrap();
        let sent = || server.house.notes.notices.load(Ordering::SeqCst);
        let mut before = 0;
        until("the source waits", || {
            let now = sent();
            let still = now == before && now > 0;
            before = now;
            std::thread::sleep(Duration::from_millis(30));
            still
        })
        .await;
        assert!(sent() < 20_000, "{} KiB were taken in", sent());
        if era == "modern" {
            until("it was cancelled", || server.house.notes.cancelled() >= 1).await;
        } else {
            let cancel =
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
            server.post(&[("Mcp-Session-Id", &session)], cancel).await;
            until("it was cancelled", || server.house.notes.cancelled() >= 1).await;
            server.house.notes.cancelled.store(0, Ordering::SeqCst);
        }
        until("its stream is gone", || server.gauges.streams() == 0).await;
    }
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Bytes(3_000_000));
    let session = server.session("2025-11-25", "{}").await;
    let reply = server.post(&[("Mcp-Session-Id", &session)], &call(2, &json!({}))).await;
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
    assert_eq!(reply.json()["result"]["content"][0]["text"].as_str().unwrap().len(), 3_000_000);
}

#[tokio::test]
async fn a_thousand_idle_streams_cost_little_and_leave_nothing() {
    let server = Server::with(|s| {
        s.limits.streams = 2000;
        s.limits.sessions = 2000;
        s.limits.opens = identity::Rate::new(5000, Duration::from_mins(1));
        s.limits.reconnects = identity::Rate::new(5000, Duration::from_mins(1));
        s.limits.connections_per_address = 4000;
    })
    .await;
    let key = format!("Bearer {}", server.house.alice);
    let body = modern("subscriptions/listen", json!({"notifications": {}}), &json!({}));
    let mut headers = modern_headers("subscriptions/listen", "");
    headers.push(("Authorization", &key));
    let before = resident();
    let mut open = Vec::new();
    for _ in 0..1000 {
        let mut conn = server.connect().await;
        conn.send("POST", "/mcp", &headers, &body).await;
        conn.message_after_head().await;
        open.push(conn);
    }
    assert_eq!(server.gauges.streams(), 1000);
    // Both ends live in this process, so the bound is a loose one.
    let each = resident().saturating_sub(before) / 1000;
    assert!(each < 150_000, "{each} bytes for each stream, both ends");
    drop(open);
    until("all are gone", || server.gauges.streams() == 0 && server.house.gate.watching() == 0)
        .await;
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn requests_in_flight_are_finished_when_the_gate_stops_and_late_ones_are_cut_off() {
    let server = Server::with(|s| s.limits.grace = Duration::from_millis(500)).await;
    server.house.notes.answers(Script::Wait);
    let session = server.session("2025-11-25", "{}").await;
    let key = format!("Bearer {}", server.house.alice);
    let headers = [("Authorization", key.as_str()), ("Mcp-Session-Id", &session)];
    let (mut done, mut late) = (server.connect().await, server.connect().await);
    done.send("POST", "/mcp", &headers, &call(1, &json!({}))).await;
    until("the first began", || server.house.notes.called() == 1).await;
    late.send("POST", "/mcp", &headers, &call(2, &json!({}))).await;
    until("both began", || server.house.notes.called() == 2).await;
    let go_on = server.house.notes.go_on.clone();
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    go_on.notify_one();
    assert_eq!(done.reply().await.json()["id"], 1);
    let (_, served) = stopping.await.unwrap();
    assert_eq!(served.cut_off, 1);
    assert!(late.head().await.is_none());
}
