use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use ambient::Clock;
use egress::{
    Client, Egress, EgressError, ExchangeOptions, Kind, Options, Policy, Proxy, Resolver, Route,
    Rule, Target, Whole,
};
use http::Method;
use model::Template;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use url::Url;

use crate::server::{Server, out, outgoing, reply, request, soon};
use crate::tls::secured;

type Asked = Arc<Mutex<Vec<String>>>;

async fn get(client: &Client, url: &str) -> Result<Whole, EgressError> {
    let options = ExchangeOptions { deadline: soon(), ..ExchangeOptions::default() };
    client.exchange(outgoing(Method::GET, url), None, options).await
}

fn by(url: &str, proxy: Proxy, roots: Option<String>) -> Result<Client, EgressError> {
    let target = Target {
        extra_roots: roots.map(String::into_bytes),
        ..Target::new(Url::parse(url).unwrap())
    };
    // No name has an address here: whoever asked a name server would get none.
    let options = Options { resolver: Resolver::fixed([]), ..Options::default() };
    let route = Route { proxy: Some(Arc::new(proxy)), client_identity: None };
    Egress::new(options, Clock::system()).client_by(&target, &route)
}

#[expect(clippy::disallowed_methods, reason = "a proxy of the test's own dials")]
async fn relay(mut from: TcpStream, to: std::net::SocketAddr) {
    let mut to = TcpStream::connect(to).await.unwrap();
    let _ = copy_bidirectional(&mut from, &mut to).await;
}

/// An HTTP proxy that leads every tunnel to `to`, if the login is right.
async fn connecting(to: std::net::SocketAddr, asked: Asked) -> Server {
    Server::start(move |mut stream, _| {
        let asked = asked.clone();
        async move {
            let Some(head) = request(&mut stream).await else { return };
            let known = head.contains("Proxy-Authorization: Basic YWRhOmh1bnRlcjI=\r\n");
            asked.lock().unwrap().push(head);
            if !known {
                let _ = stream.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n").await;
                return;
            }
            stream.write_all(b"HTTP/1.1 200 Go\r\nX: y\r\n\r\n").await.unwrap();
            relay(stream, to).await;
        }
    })
    .await
}

fn proxy(scheme: &str, server: &Server) -> Proxy {
    Proxy::parse(&format!("{scheme}://{}", server.address)).unwrap()
}

fn known(proxy: Proxy) -> Proxy {
    proxy.with_login(Template::plain("ada".to_owned()), Template::plain("hunter2".to_owned()))
}

#[tokio::test]
async fn an_https_target_is_reached_through_a_tunnel_that_shows_the_proxy_nothing() {
    let (server, root) = secured("files.example", Arc::default()).await;
    let asked = Asked::default();
    let stands = connecting(server.address, asked.clone()).await;
    let url = "https://files.example/secret?q=1";
    let client = by(url, known(proxy("http", &stands)), Some(root.clone())).unwrap();
    for _ in 0..2 {
        assert_eq!(get(&client, url).await.unwrap().body, "ok");
    }
    let heard = asked.lock().unwrap().join("");
    assert!(
        heard.starts_with("CONNECT files.example:443 HTTP/1.1\r\nHost: files.example:443\r\n"),
        "{heard}"
    );
    assert!(!heard.contains("secret") && heard.matches("CONNECT").count() == 1, "{heard}");

    let client = by(url, proxy("http", &stands), Some(root)).unwrap();
    let error = get(&client, url).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Proxy, "proxy_failed"));
    assert!(!error.sent() && error.to_string().contains("407"), "{error}");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_plain_target_is_asked_of_an_http_proxy_with_its_whole_url() {
    let (stands, heard) = Server::talking(|_| reply(200, "", "by proxy")).await;
    let url = "http://shop.example/a?b=c";
    let client = by(url, known(proxy("http", &stands)), None).unwrap();
    assert_eq!(get(&client, url).await.unwrap().body, "by proxy");
    let heard = heard.lock().unwrap();
    assert!(heard[0].starts_with("GET http://shop.example/a?b=c HTTP/1.1\r\n"), "{}", heard[0]);
    assert!(heard[0].contains("\r\nhost: shop.example\r\n"), "{}", heard[0]);
    assert!(
        heard[0].contains("\r\nproxy-authorization: Basic YWRhOmh1bnRlcjI=\r\n"),
        "{}",
        heard[0]
    );
}

/// A SOCKS5 proxy that leads every connection to `to`, if the login is right.
async fn socks(to: std::net::SocketAddr, asked: Asked) -> Server {
    Server::start(move |mut stream, _| {
        let asked = asked.clone();
        async move {
            let mut hello = [0; 3];
            stream.read_exact(&mut hello).await.unwrap();
            if hello != [5, 1, 2] {
                stream.write_all(&[5, 0xff]).await.unwrap();
                return;
            }
            stream.write_all(&[5, 2]).await.unwrap();
            let mut login = [0; 13];
            stream.read_exact(&mut login).await.unwrap();
            assert_eq!(&login, b"\x01\x03ada\x07hunter2");
            stream.write_all(&[1, 0]).await.unwrap();
            let mut head = [0; 5];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(head[..4], [5, 1, 0, 3], "a name goes as a name");
            let mut rest = vec![0; usize::from(head[4]) + 2];
            stream.read_exact(&mut rest).await.unwrap();
            asked
                .lock()
                .unwrap()
                .push(String::from_utf8_lossy(&rest[..rest.len() - 2]).into_owned());
            stream.write_all(b"\x05\x00\x00\x03\x04host\x00\x50").await.unwrap();
            relay(stream, to).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_socks_proxy_resolves_the_name_and_leads_to_onions() {
    let (server, heard) = Server::talking(|_| reply(200, "", "behind")).await;
    let asked = Asked::default();
    let stands = socks(server.address, asked.clone()).await;
    for url in ["http://shop.example:8080/x", "http://abcdefghijklmnop.onion/"] {
        let client = by(url, known(proxy("socks5h", &stands)), None).unwrap();
        assert_eq!(get(&client, url).await.unwrap().body, "behind");
    }
    assert_eq!(*asked.lock().unwrap(), ["shop.example", "abcdefghijklmnop.onion"]);
    // DNS-01: the name stays in `Host`.
    assert!(heard.lock().unwrap()[0].contains("\r\nhost: shop.example:8080\r\n"));

    let client = by("http://shop.example/", proxy("socks5", &stands), None).unwrap();
    let error = get(&client, "http://shop.example/").await.unwrap_err();
    assert!(error.kind() == Kind::Proxy && error.to_string().contains("login"), "{error}");
}

#[tokio::test]
async fn a_proxy_is_no_way_round_the_rules_for_names() {
    let (stands, _) = Server::talking(|_| reply(200, "", "by proxy")).await;
    for (url, code) in [
        ("http://localhost/", "address_refused"),
        ("http://127.0.0.1/", "address_refused"),
        ("http://169.254.169.254/", "address_refused"),
        ("http://metadata.google.internal/", "metadata_name_refused"),
        // DNS-03: an HTTP proxy is no SOCKS proxy.
        ("http://abcdefghijklmnop.onion/", "no_route"),
    ] {
        let error = by(url, proxy("http", &stands), None).unwrap_err();
        assert_eq!(error.code(), code, "{url}");
    }
    assert_eq!(stands.accepted(), 0);
}

#[tokio::test]
async fn the_proxy_itself_may_be_private_but_no_metadata_service() {
    let lead = |ip: &str| {
        let answers = vec![vec![ip.parse::<IpAddr>().unwrap()]];
        let resolver = Resolver::fixed([("proxy.corp".to_owned(), answers)]);
        let route = Route {
            proxy: Some(Arc::new(Proxy::parse("http://proxy.corp:1").unwrap())),
            client_identity: None,
        };
        let target = Target::new(Url::parse("http://shop.example/").unwrap());
        Egress::new(Options { resolver, ..Options::default() }, Clock::system())
            .client_by(&target, &route)
            .unwrap()
    };
    let error = get(&lead("169.254.169.254"), "http://shop.example/").await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Refused(Rule::Address(_))), "{error}");
    let error = get(&lead("127.0.0.1"), "http://shop.example/").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "nobody listens there, but it was tried");
}

#[tokio::test]
async fn a_proxy_that_talks_nonsense_or_nothing_is_left() {
    for nonsense in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 502 Bad\r\n\r\n", ""] {
        let stands = Server::start(move |mut stream, _| async move {
            let mut seen = [0; 64];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(nonsense.as_bytes()).await;
        })
        .await;
        for scheme in ["http", "socks5"] {
            let client = by("https://shop.example/", proxy(scheme, &stands), None).unwrap();
            let error = get(&client, "https://shop.example/").await.unwrap_err();
            assert!(error.kind() == Kind::Proxy && !error.sent(), "{scheme} {nonsense:?}: {error}");
        }
    }
}

/// The test starts itself again with proxies in its environment, and asks there.
#[tokio::test]
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a child with another environment"
)]
async fn proxies_in_the_environment_change_nothing() {
    if let Some(url) = ambient::env("EGRESS_TEST_ASK") {
        let url = Url::parse(&url).unwrap();
        let target = Target { policy: Policy::naming(&url), ..Target::new(url.clone()) };
        let whole = get(&out().client(&target).unwrap(), url.as_str()).await.unwrap();
        assert_eq!(whole.body, "straight");
        return;
    }
    let (server, _) = Server::talking(|_| reply(200, "", "straight")).await;
    let (stands, _) = Server::talking(|_| reply(200, "", "by proxy")).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "proxies::proxies_in_the_environment_change_nothing"]);
    child.env("EGRESS_TEST_ASK", format!("http://{}/", server.address));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        child.env(name, format!("http://{}", stands.address));
    }
    let status = child.stdout(std::process::Stdio::null()).status().await.unwrap();
    assert!(status.success());
    assert_eq!((server.accepted(), stands.accepted()), (1, 0));
}
