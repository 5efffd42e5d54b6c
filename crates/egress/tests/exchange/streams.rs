use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use egress::{Kind, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::server::{Server, ask, eventually, post, request};

const SSE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn pieces_of_a_stream_come_as_they_are_sent_and_the_connection_is_kept_after_them() {
    let next = Arc::new(Notify::new());
    let signal = next.clone();
    let server = Server::start(move |mut stream, _| {
        let next = next.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(SSE.as_bytes()).await.unwrap();
            for piece in ["6\r\nfirst \r\n", "6\r\nsecond\r\n", "0\r\n\r\n"] {
                next.notified().await;
                stream.write_all(piece.as_bytes()).await.unwrap();
            }
            request(&mut stream).await;
        }
    })
    .await;
    let client = server.client();
    let mut body = post(&client).await.unwrap().body;
    for want in [Some("first "), Some("second"), None] {
        // A wait that is given up loses nothing.
        let wait = tokio::time::timeout(Duration::from_millis(20), body.next_chunk(None)).await;
        assert!(wait.is_err());
        signal.notify_one();
        assert_eq!(body.next_chunk(None).await.unwrap().as_deref(), want.map(str::as_bytes));
    }
    assert_eq!(client.idle(), 1);
    assert_eq!(body.next_chunk(None).await.unwrap(), None);
}

#[tokio::test]
async fn a_silent_stream_ends_at_the_idle_limit_of_its_reader() {
    let server = Server::answering(SSE).await;
    let client = server.client();
    let mut body = post(&client).await.unwrap().body;
    let error = body.next_chunk(Some(Duration::from_millis(100))).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Idle));
    assert_eq!(client.idle(), 0);
}

/// A server that counts its connections closed by the client.
async fn watching(reply: &'static str, closed: Arc<AtomicUsize>) -> Server {
    Server::start(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(reply.as_bytes()).await.unwrap();
            while !matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)) {}
            closed.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await
}

#[tokio::test]
async fn dropping_a_reply_half_way_closes_its_connection() {
    let closed = Arc::new(AtomicUsize::new(0));
    let server = watching(SSE, closed.clone()).await;
    let client = server.client();
    let response = post(&client).await.unwrap();
    assert_eq!(closed.load(Ordering::SeqCst), 0);
    drop(response);
    assert!(eventually(|| closed.load(Ordering::SeqCst) == 1).await);
}

#[tokio::test]
async fn dropping_a_request_half_way_closes_its_connection() {
    let closed = Arc::new(AtomicUsize::new(0));
    let server = watching("", closed.clone()).await;
    let client = server.client();
    let wait = tokio::time::timeout(Duration::from_millis(100), post(&client)).await;
    assert!(wait.is_err());
    assert!(eventually(|| closed.load(Ordering::SeqCst) == 1).await);
    assert_eq!(client.idle(), 0);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_body_is_an_error() {
    for head in
        ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", &format!("{SSE}4\r\nhalf\r\n")]
    {
        let head: &'static str = head.to_owned().leak();
        let server = Server::start(move |mut stream, _| async move {
            request(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
        })
        .await;
        let client = server.client();
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Reset, "{error}");
        assert!(error.sent());
    }
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_sender() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let server = Server::start(move |mut stream, _| {
        let count = count.clone();
        async move {
            request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
                .await
                .unwrap();
            let piece = vec![b'x'; 65536];
            while stream.write_all(&piece).await.is_ok() {
                count.fetch_add(65536, Ordering::SeqCst);
            }
        }
    })
    .await;
    let client = server.client();
    let mut body = post(&client).await.unwrap().body;
    body.next_chunk(None).await.unwrap();
    let mut last = 0;
    // Wait until socket buffers are full and nothing moves any more.
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = written.load(Ordering::SeqCst);
        if now == last {
            break;
        }
        last = now;
    }
    assert_eq!(last, written.load(Ordering::SeqCst));
    assert!(last < 64 << 20, "{last} bytes left the sender although nobody read them");
}

#[tokio::test]
async fn a_204_is_a_reply_without_a_body() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = server.client();
    for _ in 0..2 {
        let response = post(&client).await.unwrap();
        assert_eq!(response.status, 204);
        assert!(response.body.collect(10).await.unwrap().is_empty());
    }
    assert_eq!(server.accepted(), 1);
}
