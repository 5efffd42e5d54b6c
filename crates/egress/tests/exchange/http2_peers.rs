//! Peers that speak HTTP/2, well or badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use egress::{Client, Limits, Policy, Target};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response};
use rustls::server::NoClientAuth;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use url::Url;

use crate::server::{Server, out};
use crate::tls::{Authority, acceptor};

pub(crate) type Speaking = TlsStream<TcpStream>;
pub(crate) type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// A server behind TLS that agrees on one of `protocols`, and hands each connection with its number to `serve`.
pub(crate) async fn secured<F, R>(protocols: &[&str], serve: F) -> (Server, String)
where
    F: Fn(Speaking, usize) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = Authority::new();
    let acceptor = acceptor(&authority, Arc::new(NoClientAuth), "127.0.0.1", protocols);
    let server = Server::start_on(listener, move |stream, n| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            serve(stream, n).await;
        }
    });
    (server, authority.0.pem())
}

/// A client that offers HTTP/2.
pub(crate) fn client(server: &Server, roots: String, limits: Limits) -> Client {
    let url = Url::parse(&format!("https://127.0.0.1:{}/", server.address.port())).unwrap();
    let target = Target {
        policy: Policy::naming(&url),
        extra_roots: Some(roots.into_bytes()),
        extra_roots_only: true,
        http2: true,
        limits,
        ..Target::new(url)
    };
    out().client(&target).unwrap()
}

/// Hands every request on the connection to `answer`, each in a task of its own.
pub(crate) async fn speak<F, R>(stream: Speaking, answer: F)
where
    F: Fn(Asked) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let mut builder = h2::server::Builder::new();
    builder.max_send_buffer_size(64 << 20);
    let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
    while let Some(Ok(asked)) = connection.accept().await {
        tokio::spawn(answer(asked));
    }
}

/// Answers with `ok`.
pub(crate) async fn fine((request, mut respond): Asked) {
    let mut body = request.into_body();
    while let Some(Ok(part)) = body.data().await {
        let _ = body.flow_control().release_capacity(part.len());
    }
    if let Ok(mut stream) = respond.send_response(Response::new(()), false) {
        let _ = stream.send_data(Bytes::from_static(b"ok"), true);
    }
}

/// Sends settings of its own, and reads until the client's first request is there; gives what was read.
pub(crate) async fn greeted(stream: &mut Speaking) -> Vec<u8> {
    stream.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    stream.flush().await.unwrap();
    let mut seen = Vec::new();
    asked(stream, &mut seen, 1).await;
    seen
}

/// Reads until this many requests are there.
pub(crate) async fn asked(stream: &mut Speaking, seen: &mut Vec<u8>, requests: usize) {
    while heads(seen) < requests {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.unwrap();
        assert!(n > 0, "it left before it asked");
        seen.extend_from_slice(&part[..n]);
    }
}

/// How many frames begin a request. The preface has 24 bytes; frames follow it, each with a head of nine.
fn heads(seen: &[u8]) -> usize {
    let (mut rest, mut heads) = (seen.get(24..).unwrap_or_default(), 0);
    while let [a, b, c, kind, ..] = *rest {
        heads += usize::from(kind == 1);
        let length = 9 + (usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
        rest = rest.get(length..).unwrap_or_default();
    }
    heads
}

/// One frame of HTTP/2 (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// `GOAWAY`, with the last stream that was looked at.
pub(crate) fn go_away(last: u32) -> Vec<u8> {
    frame(7, 0, 0, &[last.to_be_bytes(), [0; 4]].concat())
}

/// Writes the same frame until the client leaves or `most` have been taken; how many that were.
pub(crate) async fn flood(stream: &mut Speaking, frame: &[u8], most: usize, taken: &AtomicUsize) {
    let (mut from, mut to) = tokio::io::split(stream);
    let reading = async { while matches!(from.read(&mut [0; 4096]).await, Ok(n) if n > 0) {} };
    let writing = async {
        while taken.load(Ordering::SeqCst) < most && to.write_all(frame).await.is_ok() {
            taken.fetch_add(1, Ordering::SeqCst);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! { () = reading => {}, () = writing => {} }
}
