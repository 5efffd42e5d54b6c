use bytes::Bytes;
use egress::{
    Client, EgressError, ExchangeOptions, HeaderTemplates, Kind, Outgoing, Policy, Redirects, Stop,
    Target, Violation, Whole,
};
use http::{HeaderName, HeaderValue, Method, header};
use model::Template;

use crate::server::{Server, out, outgoing, reply, soon};

fn following() -> ExchangeOptions {
    ExchangeOptions { redirects: Redirects::Follow, deadline: soon(), ..ExchangeOptions::default() }
}

/// A client of `first` that may also go to `others`.
fn client(first: &Server, others: &[&Server]) -> Client {
    let mut policy = Policy::default();
    for server in others.iter().chain([&first]) {
        policy = policy.allow("127.0.0.1", server.address.port());
    }
    out().client(&Target { policy, ..Target::new(first.url()) }).unwrap()
}

fn key() -> HeaderTemplates {
    HeaderTemplates(vec![
        (header::AUTHORIZATION, Template::plain("Bearer t0ken".to_owned())),
        (HeaderName::from_static("x-api-key"), Template::plain("k3y".to_owned())),
    ])
}

async fn go(client: &Client, request: Outgoing) -> Result<Whole, EgressError> {
    client.exchange(request, Some(&key()), following()).await
}

fn kind(outcome: Result<Whole, EgressError>) -> Kind {
    let error = outcome.unwrap_err();
    assert!(error.sent() && !error.retry_safe(), "{error}");
    error.kind()
}

// b-redirect-05
#[tokio::test]
async fn by_default_no_redirect_is_followed_and_the_call_fails() {
    let (server, heard) = Server::talking(|_| reply(303, "Location: /b\r\n", "")).await;
    let request = outgoing(Method::POST, &format!("http://{}/a", server.address));
    let outcome = client(&server, &[]).exchange(request, None, ExchangeOptions::default()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol(Violation::Redirect));
    assert!(error.to_string().contains("303"), "{error}");
    assert_eq!(heard.lock().unwrap().len(), 1);
}

// b-redirect-06
#[tokio::test]
async fn a_303_is_followed_as_get_without_a_body() {
    let (server, heard) = Server::talking(|asked| {
        if asked.starts_with("POST /a ") {
            reply(303, "Location: /b\r\n", "")
        } else {
            reply(200, "", "ok")
        }
    })
    .await;
    let mut request = outgoing(Method::POST, &format!("http://{}/a", server.address));
    request.body = Bytes::from_static(b"{}");
    let whole = go(&client(&server, &[]), request).await.unwrap();
    assert_eq!((whole.body.as_ref(), whole.url.path()), (b"ok".as_slice(), "/b"));
    let heard = heard.lock().unwrap();
    assert!(
        heard[1].starts_with("GET /b HTTP/1.1\r\n") && heard[1].ends_with("\r\n\r\n"),
        "{}",
        heard[1]
    );
    assert!(heard[1].contains("authorization: Bearer t0ken"), "it is the same origin");
    assert_eq!(server.accepted(), 1, "a reply without a body gives its connection back");
}

// b-redirect-02, b-redirect-03
#[tokio::test]
async fn no_credential_crosses_an_origin() {
    let (other, heard) = Server::talking(|_| reply(200, "", "there")).await;
    let to = format!("Location: http://{}/b\r\n", other.address);
    let (first, _) = Server::talking(move |_| reply(302, &to, "")).await;
    let mut request = outgoing(Method::GET, &format!("http://{}/a", first.address));
    request.headers.insert("x-custom", HeaderValue::from_static("s3cret"));
    request.headers.insert("accept", HeaderValue::from_static("text/plain"));
    let whole = go(&client(&first, &[&other]), request).await.unwrap();
    assert_eq!(whole.body, "there");
    let heard = heard.lock().unwrap().join("").to_ascii_lowercase();
    for secret in ["authorization", "t0ken", "x-api-key", "k3y", "s3cret"] {
        assert!(!heard.contains(secret), "{secret} in {heard}");
    }
    assert!(
        heard.contains("accept: text/plain") && heard.contains(&format!("host: {}", other.address))
    );
}

// RED-06
#[tokio::test]
async fn a_credential_does_not_come_back_after_the_chain_has_left_its_origin() {
    let home = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let back = home.clone();
    let (other, _) = Server::talking(move |_| {
        reply(302, &format!("Location: {}\r\n", back.lock().unwrap()), "")
    })
    .await;
    let to = format!("Location: http://{}/b\r\n", other.address);
    let (first, heard) = Server::talking(move |asked| {
        if asked.starts_with("GET /a ") { reply(302, &to, "") } else { reply(200, "", "home") }
    })
    .await;
    *home.lock().unwrap() = format!("http://{}/c", first.address);
    let request = outgoing(Method::GET, &format!("http://{}/a", first.address));
    let whole = go(&client(&first, &[&other]), request).await.unwrap();
    assert_eq!(whole.body, "home");
    let heard = heard.lock().unwrap();
    assert!(heard[0].contains("t0ken") && heard[0].contains("k3y"));
    assert!(!heard[1].contains("t0ken") && !heard[1].contains("k3y"), "{}", heard[1]);
}

// b-redirect-01: another place that is not named is no place to follow to.
#[tokio::test]
async fn a_hop_to_what_is_refused_opens_no_connection() {
    let (other, _) = Server::talking(|_| reply(200, "", "there")).await;
    let to = format!("Location: http://{}/b\r\n", other.address);
    let (first, _) = Server::talking(move |_| reply(302, &to, "")).await;
    let request = outgoing(Method::GET, &format!("http://{}/a", first.address));
    let kind = kind(go(&client(&first, &[]), request).await);
    assert!(matches!(kind, Kind::Redirect(Stop::Target(_))), "{kind:?}");
    assert_eq!(other.accepted(), 0);
}

// b-redirect-04
#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    for (redirects, ends) in [(5, true), (6, false)] {
        let (server, heard) = Server::talking(move |asked| {
            let at: usize = asked[5..6].parse().unwrap();
            if at == redirects {
                reply(200, "", "end")
            } else {
                reply(302, &format!("Location: /{}\r\n", at + 1), "")
            }
        })
        .await;
        let request = outgoing(Method::GET, &format!("http://{}/0", server.address));
        let outcome = go(&client(&server, &[]), request).await;
        if ends {
            assert_eq!(outcome.unwrap().body, "end");
        } else {
            assert_eq!(kind(outcome), Kind::Redirect(Stop::Limit));
        }
        assert_eq!(heard.lock().unwrap().len(), 6);
    }
}

// RED-01 to RED-05
#[tokio::test]
async fn a_request_with_a_payment_is_never_sent_on() {
    let (other, _) = Server::talking(|_| reply(200, "", "there")).await;
    for (id, status, name, value) in [
        ("RED-01", 307, "x-cashu", "cashuB"),
        ("RED-02", 307, "x-lnurlcash", "note"),
        ("RED-03", 302, "payment-signature", "eyJ"),
        ("RED-04", 302, "x-payment", "eyJ"),
        ("RED-05", 302, "authorization", "L402 AAAA:00"),
    ] {
        for to in [format!("http://{}/b", other.address), "/same".to_owned()] {
            let line = format!("Location: {to}\r\n");
            let (first, heard) = Server::talking(move |_| reply(status, &line, "")).await;
            let request = outgoing(Method::GET, &format!("http://{}/a", first.address));
            let paying = HeaderTemplates(vec![(
                HeaderName::from_static(name),
                Template::plain(value.to_owned()),
            )]);
            let outcome =
                client(&first, &[&other]).exchange(request, Some(&paying), following()).await;
            assert_eq!(kind(outcome), Kind::Redirect(Stop::Paid), "{id}");
            assert_eq!((heard.lock().unwrap().len(), other.accepted()), (1, 0), "{id}");
        }
    }
}

// RED-07: one of 1 MiB does not even fit into a head.
#[tokio::test]
async fn a_location_of_a_mebibyte_is_too_large() {
    for (length, want) in [(1 << 20, Kind::TooLarge), (9 << 10, Kind::Redirect(Stop::TooLong))] {
        let line = format!("Location: /{}\r\n", "x".repeat(length));
        let (server, _) = Server::talking(move |_| reply(302, &line, "")).await;
        let request = outgoing(Method::GET, &format!("http://{}/a", server.address));
        assert_eq!(kind(go(&client(&server, &[]), request).await), want);
    }
}

#[tokio::test]
async fn not_modified_is_an_answer_where_redirects_are_followed() {
    let (server, _) =
        Server::talking(|_| "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n".to_owned()).await;
    let request = outgoing(Method::GET, &format!("http://{}/a", server.address));
    let whole = go(&client(&server, &[]), request).await.unwrap();
    assert!(whole.status == 304 && whole.headers["etag"] == "\"1\"" && whole.body.is_empty());
}

#[tokio::test]
async fn a_request_for_another_origin_than_that_of_its_client_is_refused() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let port = server.address.port();
    for url in [
        format!("http://127.0.0.1:{}/", port ^ 1),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://u@127.0.0.1:{port}/"),
    ] {
        let outcome = go(&client(&server, &[]), outgoing(Method::GET, &url)).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "other_origin", "{url}");
        assert!(!error.sent());
    }
    assert!(heard.lock().unwrap().is_empty());
}
