use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use egress::{Deadline, ExchangeOptions, HeaderTemplates, Kind, Limits, Phase, Retry, Whole};
use http::{HeaderName, HeaderValue, Method};
use model::Template;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::server::{Server, outgoing, reply, request, soon};

fn patient() -> ExchangeOptions {
    let retry = Retry { pause: Duration::from_millis(10), ..Retry::usual() };
    ExchangeOptions { retry, deadline: soon(), ..ExchangeOptions::default() }
}

/// A server that is busy so many times, and then is not.
async fn busy(times: usize) -> (Server, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let (server, _) = Server::talking(move |_| {
        if count.fetch_add(1, Ordering::SeqCst) < times {
            reply(503, "", "busy")
        } else {
            reply(200, "", "ok")
        }
    })
    .await;
    (server, asked)
}

async fn ask(server: &Server, method: Method, key: Option<&'static str>) -> Whole {
    let mut request = outgoing(method, server.url().as_str());
    request.body = Bytes::from_static(b"{}");
    if let Some(key) = key {
        request.headers.insert("idempotency-key", HeaderValue::from_static(key));
    }
    server.client().exchange(request, None, patient()).await.unwrap()
}

// RES-06
#[tokio::test]
async fn a_get_that_meets_503_twice_is_answered_at_the_third_try() {
    let (server, asked) = busy(2).await;
    assert_eq!(ask(&server, Method::GET, None).await.status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let (server, asked) = busy(3).await;
    let whole = ask(&server, Method::GET, None).await;
    assert_eq!((whole.status.as_u16(), whole.body.as_ref()), (503, b"busy".as_slice()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

// RES-04
#[tokio::test]
async fn a_post_that_meets_503_is_sent_once_unless_it_may_be_sent_twice() {
    let (server, asked) = busy(1).await;
    assert_eq!(ask(&server, Method::POST, None).await.status, 503);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let (server, asked) = busy(1).await;
    assert_eq!(ask(&server, Method::POST, Some("k1")).await.status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

// RES-05
#[tokio::test]
async fn a_paid_request_is_sent_once() {
    let (server, asked) = busy(1).await;
    let paying = HeaderTemplates(vec![(
        HeaderName::from_static("x-payment"),
        Template::plain("eyJ".to_owned()),
    )]);
    let mut request = outgoing(Method::GET, server.url().as_str());
    request.headers.insert("idempotency-key", HeaderValue::from_static("k"));
    let whole = server.client().exchange(request, Some(&paying), patient()).await.unwrap();
    assert_eq!((whole.status.as_u16(), asked.load(Ordering::SeqCst)), (503, 1));
}

#[tokio::test]
async fn a_connection_lost_with_the_request_under_way_is_tried_again_only_where_that_is_harmless() {
    for (method, connections) in [(Method::GET, 2), (Method::POST, 1)] {
        let server = Server::start(|mut stream, number| async move {
            request(&mut stream).await;
            if number > 0 {
                stream.write_all(reply(200, "", "ok").as_bytes()).await.unwrap();
            }
        })
        .await;
        let outcome = server
            .client()
            .exchange(outgoing(method.clone(), server.url().as_str()), None, patient())
            .await;
        assert_eq!(server.accepted(), connections);
        match outcome {
            Ok(whole) => assert!(method == Method::GET && whole.body == "ok"),
            Err(error) => assert!(method == Method::POST && error.sent(), "the outcome is unknown"),
        }
    }
}

#[tokio::test]
async fn what_was_never_sent_is_tried_again_whatever_it_is() {
    let (server, _) = busy(0).await;
    let client = server.client();
    let address = server.address;
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        Server::start_on(listener, |mut stream, _| async move {
            request(&mut stream).await;
            stream.write_all(reply(200, "", "late").as_bytes()).await.unwrap();
        })
    });
    let options = ExchangeOptions {
        retry: Retry {
            most: 50,
            pause: Duration::from_millis(20),
            longest: Duration::from_millis(50),
        },
        ..patient()
    };
    let request = outgoing(Method::POST, &format!("http://{address}/"));
    assert_eq!(client.exchange(request, None, options).await.unwrap().body, "late");
    drop(later.await.unwrap());
}

#[tokio::test]
async fn no_pause_outlasts_the_deadline() {
    let (server, _) = Server::talking(|_| reply(503, "Retry-After: 4\r\n", "")).await;
    let start = Instant::now();
    let options =
        ExchangeOptions { deadline: Deadline::after(Duration::from_secs(2)), ..patient() };
    let request = outgoing(Method::GET, server.url().as_str());
    let whole = server.client().exchange(request, None, options).await.unwrap();
    assert!(whole.status == 503 && start.elapsed() < Duration::from_secs(1));
}

// RES-01
#[tokio::test]
async fn the_whole_limit_covers_the_body() {
    let server = Server::start(|mut stream, _| async move {
        request(&mut stream).await;
        let mut open = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        while open.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            open = stream.write_all(b"x").await;
        }
    })
    .await;
    let client =
        server.client_with(Limits { total: Duration::from_millis(500), ..Limits::default() });
    for idle in [Duration::MAX, Duration::from_millis(300)] {
        let start = Instant::now();
        let options = ExchangeOptions { idle, ..ExchangeOptions::default() };
        let request = outgoing(Method::GET, server.url().as_str());
        let error = client.exchange(request, None, options).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout(Phase::Total));
        let took = start.elapsed().as_millis();
        assert!((400..=900).contains(&took), "{took} ms");
    }
}

#[tokio::test]
async fn the_whole_limit_covers_redirects() {
    let (server, heard) = Server::talking(|asked| {
        std::thread::sleep(Duration::from_millis(150));
        reply(302, &format!("Location: {}x\r\n", asked.split(' ').nth(1).unwrap()), "")
    })
    .await;
    let options = ExchangeOptions {
        redirects: egress::Redirects::Follow,
        deadline: Deadline::after(Duration::from_millis(400)),
        ..ExchangeOptions::default()
    };
    let request = outgoing(Method::GET, &format!("http://{}/a", server.address));
    let error = server.client().exchange(request, None, options).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Timeout(_)), "{error}");
    assert!(error.sent() && heard.lock().unwrap().len() <= 4);
}
