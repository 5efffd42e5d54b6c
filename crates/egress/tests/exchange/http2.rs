//! HTTP/2 towards upstreams: what is gained, and what stays as it was.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use egress::{Deadline, Kind, Limits, Phase, Policy, Target, Violation};
use futures_util::future::{join_all, poll_fn};
use h2::Reason;
use http::{HeaderMap, HeaderValue, Method, Response, Version};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use crate::http2_peers::{asked, client, fine, flood, frame, go_away, greeted, secured, speak};
use crate::server::{Server, ask, eventually, out, post, soon};

const USUAL: &[&str] = &["h2", "http/1.1"];

#[tokio::test]
async fn exchanges_at_the_same_time_share_one_connection() {
    let (server, roots) = secured(USUAL, |stream, _| speak(stream, fine)).await;
    let client = client(&server, roots, Limits::default());
    let all = join_all((0..50).map(|_| ask(&client))).await;
    assert!(all.into_iter().all(|answer| answer.unwrap() == "ok"));
    assert_eq!((server.accepted(), client.dialled(), client.idle()), (1, 1, 1));
}

#[tokio::test]
async fn a_request_is_written_as_promised() {
    let heads: Arc<Mutex<Vec<http::request::Parts>>> = Arc::default();
    let seen = heads.clone();
    let (server, roots) = secured(USUAL, move |stream, _| {
        let seen = seen.clone();
        speak(stream, move |(request, respond)| {
            let (head, body) = request.into_parts();
            seen.lock().unwrap().push(head);
            fine((http::Request::new(body), respond))
        })
    })
    .await;
    let client = client(&server, roots, Limits::default());
    let mut headers = HeaderMap::new();
    for (name, value) in [("host", "elsewhere.example"), ("connection", "close"), ("x-note", "a")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let path = "/other?x=1".parse().unwrap();
    let body = Bytes::from_static(b"hello");
    client.send(Method::POST, Some(&path), headers, body, soon()).await.unwrap();
    let head = heads.lock().unwrap().remove(0);
    assert_eq!((head.version, head.method), (Version::HTTP_2, Method::POST));
    assert_eq!(head.uri.to_string(), format!("https://{}/other?x=1", server.address));
    assert_eq!(head.headers["x-note"], "a");
    assert_eq!(head.headers["accept-encoding"], "identity");
    assert!(!head.headers.contains_key("host") && !head.headers.contains_key("connection"));
}

#[tokio::test]
async fn a_server_that_speaks_only_http_1_sees_no_difference() {
    for protocols in [&["http/1.1"][..], &[]] {
        let (server, roots) = secured(protocols, |mut stream, _| async move {
            let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            let mut seen = [0; 4096];
            while let Ok(n) = tokio::io::AsyncReadExt::read(&mut stream, &mut seen).await {
                if n == 0 || stream.write_all(ok).await.is_err() {
                    return;
                }
                assert!(seen.starts_with(b"POST / HTTP/1.1\r\n"));
            }
        })
        .await;
        let client = client(&server, roots, Limits::default());
        for _ in 0..3 {
            assert_eq!(ask(&client).await.unwrap(), "ok", "{protocols:?}");
        }
        assert_eq!((server.accepted(), client.idle()), (1, 1));
    }
}

#[tokio::test]
async fn without_tls_it_is_never_spoken() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let target =
        Target { policy: Policy::naming(&server.url()), http2: true, ..Target::new(server.url()) };
    let client = out().client(&target).unwrap();
    assert_eq!(ask(&client).await.unwrap(), "ok");
}

#[tokio::test]
async fn what_the_peer_promises_not_to_have_looked_at_is_sent_again_elsewhere() {
    let (server, roots) = secured(USUAL, |mut stream, n| async move {
        if n > 0 {
            return speak(stream, fine).await;
        }
        // The first request is answered, with an empty 200; the second is the one that was not looked at.
        let mut seen = greeted(&mut stream).await;
        stream.write_all(&frame(1, 5, 1, &[0x88])).await.unwrap();
        stream.flush().await.unwrap();
        asked(&mut stream, &mut seen, 2).await;
        stream.write_all(&go_away(1)).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
    })
    .await;
    let client = client(&server, roots, Limits::default());
    assert_eq!(ask(&client).await.unwrap(), "");
    assert_eq!(ask(&client).await.unwrap(), "ok");
    assert_eq!((server.accepted(), client.dialled()), (2, 2));
}

#[tokio::test]
async fn what_the_peer_may_have_acted_on_is_not_sent_again() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let (server, roots) = secured(USUAL, move |mut stream, n| {
        let count = count.clone();
        async move {
            if n == 0 {
                // It says that the first stream was the last one it looked at, and leaves.
                greeted(&mut stream).await;
                count.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&go_away(1)).await.unwrap();
                return stream.shutdown().await.unwrap();
            }
            speak(stream, move |(_, mut respond)| {
                count.fetch_add(1, Ordering::SeqCst);
                async move { respond.send_reset(Reason::CANCEL) }
            })
            .await;
        }
    })
    .await;
    let client = client(&server, roots, Limits::default());
    for times in 1..=2 {
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Reset, "{error}");
        assert!(error.sent() && !error.retry_safe(), "{error}");
        assert_eq!(seen.load(Ordering::SeqCst), times);
    }
}

#[tokio::test]
async fn a_peer_that_refuses_every_stream_gets_few_tries_and_the_failure_is_safe_to_repeat() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let (server, roots) = secured(USUAL, move |stream, _| {
        let count = count.clone();
        speak(stream, move |(_, mut respond)| {
            count.fetch_add(1, Ordering::SeqCst);
            async move { respond.send_reset(Reason::REFUSED_STREAM) }
        })
    })
    .await;
    let client = client(&server, roots, Limits::default());
    for _ in 0..2 {
        let error = ask(&client).await.unwrap_err();
        assert!(error.kind() == Kind::Reset && error.retry_safe(), "{error}");
    }
    assert!(seen.load(Ordering::SeqCst) <= 4, "{seen:?}");
}

#[tokio::test]
async fn who_leaves_resets_a_stream_and_the_connection_serves_the_others() {
    let (reset, waiting) = (Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(0)));
    let (told, entered) = (reset.clone(), waiting.clone());
    let (server, roots) = secured(USUAL, move |stream, _| {
        let (told, entered) = (told.clone(), entered.clone());
        speak(stream, move |(request, mut respond)| {
            let (told, entered) = (told.clone(), entered.clone());
            async move {
                if request.uri().path() != "/slow" {
                    return fine((request, respond)).await;
                }
                entered.add_permits(1);
                let reason = poll_fn(|cx| respond.poll_reset(cx)).await;
                told.store(reason.is_ok_and(|r| r == Reason::CANCEL), Ordering::SeqCst);
            }
        })
    })
    .await;
    let client = client(&server, roots, Limits::default());
    let slow = "/slow".parse().unwrap();
    let leaving = client.send(Method::GET, Some(&slow), HeaderMap::new(), Bytes::new(), soon());
    tokio::select! {
        _ = leaving => panic!("it is never answered"),
        entered = waiting.acquire() => entered.unwrap().forget(),
    }
    assert!(eventually(|| reset.load(Ordering::SeqCst)).await, "the stream was reset");
    assert_eq!(ask(&client).await.unwrap(), "ok");
    // A deadline ends one exchange in the same way.
    let until = Deadline::after(Duration::from_millis(100));
    let late = client.send(Method::GET, Some(&slow), HeaderMap::new(), Bytes::new(), until).await;
    let error = late.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::FirstByte));
    assert!(error.sent());
    assert_eq!(ask(&client).await.unwrap(), "ok");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_reply_nobody_reads_waits_at_the_peer_and_keeps_nobody_else_waiting() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let (server, roots) = secured(USUAL, move |stream, _| {
        let count = count.clone();
        speak(stream, move |(request, mut respond)| {
            let count = count.clone();
            async move {
                if request.uri().path() != "/endless" {
                    return fine((request, respond)).await;
                }
                let mut stream = respond.send_response(Response::new(()), false).unwrap();
                loop {
                    stream.reserve_capacity(64 << 10);
                    let Some(Ok(n)) = poll_fn(|cx| stream.poll_capacity(cx)).await else { return };
                    if stream.send_data(Bytes::from(vec![b'x'; n]), false).is_err() {
                        return;
                    }
                    count.fetch_add(n, Ordering::SeqCst);
                }
            }
        })
    })
    .await;
    let client = client(&server, roots, Limits::default());
    let path = "/endless".parse().unwrap();
    let endless = || client.send(Method::GET, Some(&path), HeaderMap::new(), Bytes::new(), soon());
    let mut unread = Vec::new();
    for _ in 0..10 {
        unread.push(endless().await.unwrap());
    }
    assert!(eventually(|| sent.load(Ordering::SeqCst) == 10 * (128 << 10)).await, "{sent:?}");
    assert_eq!(ask(&client).await.unwrap(), "ok");
    assert_eq!(sent.load(Ordering::SeqCst), 10 * (128 << 10), "no more than a window each");
    // One that is read is read to its limit, and no further.
    let error = unread.remove(0).body.collect(1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert_eq!((server.accepted(), client.dialled()), (1, 1));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    // The library that cuts off a long one tells no difference to one that breaks the rules.
    let broken = Kind::Protocol(Violation::Http);
    for (fields, length, kind) in [(20, 4 << 10, broken), (65, 1, Kind::TooLarge)] {
        let (server, roots) = secured(USUAL, move |stream, _| {
            speak(stream, move |(_, mut respond)| async move {
                let mut reply = Response::new(());
                for n in 0..fields {
                    let name = http::HeaderName::try_from(format!("x-{n}")).unwrap();
                    let value = HeaderValue::try_from("v".repeat(length)).unwrap();
                    reply.headers_mut().insert(name, value);
                }
                let _ = respond.send_response(reply, true);
            })
        })
        .await;
        let error = post(&client(&server, roots, Limits::default())).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fields}: {error}");
        assert!(error.sent());
    }
}

#[tokio::test]
async fn floods_of_frames_come_to_an_end() {
    // A header block that never ends is broken off; pings are answered, and the deadline of the exchange holds.
    let headers = [frame(1, 0, 1, &[0x88])].concat();
    let padding = frame(9, 0, 1, &[0; 1024]);
    let ping = frame(6, 0, 0, &[0; 8]);
    for (first, again) in [(headers, padding), (Vec::new(), ping)] {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let (server, roots) = secured(USUAL, move |mut stream, _| {
            let (first, again, count) = (first.clone(), again.clone(), count.clone());
            async move {
                greeted(&mut stream).await;
                stream.write_all(&first).await.unwrap();
                flood(&mut stream, &again, 200_000, &count).await;
            }
        })
        .await;
        let limits = Limits { first_byte: Duration::from_millis(500), ..Limits::default() };
        let error = post(&client(&server, roots, limits)).await.unwrap_err();
        let broken = Kind::Protocol(Violation::Http);
        let late = Kind::Timeout(Phase::FirstByte);
        assert!([broken, late, Kind::Reset].contains(&error.kind()), "{error}");
        assert!(error.sent());
    }
}

#[tokio::test]
async fn a_peer_that_is_gone_without_a_word_keeps_nobody_waiting_for_ever() {
    let (server, roots) = secured(USUAL, |mut stream, n| async move {
        if n > 0 {
            return speak(stream, fine).await;
        }
        // It takes the request, and is never heard of again.
        greeted(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let second = Duration::from_secs(1);
    let limits = Limits { keep: second, connect: second, ..Limits::default() };
    let client = client(&server, roots, limits);
    let told = tokio::time::timeout(Duration::from_secs(8), ask(&client)).await.unwrap();
    let error = told.unwrap_err();
    assert!(error.kind() == Kind::Reset && error.sent(), "{error}");
    assert_eq!(ask(&client).await.unwrap(), "ok");
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed_after_their_time() {
    let (server, roots) = secured(USUAL, |stream, _| speak(stream, fine)).await;
    let limits = Limits { keep: Duration::from_millis(100), ..Limits::default() };
    let client = client(&server, roots, limits);
    for round in 1..=2 {
        assert_eq!(ask(&client).await.unwrap(), "ok");
        assert!(eventually(|| client.idle() == 0).await);
        assert_eq!(server.accepted(), round);
    }
}
