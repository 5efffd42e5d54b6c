//! HTTP/1.1 as attackers write it (RFC 9112), and bodies beyond their bounds.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::support::{Server, initialize};

fn head(server: &Server, rest: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{rest}",
        server.at, server.house.alice
    )
}

/// Sends raw bytes; the status of the first answer, and whether the connection is closed afterwards.
async fn raw(server: &Server, text: &str) -> (u16, bool, String) {
    let mut conn = server.connect().await;
    conn.write(text).await;
    let Some(first) = conn.head().await else { return (0, true, String::new()) };
    let guard = first.header("x-content-type-options").unwrap_or_default().to_owned();
    (first.status, conn.is_closed().await, guard)
}

// g-http-15 to g-http-21
#[tokio::test]
async fn ambiguous_framing_is_refused_and_the_connection_closed() {
    let server = Server::start().await;
    // Read leniently, as chunks alone, this would open a session.
    let hello = initialize("2025-11-25", "{}");
    let hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let smuggled = format!("{:x}\r\n{hello}\r\n0\r\n\r\n{hidden}", hello.len());
    for (what, text) in [
        (
            "length, then chunks",
            head(
                &server,
                &format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{smuggled}"),
            ),
        ),
        (
            "chunks, then length",
            head(
                &server,
                &format!("Transfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n{smuggled}"),
            ),
        ),
        ("unknown coding", head(&server, "Transfer-Encoding: xchunked\r\n\r\n")),
        (
            "coding after chunked",
            head(&server, "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        ),
        ("two lengths", head(&server, "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")),
        ("signed length", head(&server, "Content-Length: +5\r\n\r\nhello")),
        ("folded header", head(&server, "X-A: b\r\n c: d\r\nContent-Length: 2\r\n\r\n{}")),
        ("space before the colon", head(&server, "Content-Length : 5\r\n\r\nhello")),
        ("bare CR", head(&server, "X-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\n{}")),
        ("NUL", head(&server, "X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}")),
        (
            "chunks in 1.0",
            head(&server, "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                .replace("HTTP/1.1", "HTTP/1.0"),
        ),
        (
            "chunk size overflow",
            head(&server, "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n"),
        ),
        (
            "chunk size with junk",
            head(&server, "Transfer-Encoding: chunked\r\n\r\n5 g\r\nhello\r\n0\r\n\r\n"),
        ),
        ("no version", "GET /mcp\r\n\r\n".to_owned()),
    ] {
        let (status, closed, guard) = raw(&server, &text).await;
        assert!([400, 501].contains(&status), "{what}: {status}");
        assert!(closed, "{what}: the connection stays open");
        assert_eq!(guard, "nosniff", "{what}");
    }
    assert_eq!(server.gauges.sessions(), 0, "nothing was let in");
}

// g-http-23
#[tokio::test]
async fn two_requests_in_one_write_are_answered_in_order() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let body = initialize("2025-11-25", "{}");
    let first = head(&server, &format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let second = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.at);
    conn.write(&format!("{first}{second}")).await;
    let first = conn.reply().await;
    assert_eq!((first.status, first.json()["id"].as_i64()), (200, Some(1)));
    let second = conn.reply().await;
    assert_eq!((second.status, second.body.as_str()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn a_chunked_body_after_a_sized_one_is_no_attack() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let body = initialize("2025-11-25", "{}");
    conn.write(&head(&server, &format!("Content-Length: {}\r\n\r\n{body}", body.len()))).await;
    assert_eq!(conn.reply().await.status, 200);
    let (a, b) = body.split_at(20);
    let chunks = format!("{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n", a.len(), b.len());
    conn.write(&head(&server, &format!("Transfer-Encoding: chunked\r\n\r\n{chunks}"))).await;
    assert_eq!(conn.reply().await.status, 200);
}

// v-body-07, v-body-08, g-protocol-12, b-front-07
#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let server = Server::start().await;
    let hello = initialize("2025-11-25", "{}");
    let exact = format!("{hello}{}", " ".repeat(1_048_576 - hello.len()));
    assert_eq!(server.post(&[], &exact).await.status, 200);
    let over = server.post(&[], &format!("{exact} ")).await;
    assert_eq!((over.status, over.why().as_str()), (413, "too_large"));
    let mut conn = server.connect().await;
    conn.write(&head(&server, "Content-Length: 1073741824\r\n\r\n")).await;
    let reply = conn.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
}

// g-protocol-13
#[tokio::test]
async fn a_chunked_body_without_end_is_refused_at_the_limit() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    conn.write(&head(&server, "Transfer-Encoding: chunked\r\n\r\n")).await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut sent = 0;
    while sent < 64 && conn.stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
        if sent > 17 && conn.stream.ready(tokio::io::Interest::READABLE).await.is_ok() {
            break;
        }
    }
    assert_eq!(conn.reply().await.status, 413);
    assert!(sent < 64);
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let server = Server::start().await;
    let many = "X-A: b\r\n".repeat(200);
    let (status, closed, _) = raw(&server, &head(&server, &format!("{many}\r\n"))).await;
    assert!(closed && (status == 431 || status == 400), "{status}");
    let large = format!("X-A: {}\r\n", "b".repeat(20_000));
    let (status, closed, _) = raw(&server, &head(&server, &format!("{large}\r\n"))).await;
    assert!(closed && (status == 431 || status == 400), "{status}");
    let strict = Server::with(|s| s.limits.headers = 10).await;
    let (status, closed, _) =
        raw(&strict, &head(&strict, &format!("{}\r\n", "X-A: b\r\n".repeat(10)))).await;
    assert!(closed && (status == 431 || status == 400), "{status}");
    assert_eq!(strict.send("GET", "/healthz", &[], "").await.status, 200);
}

// g-http-47
#[tokio::test]
async fn slow_heads_slow_bodies_and_idle_connections_are_closed() {
    let server = Server::with(|s| {
        s.limits.header_time = Duration::from_millis(300);
        s.limits.body_time = Duration::from_millis(300);
        s.limits.idle = Duration::from_millis(600);
    })
    .await;
    let mut silent = server.connect().await;
    let mut trickle = server.connect().await;
    trickle.write("POST /mcp HTTP/1.1\r\nHo").await;
    let mut late = server.connect().await;
    late.write(&head(&server, "Content-Length: 100\r\n\r\n{")).await;
    let mut idle = server.connect().await;
    idle.send("GET", "/healthz", &[], "").await;
    assert_eq!(idle.reply().await.status, 200);
    assert_eq!(late.reply().await.status, 408);
    for conn in [&mut silent, &mut trickle, &mut late, &mut idle] {
        assert!(conn.closes_within(Duration::from_secs(3)).await);
    }
}

// g-http-46
#[tokio::test]
async fn a_client_that_closes_its_sending_side_still_gets_its_answer() {
    let server = Server::start().await;
    server.house.notes.answers(crate::support::Script::Wait);
    let session = server.session("2025-11-25", "{}").await;
    for era in ["legacy", "modern"] {
        let mut conn = server.connect().await;
        let key = format!("Bearer {}", server.house.alice);
        let arguments = serde_json::json!({"text": era});
        if era == "legacy" {
            let headers = [("Authorization", key.as_str()), ("Mcp-Session-Id", &session)];
            conn.send("POST", "/mcp", &headers, &crate::support::call(2, &arguments)).await;
        } else {
            let mut headers = crate::support::modern_headers("tools/call", "notes__echo");
            headers.push(("Authorization", &key));
            let params = serde_json::json!({"name": "notes__echo", "arguments": arguments});
            let text = crate::support::modern("tools/call", params, &serde_json::json!({}));
            conn.send("POST", "/mcp", &headers, &text).await;
        }
        conn.stream.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.house.notes.go_on.notify_one();
        let body = conn.reply().await.body;
        assert!(body.contains(&format!(r#"{{\"text\":\"{era}\"}}"#)), "{body}");
    }
}

#[tokio::test]
async fn the_beginning_of_a_head_that_was_sent_ahead_has_the_time_of_a_head() {
    let server = Server::with(|s| {
        s.limits.header_time = Duration::from_millis(300);
        s.limits.idle = Duration::from_hours(1);
    })
    .await;
    let mut conn = server.connect().await;
    let whole = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.at);
    conn.write(&format!("{whole}POST /mcp HT")).await;
    assert_eq!(conn.reply().await.status, 200);
    assert!(conn.closes_within(Duration::from_secs(10)).await);
}
