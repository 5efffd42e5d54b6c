use std::io::Write as _;

use egress::{Beyond, EgressError, ExchangeOptions, Kind, Limits, Packed, Violation, Whole};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::Method;
use tokio::io::AsyncWriteExt;

use crate::server::{Server, outgoing, request, soon};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

async fn answering(coding: &'static str, body: Vec<u8>) -> Server {
    Server::start(move |mut stream, _| {
        let body = body.clone();
        async move {
            while let Some(asked) = request(&mut stream).await {
                assert!(
                    asked.contains("accept-encoding: gzip, deflate\r\n") || coding.is_empty(),
                    "{asked}"
                );
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
        }
    })
    .await
}

async fn get(
    server: &Server,
    limits: Limits,
    options: ExchangeOptions,
) -> Result<Whole, EgressError> {
    let options = ExchangeOptions { accept_compressed: true, deadline: soon(), ..options };
    server
        .client_with(limits)
        .exchange(outgoing(Method::GET, server.url().as_str()), None, options)
        .await
}

#[tokio::test]
async fn a_reply_is_unpacked_where_that_was_asked_for() {
    let text = "the same again ".repeat(1000);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(text.as_bytes()).unwrap();
    for (coding, body) in [("gzip", gzip(text.as_bytes())), ("deflate", zlib.finish().unwrap())] {
        let server = answering(coding, body).await;
        let whole = get(&server, Limits::default(), ExchangeOptions::default()).await.unwrap();
        assert!(whole.body == text && !whole.truncated);
        assert!(
            !whole.headers.contains_key("content-encoding")
                && !whole.headers.contains_key("content-length")
        );
    }
}

#[tokio::test]
async fn what_was_not_offered_is_refused() {
    for (coding, compressed) in [("br", true), ("gzip, gzip", true), ("gzip", false)] {
        let server = Server::answering(
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 0\r\n\r\n")
                .leak(),
        )
        .await;
        let options =
            ExchangeOptions { accept_compressed: compressed, ..ExchangeOptions::default() };
        let request = outgoing(Method::GET, server.url().as_str());
        let error = server.client().exchange(request, None, options).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol(Violation::ContentEncoding), "{coding}");
    }
}

// RES-02
#[tokio::test]
async fn a_bomb_is_an_error_and_its_connection_is_closed() {
    let server = answering("gzip", gzip(&vec![0; 256 << 20])).await;
    let options = ExchangeOptions { beyond: Beyond::Cut, ..ExchangeOptions::default() };
    let client = server.client();
    let options = ExchangeOptions { accept_compressed: true, deadline: soon(), ..options };
    let request = outgoing(Method::GET, server.url().as_str());
    let error = client.exchange(request, None, options).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Decoding(Packed::Ratio), "compression_bomb"));
    assert_eq!(client.idle(), 0);
}

#[tokio::test]
async fn the_limits_hold_for_what_comes_over_the_wire_and_for_what_it_becomes() {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let packed = gzip(&noise);
    let server = answering("gzip", packed.clone()).await;
    let small_wire = Limits { max_body: packed.len() - 1, ..Limits::default() };
    let error = get(&server, small_wire, ExchangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    let short = ExchangeOptions { max_body: noise.len() - 1, ..ExchangeOptions::default() };
    let error = get(&server, Limits::default(), short.clone()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    let whole = get(&server, Limits::default(), ExchangeOptions { beyond: Beyond::Cut, ..short })
        .await
        .unwrap();
    assert!(whole.truncated && whole.body == noise[..noise.len() - 1]);
    let exact = ExchangeOptions { max_body: noise.len(), ..ExchangeOptions::default() };
    assert!(get(&server, Limits::default(), exact).await.unwrap().body == noise);
}

// RES-03
#[tokio::test]
async fn a_body_without_an_end_is_cut_at_the_limit() {
    let server = Server::start(|mut stream, _| async move {
        request(&mut stream).await;
        let mut open =
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while open.is_ok() {
            open = stream.write_all(b"5\r\nhello\r\n").await;
        }
    })
    .await;
    for (beyond, cut) in [(Beyond::Cut, true), (Beyond::Refuse, false)] {
        let options = ExchangeOptions { max_body: 12, beyond, ..ExchangeOptions::default() };
        match get(&server, Limits::default(), options).await {
            Ok(whole) => assert!(cut && whole.truncated && whole.body == "hellohellohe"),
            Err(error) => assert!(!cut && error.kind() == Kind::TooLarge),
        }
    }
}

#[tokio::test]
async fn a_packed_reply_that_ends_early_is_damaged() {
    let packed = gzip(b"what has an end must have come to it");
    let server = answering("gzip", packed[..packed.len() - 3].to_vec()).await;
    let error = get(&server, Limits::default(), ExchangeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decoding(Packed::Damaged));
}
