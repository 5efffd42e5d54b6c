use std::time::Duration;

use ambient::Clock;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::{Egress, Options, Policy, Target};

/// A client of a small server that shakes hands and then does this.
async fn served<F: Future<Output = ()> + Send + 'static>(
    then: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
        let accept = handshake::accept(key);
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        then(stream).await;
    });
    let target = Target { policy: Policy::naming(&url), ..Target::new(url) };
    Egress::new(Options::default(), Clock::system()).client(&target).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

async fn open(client: &Client) -> Socket {
    client.socket(&PathAndQuery::from_static("/relay"), 64, soon()).await.unwrap()
}

#[tokio::test]
async fn a_message_in_parts_with_a_ping_between_them_is_one_and_the_ping_is_answered() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let client = served(|mut stream| async move {
        stream.write_all(b"\x01\x03Hel\x89\x01!\x80\x02lo\x88\x02\x03\xe8").await.unwrap();
        let mut pong = [0; 7];
        stream.read_exact(&mut pong).await.unwrap();
        told.send(pong).unwrap();
    })
    .await;
    let mut socket = open(&client).await;
    assert_eq!(socket.next(soon()).await.unwrap().as_deref(), Some("Hello"));
    let pong = heard.await.unwrap();
    assert_eq!((pong[0], pong[1], pong[6] ^ pong[2]), (0x8a, 0x81, b'!'));
    assert_eq!(socket.next(soon()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_too_long_in_all_or_out_of_order_ends_the_socket() {
    for (bytes, wanted) in [
        (b"\x81\x41".to_vec(), Kind::TooLarge),
        ([&b"\x01\x40"[..], &[b'a'; 64], b"\x80\x7e\x00\x80"].concat(), Kind::TooLarge),
        (b"\x80\x00".to_vec(), Kind::Protocol(Violation::Http)),
        (b"\x01\x00\x81\x00".to_vec(), Kind::Protocol(Violation::Http)),
        (b"\x82\x00".to_vec(), Kind::Protocol(Violation::Http)),
        (b"\x81\x01\xff".to_vec(), Kind::Protocol(Violation::Http)),
        (b"\x81\x05He".to_vec(), Kind::Reset),
    ] {
        let client = served(|mut stream| async move {
            stream.write_all(&bytes).await.unwrap();
        })
        .await;
        let mut socket = open(&client).await;
        assert_eq!(socket.next(soon()).await.unwrap_err().kind(), wanted);
    }
}

#[tokio::test]
async fn a_deadline_that_passes_loses_nothing() {
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let client = served(|mut stream| async move {
        stream.write_all(b"\x81\x05He").await.unwrap();
        gone.await.unwrap();
        stream.write_all(b"llo").await.unwrap();
    })
    .await;
    let mut socket = open(&client).await;
    let early = socket.next(Deadline::after(Duration::from_millis(30))).await.unwrap_err();
    assert!(matches!(early.kind(), Kind::Timeout(_)));
    go.send(()).unwrap();
    assert_eq!(socket.next(soon()).await.unwrap().as_deref(), Some("Hello"));
}

#[tokio::test]
async fn an_address_that_may_not_be_dialled_is_refused_as_for_any_request() {
    let url = Url::parse("http://127.0.0.1:9/").unwrap();
    let client = Egress::new(Options::default(), Clock::system()).client(&Target::new(url));
    let refused = match client {
        Ok(client) => client.socket(&PathAndQuery::from_static("/"), 64, soon()).await.err(),
        Err(refused) => Some(refused),
    };
    assert!(matches!(refused.unwrap().kind(), Kind::Refused(_)));
}
