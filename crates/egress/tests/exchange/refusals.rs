use std::net::IpAddr;

use ambient::Clock;
use egress::{
    Class, Deadline, Egress, EgressError, Kind, Options, Policy, Resolver, Rule, Target, Violation,
};
use url::Url;

use crate::server::{Server, ask, out};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What becomes of an exchange with `url` when nothing private is named, or everything about it is.
async fn reach(egress: &Egress, url: &str, policy: Policy) -> EgressError {
    let target = Target { policy, ..Target::new(Url::parse(url).unwrap()) };
    match egress.client(&target) {
        Ok(client) => ask(&client).await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn private_places_are_refused_however_they_are_written() {
    for (url, class) in [
        ("http://169.254.169.254/", Class::Metadata),
        ("http://127.0.0.1:9000/", Class::Loopback),
        ("http://10.1.2.3/", Class::Private),
        ("http://2130706433/", Class::Loopback),
        ("http://0x7f000001/", Class::Loopback),
        ("http://0177.0.0.1/", Class::Loopback),
        ("http://127.1/", Class::Loopback),
        ("http://[64:ff9b::7f00:1]/", Class::Embedded),
        ("http://[::ffff:127.0.0.1]/", Class::Embedded),
        ("http://[::1]/", Class::Loopback),
        ("http://0/", Class::Unspecified),
        ("http://localhost:9000/", Class::Loopback),
        ("http://db.localhost/", Class::Loopback),
        ("http://DB.LocalHost./", Class::Loopback),
    ] {
        let error = reach(&out(), url, Policy::default()).await;
        assert_eq!(error.kind(), Kind::Refused(Rule::Address(class)), "{url}: {error}");
        assert!(!error.sent() && !error.retry_safe());
    }
}

#[tokio::test]
async fn metadata_and_link_local_places_are_refused_even_when_named() {
    for url in [
        "http://169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://169.254.1.1/",
        "http://0.0.0.0/",
    ] {
        let error = reach(&out(), url, Policy::naming(&Url::parse(url).unwrap())).await;
        assert!(matches!(error.kind(), Kind::Refused(Rule::Address(_))), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_named_place_is_reached_and_its_neighbour_port_is_not() {
    let server = Server::answering(OK).await;
    assert_eq!(ask(&server.client()).await.unwrap(), "ok");
    let policy = Policy::default().allow("127.0.0.1", server.address.port() ^ 1);
    let error = reach(&out(), server.url().as_str(), policy).await;
    assert_eq!(error.kind(), Kind::Refused(Rule::Address(Class::Loopback)));
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn localhost_by_name_is_reached_when_named() {
    let server = Server::answering(OK).await;
    let url = Url::parse(&format!("http://api.localhost:{}/", server.address.port())).unwrap();
    let target = Target { policy: Policy::naming(&url), ..Target::new(url) };
    assert_eq!(ask(&out().client(&target).unwrap()).await.unwrap(), "ok");
}

fn playing(answers: &[&[&str]]) -> Egress {
    let parse = |list: &&[&str]| list.iter().map(|ip| ip.parse::<IpAddr>().unwrap()).collect();
    let answers = answers.iter().map(parse).collect();
    let resolver = Resolver::fixed([("api.shop.example".to_owned(), answers)]);
    Egress::new(Options { resolver, ..Options::default() }, Clock::system())
}

#[tokio::test]
async fn a_name_that_turns_to_a_private_address_is_refused_when_it_is_dialled() {
    let server = Server::answering(OK).await;
    let port = server.address.port();
    let url = format!("http://api.shop.example:{port}/");
    let target = Target::new(Url::parse(&url).unwrap());
    // The first answer is what a check sees; the second is what a dial would get.
    let egress = playing(&[&["93.184.215.14"], &["127.0.0.1"]]);
    let client = egress.client(&target).unwrap();
    let brief = Deadline::after(std::time::Duration::from_millis(50));
    let send =
        || client.send(http::Method::GET, None, http::HeaderMap::new(), bytes::Bytes::new(), brief);
    assert!(!matches!(send().await.unwrap_err().kind(), Kind::Refused(_)));
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Rule::Address(Class::Loopback)));
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn of_private_addresses_among_others_none_is_dialled() {
    let server = Server::answering(OK).await;
    let port = server.address.port();
    let egress = playing(&[&["127.0.0.1", "93.184.215.14"]]);
    let target = Target::new(Url::parse(&format!("http://api.shop.example:{port}/")).unwrap());
    let client = egress.client(&target).unwrap();
    let brief = Deadline::after(std::time::Duration::from_millis(200));
    let sent =
        client.send(http::Method::GET, None, http::HeaderMap::new(), bytes::Bytes::new(), brief);
    assert!(!matches!(sent.await.unwrap_err().kind(), Kind::Refused(_)), "one is left to dial");
    assert_eq!(server.accepted(), 0);

    let egress = playing(&[&["127.0.0.1", "10.0.0.1"]]);
    let error = reach(&egress, "http://api.shop.example/", Policy::default()).await;
    assert_eq!(error.kind(), Kind::Refused(Rule::Address(Class::Loopback)));
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_error() {
    let error = reach(&playing(&[&[]]), "http://api.shop.example/", Policy::default()).await;
    assert_eq!(error.kind(), Kind::Dns);
    assert!(error.retry_safe());
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let server = Server::answering(OK).await;
    let url = Url::parse(&format!("http://api.shop.example:{}/", server.address.port())).unwrap();
    let target = Target { policy: Policy::naming(&url), ..Target::new(url) };
    let client = playing(&[&["127.0.0.9", "127.0.0.1"]]).client(&target).unwrap();
    assert_eq!(ask(&client).await.unwrap(), "ok");
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error_that_names_no_secret() {
    let server = Server::answering(OK).await;
    let client = server.client();
    drop(server);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
    assert!(error.retry_safe());
    for text in [error.to_string(), format!("{error:?}"), format!("{client:?}")] {
        assert!(!text.contains("hunter2") && !text.contains("/mcp"), "{text}");
    }
}

#[tokio::test]
async fn replies_that_break_the_rules_are_refused_and_their_connections_closed() {
    for (reply, violation) in [
        (
            "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            Violation::Redirect,
        ),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", Violation::Redirect),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\u{8}",
            Violation::ContentEncoding,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: br\r\nContent-Length: 0\r\n\r\n",
            Violation::ContentEncoding,
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            Violation::Upgrade,
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", Violation::Http),
        ("HTTP/1.1 200 OK\r\nMcp-Session-Id: a\n b\r\nContent-Length: 0\r\n\r\n", Violation::Http),
        (
            "HTTP/1.1 200 OK\r\nMcp-Session-Id: a\nevil\r\nContent-Length: 0\r\n\r\n",
            Violation::Http,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", Violation::Http),
    ] {
        let server = Server::answering(reply).await;
        let client = server.client();
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol(violation), "{reply:?}: {error}");
        assert_eq!(client.idle(), 0, "{reply:?}");
    }
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok",
    )
    .await;
    assert_eq!(ask(&server.client()).await.unwrap(), "ok");
}
