use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use egress::{Kind, Limits};
use http::{HeaderMap, HeaderValue, Method};
use tokio::io::AsyncWriteExt;

use crate::server::{Server, ask, eventually, post, request, soon};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn exchanges_one_after_the_other_share_a_connection() {
    let server = Server::answering(OK).await;
    let client = server.client();
    for _ in 0..20 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
    }
    assert_eq!((server.accepted(), client.dialled(), client.idle()), (1, 1, 1));
}

#[tokio::test]
async fn exchanges_at_the_same_time_have_a_connection_each_and_few_are_kept() {
    let server = Server::answering(OK).await;
    let client = server.client_with(Limits { max_idle: 2, ..Limits::default() });
    let open =
        [post(&client).await.unwrap(), post(&client).await.unwrap(), post(&client).await.unwrap()];
    // A reply whose body is still unread holds its connection.
    assert_eq!((server.accepted(), client.idle()), (3, 0));
    for response in open {
        response.body.collect(10).await.unwrap();
    }
    assert_eq!(client.idle(), 2);
}

#[tokio::test]
async fn many_tasks_on_many_threads_lose_nothing() {
    let server = Server::answering(OK).await;
    let client = server.client();
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    assert_eq!(ask(&client).await.unwrap(), "ok");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(client.dialled() <= 16, "{}", client.dialled());
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_without_a_word() {
    // Each connection answers once, without saying that it will close, and closes a moment later.
    let server = Server::start(|mut stream, _| async move {
        request(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
    })
    .await;
    let client = server.client();
    for round in 1..=5 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
        assert_eq!(server.accepted(), round);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test]
async fn a_request_the_peer_may_have_seen_is_never_sent_twice() {
    let seen = Arc::new(Mutex::new(0));
    let count = seen.clone();
    let server = Server::start(move |mut stream, _| {
        let count = count.clone();
        async move {
            request(&mut stream).await;
            *count.lock().unwrap() += 1;
            stream.write_all(OK.as_bytes()).await.unwrap();
            if request(&mut stream).await.is_some() {
                *count.lock().unwrap() += 1;
            }
        }
    })
    .await;
    let client = server.client();
    ask(&client).await.unwrap();
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Reset);
    assert!(error.sent() && !error.retry_safe());
    assert_eq!((*seen.lock().unwrap(), server.accepted()), (2, 1));
}

#[tokio::test]
async fn connection_close_and_http_1_0_are_not_kept() {
    for reply in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        let server = Server::answering(reply).await;
        let client = server.client();
        assert_eq!(ask(&client).await.unwrap(), "ok");
        assert_eq!(client.idle(), 0, "{reply}");
    }
}

#[tokio::test]
async fn idle_connections_are_closed_after_their_time() {
    let server = Server::answering(OK).await;
    let keep = Duration::from_millis(100);
    let client = server.client_with(Limits { keep, ..Limits::default() });
    ask(&client).await.unwrap();
    assert_eq!(client.idle(), 1);
    assert!(eventually(|| client.idle() == 0).await);
    // And again: the sweeper that ended is started anew.
    ask(&client).await.unwrap();
    assert!(eventually(|| client.idle() == 0).await);
}

#[tokio::test]
async fn bytes_nobody_asked_for_spoil_the_connection() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")
            .await;
    let client = server.client();
    for round in 1..=3 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
        assert_eq!(server.accepted(), round);
    }
}

#[tokio::test]
async fn a_request_is_written_as_promised() {
    let heads = Arc::new(Mutex::new(String::new()));
    let seen = heads.clone();
    let server = Server::start(move |mut stream, _| {
        let seen = seen.clone();
        async move {
            while let Some(head) = request(&mut stream).await {
                *seen.lock().unwrap() = head;
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let client = server.client();
    let mut headers = HeaderMap::new();
    headers.insert("mcp-method", HeaderValue::from_static("tools/call"));
    for (name, value) in [
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
        ("connection", "close"),
        ("host", "elsewhere.example"),
        ("accept-encoding", "gzip"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let body = Bytes::from_static(b"hello");
    let path = "/other?x=1".parse().unwrap();
    client.send(Method::POST, Some(&path), headers, body, soon()).await.unwrap();
    let text = heads.lock().unwrap().clone();
    assert!(text.starts_with("POST /other?x=1 HTTP/1.1\r\n"), "{text}");
    for line in [
        format!("host: {}", server.address),
        "accept-encoding: identity".to_owned(),
        "content-length: 5".to_owned(),
        "mcp-method: tools/call".to_owned(),
    ] {
        assert_eq!(text.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line} in {text}");
    }
    for never in ["chunked", "elsewhere", "gzip", "connection"] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    assert!(text.ends_with("\r\n\r\nhello"));

    client.send(Method::POST, None, HeaderMap::new(), Bytes::new(), soon()).await.unwrap();
    let text = heads.lock().unwrap().clone();
    assert!(text.starts_with("POST /mcp?key=hunter2 HTTP/1.1\r\n"), "{text}");
    assert_eq!(text.matches("content-length: 0\r\n").count(), 1, "{text}");
}
