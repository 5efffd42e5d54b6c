//! TLS, and HTTP/2 with and without it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use front::Tls;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::Secret;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::support::{Conn, Server, initialize, until};

async fn h2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: S) -> SendRequest<Full<Bytes>> {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn hello(
    server: &Server,
    scheme: &str,
    authority: &str,
    host: Option<&str>,
) -> http::Request<Full<Bytes>> {
    let mut request = http::Request::post(format!("{scheme}://{authority}/mcp"))
        .header("authorization", format!("Bearer {}", server.house.alice))
        .header("content-type", "application/json");
    if let Some(host) = host {
        request = request.header("host", host);
    }
    request.body(Full::from(initialize("2025-11-25", "{}"))).unwrap()
}

// g-http-07
#[tokio::test]
async fn over_http_2_the_authority_counts_and_must_agree_with_a_host() {
    let server = Server::start().await;
    let at = server.at.to_string();
    let mut sender = h2(Conn::to(server.at).await.stream).await;
    let mut ask = async |authority: &str, host: Option<&str>| {
        let request = hello(&server, "http", authority, host);
        sender.send_request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&at, None).await, 200);
    assert_eq!(ask(&at, Some(&at)).await, 200);
    assert_eq!(ask("evil.example", Some(&at)).await, 403);
    assert_eq!(ask(&at, Some("evil.example")).await, 403);
    let local = format!("localhost:{}", server.at.port());
    assert_eq!(ask(&at, Some(&local)).await, 400);
}

#[tokio::test]
async fn over_http_2_a_client_that_asks_nothing_is_idle_though_it_answers_every_ping() {
    let server = Server::with(|s| {
        s.limits.idle = Duration::from_millis(500);
        s.limits.stall = Duration::from_millis(200);
    })
    .await;
    let sender = h2(Conn::to(server.at).await.stream).await;
    until("it is there", || server.gauges.connections() == 1).await;
    until("it is closed", || server.gauges.connections() == 0).await;
    until("the client hears of it", || sender.is_closed()).await;
}

// g-http-22
#[tokio::test]
async fn a_path_over_http_2_cannot_hold_line_breaks() {
    assert!("/mcp HTTP/1.1\r\nX-Admin: 1".parse::<http::Uri>().is_err());
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let path = "/mcp HTTP/1.1\r\nX-Admin: 1";
    let mut block = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path.as_bytes());
    block.extend([0x01, 1, b'x']);
    frames.extend([0, 0, u8::try_from(block.len()).unwrap(), 0x01, 0x05, 0, 0, 0, 1]);
    frames.extend(block);
    tokio::io::AsyncWriteExt::write_all(&mut conn.stream, &frames).await.unwrap();
    let mut got = Vec::new();
    for _ in 0..10 {
        let mut chunk = [0; 1024];
        let read = tokio::io::AsyncReadExt::read(&mut conn.stream, &mut chunk);
        match tokio::time::timeout(Duration::from_millis(200), read).await {
            Ok(Ok(n)) if n > 0 => got.extend(&chunk[..n]),
            _ => break,
        }
    }
    let mut kinds = Vec::new();
    while got.len() >= 9 {
        let len = usize::from(got[0]) << 16 | usize::from(got[1]) << 8 | usize::from(got[2]);
        kinds.push(got[3]);
        got.drain(..(9 + len).min(got.len()));
    }
    assert!(kinds.contains(&3) || kinds.contains(&7), "a reset or goodbye: {kinds:?}");
    assert!(!kinds.contains(&1), "no answer: {kinds:?}");
    assert_eq!(server.gauges.sessions(), 0);
}

#[tokio::test]
async fn tls_ends_here_and_both_versions_of_http_are_spoken_in_it() {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (chain, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let hsts = "max-age=60";
    let server = Server::with(|s| {
        s.tls = Some(Tls { chain: chain.into_bytes(), key: Secret::new(key.into_bytes()) });
        s.hsts = Some(hsts.to_owned());
    })
    .await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(own.cert.der().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let authority = format!("localhost:{}", server.at.port());
    for alpn in ["h2", "http/1.1"] {
        let mut config = config.clone();
        config.alpn_protocols = vec![alpn.into()];
        let stream = Conn::to(server.at).await.stream;
        let name = ServerName::try_from("localhost").unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let request = hello(&server, "https", &authority, (alpn != "h2").then_some(&authority));
        let reply = if alpn == "h2" {
            h2(tls).await.send_request(request).await.unwrap()
        } else {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
            tokio::spawn(connection);
            let (mut head, body) = request.into_parts();
            head.uri = "/mcp".parse().unwrap();
            sender.send_request(http::Request::from_parts(head, body)).await.unwrap()
        };
        assert_eq!(reply.status(), 200, "{alpn}");
        assert_eq!(reply.headers()["strict-transport-security"], hsts);
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("2025-11-25"));
    }
    // In the clear there is nothing.
    let mut plain = Conn::to(server.at).await;
    plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(plain.closes_within(Duration::from_secs(5)).await);
}
