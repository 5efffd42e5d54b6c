use std::collections::BTreeMap;

use convert::{Location, SchemeKind};
use gate::port::{Reply, Trouble};
use model::{Template, TenantId};
use serde_json::json;

use super::{Plan, Server, answer, target, tool, wanting, with};
use crate::{Auth, ClientAuth, Grant, OAuth2};

fn vault(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn get() -> convert::Tool {
    tool("get", "GET", "/x", &["q"])
}

#[tokio::test]
async fn each_kind_of_credential_is_put_where_it_belongs() {
    let key = |location, name: &str| Grant::ApiKey {
        location: Some(location),
        name: Some(name.to_owned()),
        value: vault("vault:key"),
    };
    for (grant, wanted) in [
        (Grant::Bearer(vault("vault:key")), "authorization: Bearer canary-7"),
        // RFC 7617 with an empty password: `ada:`.
        (Grant::Basic(vault("ada"), vault("")), "authorization: Basic YWRhOg=="),
        (key(Location::Header, "X-Key"), "x-key: canary-7"),
        (key(Location::Query, "api key"), "GET /x?q=1&api+key=canary-7 "),
        (key(Location::Cookie, "sid"), "cookie: sid=canary-7"),
        (Grant::Headers(vec![("x-a".into(), vault("a ${vault:key}"))]), "x-a: a canary-7"),
    ] {
        let server = Server::start(|_, _| answer(200, "{}")).await;
        let bench = Plan::of(vec![get()]).auth(Auth::Every(grant)).build(server);
        bench.call("get", json!({"q": "1"})).await;
        let asked = bench.server.asked().remove(0);
        assert!(asked.contains(wanted), "{wanted}: {asked}");
        let shown = bench
            .api
            .explain(&TenantId::new("acme"), "get", json!({"q": "1"}).as_object().unwrap())
            .unwrap();
        assert!(!format!("{shown:?}").contains("canary"), "{shown:?}");
        assert!(format!("{shown:?}").contains("•••"), "{shown:?}");
    }
}

#[tokio::test]
async fn the_first_requirement_that_can_be_met_is() {
    let server = Server::start(|_, _| answer(200, "{}")).await;
    let described = wanting(get(), "key", SchemeKind::ApiKey(Location::Header, "X-Api".into()));
    let grant = Grant::ApiKey { location: None, name: None, value: vault("vault:key") };
    let auth = Auth::Schemes(BTreeMap::from([("key".to_owned(), grant)]));
    let bench = Plan::of(vec![described]).auth(auth).build(server);
    bench.call("get", json!({})).await;
    assert!(bench.server.asked()[0].contains("x-api: canary-7"));
}

#[tokio::test]
async fn without_the_credential_that_is_wanted_nothing_is_sent() {
    let missing = || Grant::Bearer(vault("vault:other"));
    for auth in [Auth::None, Auth::Every(missing())] {
        let server = Server::start(|_, _| answer(200, "{}")).await;
        let described = wanting(get(), "token", SchemeKind::Bearer);
        let bench = Plan::of(vec![described]).auth(auth).build(server);
        let outcome = bench.tried("get", json!({}), "ada").await;
        let said = format!("{outcome:?}");
        assert!(said.contains("credential") || said.contains("secret_not_given"), "{said}");
        assert!(bench.server.asked().is_empty());
    }
}

/// A server that is both: it gives out a token for each request at `/token`, and takes the newest.
async fn granting(lifetime: u64, refuses_first: bool) -> Server {
    Server::start(move |request, n| {
        if request.starts_with("POST /token") {
            let token = json!({"access_token": format!("t{n}"), "token_type": "Bearer", "expires_in": lifetime});
            return answer(200, &token.to_string());
        }
        let old = refuses_first && request.contains("Bearer t0");
        answer(if old { 401 } else { 200 }, "{}")
    })
    .await
}

fn oauth(server: &Server, client_auth: ClientAuth) -> Auth {
    Auth::Every(Grant::OAuth2(Box::new(OAuth2 {
        route: egress::Route::default(),
        token: target(&format!("{}/token", server.url())),
        client_id: vault("me"),
        client_secret: vault("vault:key"),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        client_auth,
    })))
}

fn tokens(asked: &[String]) -> usize {
    asked.iter().filter(|r| r.starts_with("POST /token")).count()
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_who_wait_and_again_before_it_ends() {
    let server = granting(3600, false).await;
    let auth = oauth(&server, ClientAuth::Basic);
    let bench = Plan::of(vec![get()]).auth(auth).build(server);
    let calls = (0..20).map(|n| bench.tried("get", json!({"q": n}), "ada"));
    futures_util::future::join_all(calls).await;
    assert_eq!(tokens(&bench.server.asked()), 1);
    let first = &bench.server.asked()[0];
    assert!(first.contains("grant_type=client_credentials&scope=read+write"), "{first}");
    assert!(first.contains("authorization: Basic bWU6Y2FuYXJ5LTc="), "{first}");
    bench.clock.advance(std::time::Duration::from_secs(3541));
    bench.call("get", json!({"q": 100})).await;
    assert_eq!(tokens(&bench.server.asked()), 2, "replaced a minute early");
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_replaced_once() {
    let server = granting(3600, true).await;
    let auth = oauth(&server, ClientAuth::Body);
    let bench = Plan::of(vec![get()]).auth(auth).build(server);
    let result = bench.call("get", json!({})).await;
    assert_ne!(result["isError"], true, "{result}");
    let asked = bench.server.asked();
    assert_eq!((tokens(&asked), asked.len()), (2, 4));
    assert!(asked[0].ends_with("&client_id=me&client_secret=canary-7"));
}

fn said(outcome: &Result<Reply, Trouble>) -> String {
    format!("{outcome:?}")
}

#[tokio::test]
async fn a_tenant_has_its_own_credential_and_never_that_of_another() {
    let server = Server::start(|_, _| answer(200, "{}")).await;
    let bearer = |token: &str| Auth::Every(Grant::Bearer(vault(token)));
    let (acme, globex) = (bearer("acme-token"), bearer("globex-token"));
    let tenants = vec![(TenantId::new("acme"), acme), (TenantId::new("globex"), globex)];
    let bench = Plan::of(vec![get()]).change(|c| c.tenants = tenants).build(server);
    for who in ["ada@acme", "ada@globex"] {
        bench.tried("get", json!({}), who).await.unwrap();
    }
    let refused = said(&bench.tried("get", json!({}), "ada@initech").await);
    assert!(refused.contains("credential_missing"), "{refused}");
    let asked = bench.server.asked();
    assert_eq!(asked.len(), 2, "nothing is sent for a tenant without a credential");
    assert!(asked[0].contains("Bearer acme-token") && asked[1].contains("Bearer globex-token"));
    let explained = |tenant| {
        let arguments = serde_json::Map::new();
        bench.api.explain(&TenantId::new(tenant), "get", &arguments).unwrap().refused
    };
    assert_eq!(explained("acme"), None);
    assert!(explained("initech").unwrap().contains("the caller's tenant"));
}

#[tokio::test]
async fn a_token_fetched_for_one_tenant_is_not_used_for_another() {
    let server = granting(3600, false).await;
    let of = |server: &Server| oauth(server, ClientAuth::Basic);
    let tenants =
        vec![(TenantId::new("acme"), of(&server)), (TenantId::new("globex"), of(&server))];
    let bench = Plan::of(vec![get()]).change(|c| c.tenants = tenants).build(server);
    for (n, who) in ["ada@acme", "bob@acme", "ada@globex"].into_iter().enumerate() {
        bench.tried("get", json!({"q": n}), who).await.unwrap();
    }
    let asked = bench.server.asked();
    assert_eq!(tokens(&asked), 2, "one for each tenant, and one for the two of acme");
    let used = |q: usize| asked.iter().find(|r| r.contains(&format!("q={q} "))).unwrap().clone();
    let token = |q| used(q).lines().find(|l| l.starts_with("authorization")).unwrap().to_owned();
    assert_eq!(token(0), token(1));
    assert_ne!(token(0), token(2));
}

#[tokio::test]
async fn what_one_tenant_was_answered_is_not_given_to_another() {
    let kept = |n: usize| {
        let body = format!("{{\"n\":{n}}}");
        with(200, &["content-type: application/json", "cache-control: max-age=60"], &body)
    };
    let server = Server::start(move |_, n| kept(n)).await;
    let bench = Plan::of(vec![get()]).build(server);
    let mut answers = Vec::new();
    for who in ["ada@acme", "ada@acme", "ada@globex"] {
        answers.push(said(&bench.tried("get", json!({}), who).await));
    }
    assert_eq!(answers[0], answers[1], "kept for the same principal");
    assert_ne!(answers[0], answers[2], "ada of another tenant is somebody else");
    assert_eq!(bench.server.asked().len(), 2);
}

#[test]
fn credentials_for_everybody_beside_those_of_tenants_are_refused() {
    let bearer = || Auth::Every(Grant::Bearer(vault("x")));
    let config = super::config("http://127.0.0.1:1", Vec::new(), bearer());
    let config = crate::Config { tenants: vec![(TenantId::new("acme"), bearer())], ..config };
    let egress = egress::Egress::new(egress::Options::default(), ambient::Clock::system());
    let ports = crate::Ports { egress, clock: ambient::Clock::system(), payer: None };
    let error = crate::Api::new(config, ports).err().unwrap().to_string();
    assert!(error.contains("not both"), "{error}");
}
