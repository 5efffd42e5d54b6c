//! HTTP/1.1 as clients speak it, old ones and hasty ones too: what is answered, in which order, and what becomes of the connection.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::support::{Conn, Script, Server, call, initialize, until};

const HEALTHY: &str = r#"{"status":"ok"}"#;

fn post(server: &Server, fields: &str, body: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nAccept: application/json\r\n{fields}\r\n{body}",
        server.at, server.house.alice
    )
}

fn sized(server: &Server, body: &str) -> String {
    post(server, &format!("Content-Length: {}\r\n", body.len()), body)
}

fn health(server: &Server, method: &str, version: &str, fields: &str) -> String {
    format!("{method} /healthz HTTP/{version}\r\nHost: {}\r\n{fields}\r\n", server.at)
}

/// Whether the connection still serves.
async fn serves(server: &Server, conn: &mut Conn) -> bool {
    conn.write(&health(server, "GET", "1.1", "")).await;
    conn.head().await.is_some_and(|head| head.status == 200)
}

#[tokio::test]
async fn a_request_is_the_same_in_whatever_pieces_it_comes() {
    let server = Server::start().await;
    let hello = initialize("2025-11-25", "{}");
    let chunks = format!(
        "4\r\n{}\r\n{:x};x=y\r\n{}\r\n0\r\nA: b\r\n\r\n",
        &hello[..4],
        hello.len() - 4,
        &hello[4..]
    );
    for text in [sized(&server, &hello), post(&server, "Transfer-Encoding: chunked\r\n", &chunks)] {
        for piece in [1, 7, 100, 1000] {
            let mut conn = server.connect().await;
            for some in text.as_bytes().chunks(piece) {
                conn.write(std::str::from_utf8(some).unwrap()).await;
                tokio::task::yield_now().await;
            }
            let reply = conn.reply().await;
            assert_eq!((reply.status, reply.json()["id"].as_i64()), (200, Some(1)), "by {piece}");
            assert!(serves(&server, &mut conn).await);
        }
    }
}

#[tokio::test]
async fn a_long_message_and_a_short_one_after_it_arrive_whole() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let mut conn = server.connect().await;
    for length in [700_000, 10, 90_000] {
        let text = "x".repeat(length);
        let body = call(2, &json!({"text": text}));
        let fields = format!("Mcp-Session-Id: {session}\r\nContent-Length: {}\r\n", body.len());
        conn.write(&post(&server, &fields, &body)).await;
        let reply = conn.reply().await;
        assert!(reply.body.contains(&text), "{length}");
    }
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_message_is_asked_once_it_may_send_it() {
    let server = Server::start().await;
    let hello = initialize("2025-11-25", "{}");
    let fields = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", hello.len());
    let mut conn = server.connect().await;
    conn.write(&post(&server, &fields, "")).await;
    assert_eq!(conn.head().await.unwrap().status, 100);
    conn.write(&hello).await;
    assert_eq!(conn.reply().await.status, 200);
    let mut stranger = server.connect().await;
    stranger.write(&post(&server, &fields, "").replace("Bearer ", "Bearer x")).await;
    let reply = stranger.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")), "never asked");
    let mut hasty = server.connect().await;
    hasty.write(&post(&server, &fields, &hello)).await;
    assert_eq!(hasty.reply().await.status, 200, "what is there need not be asked for");
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order_and_none_before_the_one_in_front_of_it() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Wait);
    let session = server.session("2025-11-25", "{}").await;
    let slow = call(7, &json!({"text": "slow"}));
    let fields = format!("Mcp-Session-Id: {session}\r\nContent-Length: {}\r\n", slow.len());
    let mut conn = server.connect().await;
    let ahead = health(&server, "GET", "1.1", "").repeat(20);
    conn.write(&format!("{}{ahead}", post(&server, &fields, &slow))).await;
    until("the slow one is with the source", || {
        server.house.notes.calls.load(Ordering::SeqCst) > 0
    })
    .await;
    server.house.notes.go_on.notify_one();
    assert_eq!(conn.reply().await.json()["id"], 7);
    for _ in 0..20 {
        assert_eq!(conn.reply().await.body, HEALTHY);
    }
}

#[tokio::test]
async fn a_message_that_nobody_reads_is_left_out_or_ends_the_connection() {
    let server = Server::start().await;
    let nowhere = |length: usize, body: &str| {
        format!("POST /x HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n{body}", server.at)
    };
    // What is no request to anybody is not taken for one.
    let hidden = health(&server, "GET", "1.1", "");
    let mut conn = server.connect().await;
    conn.write(&nowhere(hidden.len(), &hidden)).await;
    assert_eq!(conn.reply().await.status, 404);
    assert!(serves(&server, &mut conn).await);
    let mut conn = server.connect().await;
    conn.write(&nowhere(hidden.len() + 1, &hidden)).await;
    let reply = conn.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (404, Some("close")));
    assert!(conn.is_closed().await);
}

#[tokio::test]
async fn head_is_answered_with_a_head_alone() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    conn.write(&health(&server, "HEAD", "1.1", "")).await;
    let head = conn.head().await.unwrap();
    assert_eq!(head.status, 405);
    assert!(head.header("content-length").unwrap().parse::<usize>().unwrap() > 0);
    assert!(serves(&server, &mut conn).await, "no body came behind it");
}

#[tokio::test]
async fn clients_of_http_1_0_are_answered_as_they_know_it() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    conn.write(&health(&server, "GET", "1.0", "")).await;
    let reply = conn.reply().await;
    assert_eq!((reply.body.as_str(), reply.header("connection")), (HEALTHY, Some("close")));
    assert!(conn.is_closed().await);
    let mut conn = server.connect().await;
    for _ in 0..2 {
        conn.write(&health(&server, "GET", "1.0", "Connection: keep-alive\r\n")).await;
        let reply = conn.reply().await;
        assert_eq!(
            (reply.body.as_str(), reply.header("connection")),
            (HEALTHY, Some("keep-alive"))
        );
    }
    // A stream has no chunks there: it ends with the connection.
    let session = server.session("2025-11-25", "{}").await;
    let body = call(2, &json!({"text": "old"}));
    let fields = format!("Mcp-Session-Id: {session}\r\nContent-Length: {}\r\n", body.len());
    let events = post(&server, &fields, &body)
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace("Accept: application/json", "Accept: text/event-stream");
    conn.write(&events).await;
    let head = conn.head().await.unwrap();
    assert_eq!((head.status, head.header("transfer-encoding")), (200, None));
    let text = conn.rest().await;
    assert!(text.contains("data: {") && text.contains(r#"\"old\""#), "{text}");
}

#[tokio::test]
async fn a_client_that_asks_for_the_end_of_the_connection_gets_its_answer_first() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    conn.write(&health(&server, "GET", "1.1", "Connection: close\r\n")).await;
    let reply = conn.reply().await;
    assert_eq!((reply.body.as_str(), reply.header("connection")), (HEALTHY, Some("close")));
    assert!(conn.is_closed().await);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_why_and_every_answer_when_it_was_made() {
    let server = Server::start().await;
    for (text, status, why) in [
        (
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            400,
            "sent two lengths for one body",
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            400,
            "sent a body in another transfer coding than chunked",
        ),
        ("\u{16}\u{3}\u{1} TLS\r\n\r\n", 400, "sent a head that is no HTTP/1.1"),
        (
            &format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(20_000)),
            431,
            "sent a head of more than 16384 bytes",
        ),
    ] {
        let mut conn = server.connect().await;
        conn.write(text).await;
        let reply = conn.reply().await;
        assert_eq!((reply.status, reply.header("connection")), (status, Some("close")), "{why}");
        let error = &reply.json()["error"];
        assert_eq!(error["code"], "bad_request");
        assert_eq!(error["message"], format!("this request cannot be read: the client {why}"));
        let date = httpdate::parse_http_date(reply.header("date").unwrap()).unwrap();
        assert!(date.elapsed().unwrap() < std::time::Duration::from_mins(1));
        assert!(conn.is_closed().await);
    }
}
