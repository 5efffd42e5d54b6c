//! Lists of places and methods: nothing else is asked, not even where a redirect leads.

use egress::{Client, ExchangeOptions, Kind, Policy, Redirects, Rule, Stop, Target};
use http::Method;

use crate::server::{Server, out, outgoing, reply, soon};

/// A client of `first` under `policy`, to which both servers are named as private places.
fn client(first: &Server, other: &Server, policy: Policy) -> Client {
    let ports = [first, other].map(|server| server.address.port());
    let policy = ports.iter().fold(policy, |policy, port| policy.allow("127.0.0.1", *port));
    out().client(&Target { policy, ..Target::new(first.url()) }).unwrap()
}

fn following() -> ExchangeOptions {
    ExchangeOptions { redirects: Redirects::Follow, deadline: soon(), ..ExchangeOptions::default() }
}

#[tokio::test]
async fn a_method_that_is_not_listed_is_refused_before_anything_is_sent() {
    let (server, heard) = Server::talking(|_| reply(200, "", "ok")).await;
    let client = client(&server, &server, Policy::default().only_methods([Method::GET]));
    let at = format!("http://{}/a", server.address);
    for method in [Method::POST, Method::DELETE, Method::HEAD] {
        let error = client.exchange(outgoing(method, &at), None, following()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused(Rule::Method));
        assert!(!error.sent() && error.code() == "method_not_listed", "{error}");
    }
    assert!(heard.lock().unwrap().is_empty() && server.accepted() == 0);
    let whole = client.exchange(outgoing(Method::GET, &at), None, following()).await.unwrap();
    assert_eq!(whole.body, "ok");
}

#[tokio::test]
async fn a_redirect_does_not_make_a_method_that_is_not_listed() {
    let (server, heard) = Server::talking(|_| reply(303, "Location: /b\r\n", "")).await;
    let client = client(&server, &server, Policy::default().only_methods([Method::POST]));
    let request = outgoing(Method::POST, &format!("http://{}/a", server.address));
    let error = client.exchange(request, None, following()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused(Rule::Method));
    assert!(error.sent(), "the first request had an effect");
    assert_eq!(heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_redirect_leads_to_no_place_that_is_not_listed_although_it_is_named() {
    let (other, heard) = Server::talking(|_| reply(200, "", "there")).await;
    let to = format!("Location: http://{}/b\r\n", other.address);
    let (first, _) = Server::talking(move |_| reply(302, &to, "")).await;
    let only = |servers: &[&Server]| {
        Policy::default().only_places(servers.iter().map(|s| ("127.0.0.1", s.address.port())))
    };
    let request = outgoing(Method::GET, &format!("http://{}/a", first.address));
    let narrow = client(&first, &other, only(&[&first]));
    let error = narrow.exchange(request.clone(), None, following()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Redirect(Stop::Target(Rule::Host)), "{error}");
    assert!(heard.lock().unwrap().is_empty());
    let wide = client(&first, &other, only(&[&first, &other]));
    assert_eq!(wide.exchange(request, None, following()).await.unwrap().body, "there");
    let nowhere = out().client(&Target {
        policy: only(&[&other]).allow("127.0.0.1", first.address.port()),
        ..Target::new(first.url())
    });
    assert_eq!(nowhere.unwrap_err().kind(), Kind::Refused(Rule::Host));
}
