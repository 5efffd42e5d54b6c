use std::time::Duration;

use bytes::Bytes;
use egress::{Deadline, ExchangeOptions, Kind, Limits, Phase};
use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::server::{Server, ask, eventually, outgoing, post, request, soon};

/// A server that writes `head`, then `piece` again and again with `pause` between.
async fn dripping(head: &'static str, piece: Vec<u8>, pause: Duration) -> Server {
    Server::start(move |mut stream, _| {
        let piece = piece.clone();
        async move {
            request(&mut stream).await;
            let mut open = stream.write_all(head.as_bytes()).await;
            while open.is_ok() {
                tokio::time::sleep(pause).await;
                open = stream.write_all(&piece).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_peer_that_accepts_and_never_answers_is_left_after_the_configured_time() {
    let server = Server::start(|mut stream, _| async move {
        while request(&mut stream).await.is_some() {}
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let client =
        server.client_with(Limits { first_byte: Duration::from_secs(2), ..Limits::default() });
    let start = Instant::now();
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::FirstByte));
    assert!(error.sent() && !error.retry_safe());
    assert!((2.0..2.6).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());

    // The deadline of a call wins over a longer limit.
    let client = server.client();
    let start = Instant::now();
    let deadline = Deadline::after(Duration::from_millis(200));
    let error = client
        .send(Method::POST, None, HeaderMap::new(), Bytes::new(), deadline)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::FirstByte));
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_body_that_drips_ends_at_the_total_limit() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let server = dripping(head, b"x".to_vec(), Duration::from_millis(20)).await;
    let client =
        server.client_with(Limits { total: Duration::from_millis(300), ..Limits::default() });
    let start = Instant::now();
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Total));
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(client.idle(), 0);
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_unread() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n").await;
    let client = server.client();
    let start = Instant::now();
    let error = post(&client).await.unwrap().body.collect(1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn reading_stops_at_the_cap_when_the_length_is_unknown() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut piece = b"1000\r\n".to_vec();
    piece.extend_from_slice(&[b'x'; 4096]);
    piece.extend_from_slice(b"\r\n");
    let server = dripping(head, piece, Duration::ZERO).await;
    let client = server.client_with(Limits { max_body: 100_000, ..Limits::default() });
    let error = post(&client).await.unwrap().body.collect(usize::MAX).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!(client.idle(), 0);
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_whole() {
    for (cap, fits) in [(5, true), (4, false)] {
        for reply in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        ] {
            let server = Server::answering(reply).await;
            let client = server.client();
            let body = post(&client).await.unwrap().body.collect(cap).await;
            assert_eq!(
                body.map_err(|e| e.kind()),
                if fits { Ok("hello".into()) } else { Err(Kind::TooLarge) }
            );
            assert!(!fits || client.idle() == 1);
        }
    }
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(65));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(40 << 10));
    for reply in [many, long] {
        let server = Server::answering(reply.leak()).await;
        let error = ask(&server.client()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge, "{error}");
    }
}

#[tokio::test]
async fn megabytes_arrive_whole() {
    let body: Vec<u8> =
        (0..5_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let sent = body.clone();
    let server = Server::start(move |mut stream, _| {
        let body = sent.clone();
        async move {
            while request(&mut stream).await.is_some() {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(&body).await.unwrap();
            }
        }
    })
    .await;
    let client = server.client();
    for _ in 0..3 {
        let got = post(&client).await.unwrap().body.collect(8 << 20).await.unwrap();
        assert!(got == body);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_large_request_is_written_whole_while_the_peer_reads_slowly() {
    let server = Server::start(|mut stream, _| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let length = request(&mut stream).await.unwrap().split_once("\r\n\r\n").unwrap().1.len();
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{length:07}");
        stream.write_all(reply.as_bytes()).await.unwrap();
    })
    .await;
    let client = server.client();
    let body = Bytes::from(vec![b'x'; 1_500_000]);
    let deadline = Deadline::after(Duration::from_secs(20));
    let reply = client.send(Method::POST, None, HeaderMap::new(), body, deadline).await.unwrap();
    assert_eq!(reply.body.collect(10).await.unwrap(), "1500000");
}

#[tokio::test]
async fn an_answer_is_heard_before_the_request_was_read_and_the_connection_is_not_used_again() {
    // A peer that holds the connection, and one that takes nothing more.
    for closes in [false, true] {
        let server = Server::start(move |mut stream, _| async move {
            stream.read_exact(&mut [0; 64]).await.unwrap();
            let reply = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno.";
            stream.write_all(reply.as_bytes()).await.unwrap();
            if closes {
                stream.shutdown().await.unwrap();
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        })
        .await;
        let client = server.client();
        let body = Bytes::from(vec![b'x'; 16 << 20]);
        let deadline = Deadline::after(Duration::from_secs(20));
        let sent = client.send(Method::POST, None, HeaderMap::new(), body, deadline).await;
        let reply = sent.unwrap();
        assert_eq!(reply.status, 413, "{closes}");
        assert_eq!(reply.body.collect(10).await.unwrap(), "no.");
        assert_eq!(client.idle(), 0, "{closes}");
    }
}

#[tokio::test]
async fn long_and_short_replies_share_a_connection() {
    let lengths = [3, 200_000, 200_000, 70_000, 1, 0, 9_000, 100_000];
    for chunked in [false, true] {
        let server = Server::start(move |mut stream, _| async move {
            for length in lengths {
                request(&mut stream).await.unwrap();
                let body = "x".repeat(length);
                let reply = if chunked {
                    let end = if length == 0 { "" } else { "0\r\n\r\n" };
                    format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n{end}")
                } else {
                    format!("Content-Length: {length}\r\n\r\n{body}")
                };
                let reply = format!("HTTP/1.1 200 OK\r\n{reply}");
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        })
        .await;
        let client = server.client();
        for length in lengths {
            let body = post(&client).await.unwrap().body.collect(1 << 20).await.unwrap();
            assert_eq!(body, "x".repeat(length));
        }
        assert_eq!(server.accepted(), 1);
    }
}

#[tokio::test]
async fn a_stream_is_read_no_further_than_to_what_was_asked_for() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let server = dripping(head, b"4\r\nabc\n\r\n".to_vec(), Duration::from_millis(5)).await;
    let client = server.client();
    let two_lines: fn(&[u8]) -> bool = |body| body.split(|c| *c == b'\n').count() > 2;
    let options =
        ExchangeOptions { until: Some(two_lines), deadline: soon(), ..ExchangeOptions::default() };
    let request = outgoing(Method::GET, server.url().as_str());
    let whole = client.exchange(request, None, options.clone()).await.unwrap();
    assert!(whole.truncated && whole.body.starts_with(b"abc\nabc\n"));
    assert!(eventually(|| client.idle() == 0).await, "its connection is not kept");

    // What never comes ends at the deadline, as without it.
    let never: fn(&[u8]) -> bool = |_| false;
    let deadline = Deadline::after(Duration::from_millis(200));
    let request = outgoing(Method::GET, server.url().as_str());
    let options = ExchangeOptions { until: Some(never), deadline, ..options };
    let error = client.exchange(request, None, options).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Total));
}
