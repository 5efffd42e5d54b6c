use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use egress::{
    Boxed, Client, Credential, Deadline, Egress, EgressError, ExchangeOptions, HeaderTemplates,
    Kind, Options, Outgoing, Phase, Policy, Target,
};
use http::{HeaderName, HeaderValue, Method, header};
use model::{Given, NoSecret, Secret, SecretName, Secrets, Template, Usage};

use crate::server::{Server, outgoing, reply};

/// A vault with one secret, for one host and port.
struct OneSecret(&'static str, u16);

impl Secrets for OneSecret {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        let given = if name.as_str() != "shop-token" {
            Err(NoSecret::Missing(name.clone()))
        } else if usage == Usage::Host("127.0.0.1", self.1) {
            Ok(Secret::new(self.0.to_owned()))
        } else {
            Err(NoSecret::NotFor(name.clone(), "this".to_owned()))
        };
        Box::pin(std::future::ready(given))
    }
}

fn client(server: &Server, secrets: OneSecret) -> Client {
    let options = Options { secrets: Arc::new(secrets), ..Options::default() };
    let target = Target { policy: Policy::naming(&server.url()), ..Target::new(server.url()) };
    Egress::new(options, Clock::system()).client(&target).unwrap()
}

fn bearer(text: &str) -> HeaderTemplates {
    HeaderTemplates(vec![(header::AUTHORIZATION, Template::parse(text).unwrap())])
}

#[tokio::test]
async fn a_secret_is_filled_in_at_the_moment_of_sending_and_replaces_what_the_caller_set() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let client = client(&server, OneSecret("t0ken", server.address.port()));
    let mut request = outgoing(Method::GET, server.url().as_str());
    request.headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer forged"));
    let credential = bearer("Bearer ${vault:shop-token}");
    client.exchange(request, Some(&credential), ExchangeOptions::default()).await.unwrap();
    let heard = heard.lock().unwrap().join("");
    assert!(
        heard.contains("authorization: Bearer t0ken\r\n") && !heard.contains("forged"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_secret_that_is_not_given_refuses_before_anything_is_sent() {
    let (server, _) = Server::talking(|_| reply(200, "", "ok")).await;
    for (secrets, text) in [
        (OneSecret("t", server.address.port()), "vault:other"),
        (OneSecret("t", 1), "vault:shop-token"),
        (OneSecret("two\nlines", server.address.port()), "vault:shop-token"),
    ] {
        let request = outgoing(Method::GET, server.url().as_str());
        let outcome = client(&server, secrets)
            .exchange(request, Some(&bearer(text)), ExchangeOptions::default())
            .await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Secret, "secret_not_given"));
        assert!(!error.sent() && !error.to_string().contains("two"), "{error}");
    }
    assert_eq!(server.accepted(), 0);
}

/// A credential that does what a test says.
struct Does(fn(&mut Outgoing));

impl Credential for Does {
    fn apply<'a>(
        &'a self,
        request: &'a mut Outgoing,
        _: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        (self.0)(request);
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn a_credential_in_the_query_goes_out_and_is_in_no_url_that_is_reported() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let client = client(&server, OneSecret("t", 1));
    let credential = Does(|request| {
        request.url.query_pairs_mut().append_pair("key", "k3y&");
    });
    let request = outgoing(Method::GET, &format!("http://{}/a?x=1", server.address));
    let whole =
        client.exchange(request, Some(&credential), ExchangeOptions::default()).await.unwrap();
    assert!(heard.lock().unwrap()[0].starts_with("GET /a?x=1&key=k3y%26 HTTP/1.1\r\n"));
    assert_eq!(whole.url.query(), Some("x=1"));
}

#[tokio::test]
async fn a_credential_cannot_change_where_the_request_goes() {
    let (server, _) = Server::talking(|_| reply(200, "", "ok")).await;
    let client = client(&server, OneSecret("t", 1));
    for change in [
        (|r: &mut Outgoing| r.url.set_host(Some("127.0.0.2")).unwrap()) as fn(&mut Outgoing),
        |r| r.url.set_port(Some(1)).unwrap(),
        |r| r.url.set_scheme("https").unwrap(),
    ] {
        let request = outgoing(Method::GET, server.url().as_str());
        let outcome =
            client.exchange(request, Some(&Does(change)), ExchangeOptions::default()).await;
        assert_eq!(outcome.unwrap_err().code(), "other_origin");
    }
    assert_eq!(server.accepted(), 0);
}

struct Never;

impl Credential for Never {
    fn apply<'a>(
        &'a self,
        _: &'a mut Outgoing,
        _: &'a dyn Secrets,
    ) -> Boxed<'a, Result<(), EgressError>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_credential_that_never_comes_ends_at_the_deadline_with_nothing_sent() {
    let (server, _) = Server::talking(|_| reply(200, "", "ok")).await;
    let deadline = Deadline::after(Duration::from_millis(100));
    let options = ExchangeOptions { deadline, ..ExchangeOptions::default() };
    let request = outgoing(Method::GET, server.url().as_str());
    let outcome = client(&server, OneSecret("t", 1)).exchange(request, Some(&Never), options).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Total));
    assert!(!error.sent() && server.accepted() == 0);
}

#[tokio::test]
async fn two_templates_of_one_name_both_go_out() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let name = HeaderName::from_static("x-key");
    let both = ["a", "b"].map(|v| (name.clone(), Template::plain(v.to_owned())));
    let request = outgoing(Method::GET, server.url().as_str());
    let client = client(&server, OneSecret("t", 1));
    client
        .exchange(request, Some(&HeaderTemplates(both.into())), ExchangeOptions::default())
        .await
        .unwrap();
    let heard = heard.lock().unwrap().join("");
    assert!(heard.contains("x-key: a\r\n") && heard.contains("x-key: b\r\n"), "{heard}");
}
