//! What becomes of a webhook that is verified: calls within bounds, and talk that is no call.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use front::webhook::{Answer, Claimed, Claims, Condition, From, NotClaimed, Scheme, Webhooks};
use gate::port::Boxed;
use model::Timestamp;
use serde_json::json;

use crate::rest::{bare, problem};
use crate::support::{House, Reply, Script, until};
use crate::webhooks::{HOOK, NOW, hook, mac, send, serve, serve_with, start, timed};

const AT: &str = "1700000000";

#[tokio::test]
async fn an_event_that_the_route_does_not_want_is_taken_and_ignored() {
    let mut route = hook("push", timed());
    route.filter = vec![
        Condition::new("/action", [json!("opened"), json!("reopened")]).unwrap(),
        Condition::new("/draft", [json!(false)]).unwrap(),
    ];
    let (server, _) = start(vec![route]).await;
    for body in
        ["{}", r#"{"action":"closed","draft":false}"#, r#"{"action":"opened","draft":"false"}"#]
    {
        let reply = send(&server, AT, body).await;
        assert_eq!((reply.status, reply.json()), (200, json!({"status": "ignored"})), "{body}");
    }
    assert_eq!(server.house.notes.called(), 0);
    let reply = send(&server, AT, r#"{"action":"reopened","draft":false}"#).await;
    assert!(reply.body.contains("result"), "{}", reply.body);
    assert_eq!(server.house.notes.called(), 1);
    assert_eq!(send(&server, "1699990000", "{}").await.status, 401, "but never unverified");
}

#[tokio::test]
async fn a_body_that_does_not_fit_the_routes_schema_is_refused() {
    let mut route = hook("push", timed());
    let schema =
        json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    route.schema = Some(inspect::Schema::compile(&schema, inspect::Limits::default()).unwrap());
    let (server, _) = start(vec![route]).await;
    for bad in ["{}", r#"{"n":"1"}"#, "[]"] {
        assert_eq!(problem(&send(&server, AT, bad).await), (400, "invalid_params".to_owned()));
    }
    assert_eq!(send(&server, AT, r#"{"n":1}"#).await.status, 200);
    assert_eq!(server.house.notes.called(), 1);
}

#[tokio::test]
async fn arguments_come_from_body_query_header_and_constants_and_a_doubt_is_a_refusal() {
    let mut route = hook("push", timed());
    route.arguments = vec![
        ("b".to_owned(), From::body("/a/0").unwrap()),
        ("q".to_owned(), From::query("q")),
        ("h".to_owned(), From::header("x-event".parse().unwrap())),
        ("c".to_owned(), From::constant(&json!(true))),
    ];
    let (server, _) = start(vec![route]).await;
    let body = r#"{"a":[1.50]}"#;
    let sign = mac(&format!("{AT}.{body}"));
    let headers = [("X-Time", AT), ("X-Sign", sign.as_str()), ("X-Event", "push")];
    let twice = bare(&server, "POST", "/hooks/push?q=1&q=2", &headers, body).await;
    assert_eq!(problem(&twice).0, 400);
    let reply = bare(&server, "POST", "/hooks/push?q=a%20b", &headers, body).await;
    assert_eq!(reply.json()["result"][0]["text"], r#"{"b":1.50,"q":"a b","h":"push","c":true}"#);
    let reply = send(&server, AT, r#"{"a":[{"__proto__":{}}]}"#).await;
    assert_eq!(problem(&reply).0, 400, "what no argument may be is none here either");
    let reply = send(&server, AT, r#"{"a":[{"x":1,"x":2}]}"#).await;
    assert_eq!(problem(&reply).0, 400);
    assert_eq!(server.house.notes.called(), 1);
}

// b-tenant-04, b-tenant-05
#[tokio::test]
async fn no_body_makes_a_route_one_of_another_tenant() {
    let mut route = hook("push", timed());
    route.arguments = vec![("all".to_owned(), From::body("").unwrap())];
    let (server, _) = start(vec![route]).await;
    for body in [r#"{"_tenant":"B","x":1}"#, r#"{"o":{"_tenant":"B"}}"#] {
        let reply = send(&server, AT, body).await;
        let text = format!("{{\"all\":{body}}}");
        assert_eq!(reply.json()["result"][0]["text"], text.as_str(), "{}", reply.body);
    }
    let records = server.records().await;
    let calls: Vec<_> = records.iter().filter(|r| r.kind == "call").collect();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|r| r.tenant.as_deref() == Some("acme")), "{calls:?}");
    assert!(calls.iter().all(|r| r.principal.as_deref() == Some("hook:push")), "{calls:?}");
}

#[tokio::test]
async fn what_services_ask_to_see_whether_somebody_is_there_is_answered_without_a_call() {
    let mut pings = hook("pings", Scheme::GitHub);
    pings.pings = true;
    let hooks = vec![hook("git", Scheme::GitHub), pings, hook("slack", Scheme::Slack)];
    let (server, _) = start(hooks).await;
    let sign = format!("sha256={}", mac("{}"));
    let ping = [("X-Hub-Signature-256", sign.as_str()), ("X-GitHub-Event", "ping")];
    let reply = bare(&server, "POST", "/hooks/git", &ping, "{}").await;
    assert_eq!((reply.status, reply.json()), (200, json!({"status": "pong"})));
    assert_eq!(server.house.notes.called(), 0);
    assert_eq!(bare(&server, "POST", "/hooks/pings", &ping, "{}").await.status, 200);
    assert_eq!(server.house.notes.called(), 1);
    let unsigned = [("X-Hub-Signature-256", "sha256=x"), ("X-GitHub-Event", "ping")];
    assert_eq!(bare(&server, "POST", "/hooks/git", &unsigned, "{}").await.status, 401);

    let slack = async |body: &str, media: &str| {
        let sign = format!("v0={}", mac(&format!("v0:{AT}:{body}")));
        let headers = [
            ("X-Slack-Signature", sign.as_str()),
            ("X-Slack-Request-Timestamp", AT),
            ("Content-Type", media),
        ];
        bare(&server, "POST", "/hooks/slack", &headers, body).await
    };
    let body = r#"{"type":"url_verification","challenge":"3eZb\u0022rO"}"#;
    let reply = slack(body, "application/json").await;
    assert_eq!((reply.status, reply.json()), (200, json!({"challenge": "3eZb\"rO"})));
    assert_eq!(server.house.notes.called(), 1);
    let reply = slack("n=%2Fdeploy&user=U1", "application/x-www-form-urlencoded").await;
    assert_eq!(reply.json()["result"][0]["text"], r#"{"n":"/deploy"}"#, "{}", reply.body);
}

#[tokio::test]
async fn as_many_calls_are_in_flight_as_may_be_and_a_refused_one_was_not_claimed() {
    let clock = Clock::manual(NOW);
    let mut one = hook("push", timed());
    one.in_flight = 1;
    one.answer = Answer::Accepted;
    let mut other = hook("other", Scheme::GitHub);
    other.answer = Answer::Accepted;
    let two = |w: &mut Webhooks| w.limits.in_flight = 2;
    let server = serve_with(House::new(), &clock, vec![one, other], two).await;
    server.house.notes.answers(Script::Wait);
    let git = async |body: &str| {
        let sign = format!("sha256={}", mac(body));
        bare(&server, "POST", "/hooks/other", &[("X-Hub-Signature-256", &sign)], body).await
    };
    assert_eq!(send(&server, AT, r#"{"n":1}"#).await.status, 202);
    let busy = send(&server, AT, r#"{"n":2}"#).await;
    assert_eq!(problem(&busy), (429, "too_many_concurrent".to_owned()));
    assert_eq!(busy.header("retry-after"), Some("1"));
    assert_eq!(git(r#"{"n":3}"#).await.status, 202);
    assert_eq!(git(r#"{"n":4}"#).await.status, 429, "two of all routes");
    until("both have begun", || server.house.notes.called() == 2).await;
    server.house.notes.answers(Script::Echo);
    server.house.notes.go_on.notify_waiters();
    let mut status = 429;
    for _ in 0..100 {
        status = send(&server, AT, r#"{"n":2}"#).await.status;
        if status != 429 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, 202);
}

#[tokio::test]
async fn an_address_that_proves_nothing_yet_cannot_take_every_place() {
    let clock = Clock::manual(NOW);
    let change = |w: &mut Webhooks| {
        assert_eq!((w.limits.receiving, w.limits.receiving_per_address), (200, 50));
        w.limits.receiving_per_address = 1;
    };
    let server = serve_with(House::new(), &clock, vec![hook("push", timed())], change).await;
    let mut slow = server.connect().await;
    slow.send("POST", HOOK, &[("Content-Length", "5")], "").await;
    let mut status = 200;
    for n in 0..100 {
        status = send(&server, AT, &format!("{{\"n\":{n}}}")).await.status;
        if status == 429 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, 429);
    drop(slow);
    let mut status = 429;
    for n in 100..200 {
        status = send(&server, AT, &format!("{{\"n\":{n}}}")).await.status;
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status, 200, "its place is free again");
}

#[tokio::test]
async fn policy_decides_for_a_route_as_for_anybody() {
    let clock = Clock::manual(NOW);
    let policy = r#"permit(principal, action, resource);
        forbid(principal == Principal::"hook:push", action, resource);"#;
    let hooks = vec![hook("push", timed()), hook("git", Scheme::GitHub)];
    let server = serve(House::under(policy), &clock, hooks).await;
    let denied = send(&server, AT, "{}").await;
    assert_eq!(problem(&denied), (404, "unavailable".to_owned()));
    assert_eq!(server.house.notes.called(), 0);
    let sign = format!("sha256={}", mac("{}"));
    let sign = [("X-Hub-Signature-256", sign.as_str())];
    assert_eq!(bare(&server, "POST", "/hooks/git", &sign, "{}").await.status, 200);
}

#[tokio::test]
async fn a_call_goes_on_when_its_sender_does_not_wait() {
    let (server, _) = start(vec![hook("push", timed())]).await;
    server.house.notes.answers(Script::Wait);
    let mut conn = server.connect().await;
    let sign = mac(&format!("{AT}.{{}}"));
    conn.send("POST", HOOK, &[("X-Time", AT), ("X-Sign", &sign)], "{}").await;
    until("the call has begun", || server.house.notes.called() == 1).await;
    drop(conn);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.house.notes.cancelled(), 0);
    server.house.notes.go_on.notify_waiters();
    let mut ended = false;
    for _ in 0..40 {
        ended = server.records().await.iter().any(|r| r.outcome.as_deref() == Some("ok"));
        if ended {
            break;
        }
    }
    assert!(ended, "it is recorded as done");
}

/// Claims that say the same whatever is claimed.
struct Says(Result<Claimed, NotClaimed>);

impl Claims for Says {
    fn claim<'a>(
        &'a self,
        _: &'a str,
        _: [u8; 32],
        _: Timestamp,
    ) -> Boxed<'a, Result<Claimed, NotClaimed>> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

#[tokio::test]
async fn what_cannot_be_claimed_is_not_done() {
    for (says, status, code) in [
        (Err(NotClaimed("the disk is full".to_owned())), 503, "store_unavailable"),
        (Ok(Claimed::Full), 429, "rate_limited"),
        (Ok(Claimed::Taken), 409, "replayed"),
    ] {
        let clock = Clock::manual(NOW);
        let change = |w: &mut Webhooks| w.claims = Arc::new(Says(says));
        let server = serve_with(House::new(), &clock, vec![hook("push", timed())], change).await;
        assert_eq!(problem(&send(&server, AT, "{}").await), (status, code.to_owned()));
        assert_eq!(server.house.notes.called(), 0);
    }
}

#[tokio::test]
async fn an_address_that_proves_nothing_again_and_again_is_told_to_wait() {
    let (server, _) = start(vec![hook("push", timed())]).await;
    let mut limited: Option<Reply> = None;
    for _ in 0..80 {
        let reply = send(&server, "1", "{}").await;
        if reply.status != 401 {
            limited = Some(reply);
            break;
        }
    }
    let limited = limited.expect("it is never limited");
    assert_eq!(problem(&limited), (429, "too_many_failed_logins".to_owned()));
    assert!(limited.header("retry-after").is_some());
    assert_eq!(
        send(&server, AT, "{}").await.status,
        200,
        "what is signed is never refused for that"
    );
}

#[tokio::test]
async fn a_gate_that_drains_takes_no_more_and_finishes_what_it_took() {
    let mut route = hook("push", timed());
    route.answer = Answer::Accepted;
    let (server, _) = start(vec![route]).await;
    server.house.notes.answers(Script::Wait);
    assert_eq!(send(&server, AT, "{}").await.status, 202);
    until("the call has begun", || server.house.notes.called() == 1).await;
    server.house.gate.drain();
    assert_eq!(problem(&send(&server, AT, r#"{"n":1}"#).await), (503, "draining".to_owned()));
    let notes = server.house.notes.clone();
    let going_on = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        notes.go_on.notify_waiters();
    });
    let (house, _) = server.stop().await;
    assert!(going_on.is_finished(), "the doors close after it");
    assert_eq!(house.notes.cancelled(), 0, "it had the time of grace");
}

#[test]
fn routes_that_cannot_be_told_apart_do_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(NOW);
    let mut settings = front::Settings::new("127.0.0.1:8402".parse().unwrap());
    let hooks = vec![hook("push", timed()), hook("push", Scheme::GitHub)];
    settings.webhooks = Some(crate::webhooks::webhooks(dir.path(), &clock, hooks));
    assert!(matches!(settings.check(), Err(front::StartError::Webhook(_))));
}
