//! Names whose answers change at every question, between an address that is named and one that is not.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ambient::Clock;
use egress::{
    Client, Egress, ExchangeOptions, Kind, Limits, Net, Options, Policy, Redirects, Resolver,
    Target,
};
use http::Method;
use tokio::net::TcpListener;
use url::Url;

use crate::server::{Server, outgoing, reply, soon};
use crate::tls::secured_on;

const TRIES: usize = 10_000;
const NAME: &str = "api.shop.example";

/// The named address and the one that is not, at the same port.
async fn pair() -> (TcpListener, TcpListener) {
    loop {
        let named = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = named.local_addr().unwrap().port();
        if let Ok(other) = TcpListener::bind(("127.0.0.2", port)).await {
            return (named, other);
        }
    }
}

/// Counts whoever gets through to it.
fn counting(listener: TcpListener) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    count
}

/// Answers by chance, but the same ones at every run.
fn answers(seed: u64) -> Vec<Vec<IpAddr>> {
    let [named, other]: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
    let mapped: IpAddr = "::ffff:127.0.0.2".parse().unwrap();
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..TRIES)
        .map(|_| match next() % 6 {
            0 => vec![named],
            1 => vec![other],
            2 => vec![named, other],
            3 => vec![other, named],
            4 => vec![mapped, other],
            _ => vec![mapped, named, other],
        })
        .collect()
}

fn client(scheme: &str, address: SocketAddr, seed: u64, roots: Option<String>) -> Client {
    let resolver = Resolver::fixed([(NAME.to_owned(), answers(seed))]);
    let net: Net = "127.0.0.1".parse().unwrap();
    let target = Target {
        policy: Policy::default().allow_net(net, Some(address.port())),
        extra_roots: roots.map(String::into_bytes),
        // Each try dials anew.
        limits: Limits { max_idle: 0, ..Limits::default() },
        ..Target::new(Url::parse(&format!("{scheme}://{NAME}:{}/", address.port())).unwrap())
    };
    Egress::new(Options { resolver, ..Options::default() }, Clock::system())
        .client(&target)
        .unwrap()
}

/// Makes all the tries; how many were answered.
async fn tries(client: &Client, url: &str) -> usize {
    let mut answered = 0;
    for _ in 0..TRIES {
        let options = ExchangeOptions { deadline: soon(), ..ExchangeOptions::default() };
        match client.exchange(outgoing(Method::GET, url), None, options).await {
            Ok(whole) => {
                assert_eq!(whole.body, "ok");
                answered += 1;
            }
            Err(error) => assert!(matches!(error.kind(), Kind::Refused(_)), "{error}"),
        }
    }
    answered
}

// b-ssrf-60, g-http-65
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_answers_never_lead_to_the_address_that_is_refused() {
    let (named, other) = pair().await;
    let address = named.local_addr().unwrap();
    let refused = counting(other);
    let server = Server::start_on(named, |mut stream, _| async move {
        while crate::server::request(&mut stream).await.is_some() {
            let ok = reply(200, "", "ok");
            if tokio::io::AsyncWriteExt::write_all(&mut stream, ok.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    let client = client("http", address, 1, None);
    let answered = tries(&client, &format!("http://{NAME}:{}/", address.port())).await;
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    assert_eq!(server.accepted(), answered);
    assert!((TRIES / 2..TRIES).contains(&answered), "{answered}");
}

// b-ssrf-61: a valid certificate for the name does not replace the check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_do_they_over_tls_whatever_certificate_waits_there() {
    let (named, other) = pair().await;
    let address = named.local_addr().unwrap();
    let refused = counting(other);
    let (server, root) = secured_on(named, NAME, Arc::default());
    let client = client("https", address, 2, Some(root));
    let answered = tries(&client, &format!("https://{NAME}:{}/", address.port())).await;
    assert_eq!(refused.load(Ordering::SeqCst), 0);
    assert_eq!(server.accepted(), answered);
    assert!((TRIES / 2..TRIES).contains(&answered), "{answered}");
}

// DNS-02: between a 503 and the next try the name turns; and between two hops.
#[tokio::test]
async fn each_try_and_each_hop_is_vetted_anew() {
    for (status, line) in
        [(503, "Connection: close\r\n"), (302, "Connection: close\r\nLocation: /b\r\n")]
    {
        let (named, other) = pair().await;
        let address = named.local_addr().unwrap();
        let refused = counting(other);
        let server = Server::start_on(named, move |mut stream, _| async move {
            crate::server::request(&mut stream).await;
            let _ = tokio::io::AsyncWriteExt::write_all(
                &mut stream,
                reply(status, line, "").as_bytes(),
            )
            .await;
        });
        let answers = ["127.0.0.1", "127.0.0.2"].map(|ip| vec![ip.parse::<IpAddr>().unwrap()]);
        let resolver = Resolver::fixed([(NAME.to_owned(), answers.into())]);
        let net: Net = "127.0.0.1".parse().unwrap();
        let url = format!("http://{NAME}:{}/", address.port());
        let target = Target {
            policy: Policy::default().allow_net(net, None),
            ..Target::new(Url::parse(&url).unwrap())
        };
        let client = Egress::new(Options { resolver, ..Options::default() }, Clock::system())
            .client(&target)
            .unwrap();
        let options = ExchangeOptions {
            redirects: Redirects::Follow,
            retry: egress::Retry::usual(),
            deadline: soon(),
            ..ExchangeOptions::default()
        };
        let error = client.exchange(outgoing(Method::GET, &url), None, options).await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Refused(_)) && error.sent(), "{error}");
        assert_eq!((server.accepted(), refused.load(Ordering::SeqCst)), (1, 0));
    }
}

// EGR-09
#[tokio::test]
async fn the_gate_does_not_call_itself_even_where_that_is_named() {
    let (server, _) = Server::talking(|_| reply(200, "", "ok")).await;
    let port = server.address.port();
    for own in [server.address, SocketAddr::new("0.0.0.0".parse().unwrap(), port)] {
        let options = Options { own: vec![own], ..Options::default() };
        let target = Target { policy: Policy::naming(&server.url()), ..Target::new(server.url()) };
        let client = Egress::new(options, Clock::system()).client(&target).unwrap();
        let request = outgoing(Method::GET, server.url().as_str());
        let error = client.exchange(request, None, ExchangeOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), "own_address_refused");
    }
    assert_eq!(server.accepted(), 0);
}

// DNS-01
#[tokio::test]
async fn the_name_stays_in_host_when_its_address_is_dialled() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let resolver = Resolver::fixed([(NAME.to_owned(), vec![vec![server.address.ip()]])]);
    let url = format!("http://{NAME}:{}/", server.address.port());
    let parsed = Url::parse(&url).unwrap();
    let target = Target { policy: Policy::naming(&parsed), ..Target::new(parsed) };
    let egress = Egress::new(Options { resolver, ..Options::default() }, Clock::system());
    let client = egress.client(&target).unwrap();
    let options = ExchangeOptions { deadline: soon(), ..ExchangeOptions::default() };
    client.exchange(outgoing(Method::GET, &url), None, options).await.unwrap();
    let host = format!("\r\nhost: {NAME}:{}\r\n", server.address.port());
    assert!(heard.lock().unwrap()[0].contains(&host));
}
