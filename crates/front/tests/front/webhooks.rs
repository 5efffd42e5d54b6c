//! Webhooks as services send them: which requests become a call, and which become nothing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ambient::Clock;
use aws_lc_rs::hmac;
use front::webhook::{
    Algorithm, Answer, Claimed, Claims, Encoding, Hmac, Hook, HookName, NotClaimed, Scheme,
    WebhookLimits, Webhooks,
};
use gate::port::Boxed;
use http::HeaderName;
use model::{Given, NoSecret, Secret, SecretName, Secrets, TenantId, Timestamp, Usage};

use crate::rest::{bare, problem};
use crate::support::{House, Reply, Server};

pub(crate) const NOW: u64 = 1_700_000_000_000;
pub(crate) const KEY: &str = "a secret of some length";
pub(crate) const HOOK: &str = "/hooks/push";

/// Claims at rest, as the program has them.
pub(crate) struct Durable(pub(crate) store::Claims);

impl Claims for Durable {
    fn claim<'a>(
        &'a self,
        route: &'a str,
        key: [u8; 32],
        until: Timestamp,
    ) -> Boxed<'a, Result<Claimed, NotClaimed>> {
        Box::pin(async move {
            match self.0.claim(route, key, until).await {
                Ok(store::Claim::Fresh) => Ok(Claimed::Fresh),
                Ok(store::Claim::Taken) => Ok(Claimed::Taken),
                Ok(store::Claim::Full) => Ok(Claimed::Full),
                Err(e) => Err(NotClaimed(e.to_string())),
            }
        })
    }
}

/// A vault that gives each secret for its own route only.
pub(crate) struct Vault {
    secrets: HashMap<&'static str, &'static str>,
    asked: AtomicUsize,
}

impl Secrets for Vault {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = match (self.secrets.get(name.as_str()), usage) {
            (None, _) => Err(NoSecret::Missing(name.clone())),
            (Some(_), Usage::Verify("shut")) => Err(NoSecret::NotFor(name.clone(), "shut".into())),
            (Some(secret), Usage::Verify(_)) => Ok(Secret::new((*secret).to_owned())),
            (Some(_), _) => Err(NoSecret::NotFor(name.clone(), "elsewhere".into())),
        };
        Box::pin(std::future::ready(found))
    }
}

pub(crate) fn secret(name: &str) -> SecretName {
    SecretName::new(name).unwrap()
}

pub(crate) fn hook(name: &str, scheme: Scheme) -> Hook {
    let tenant = TenantId::new("acme");
    let mut hook =
        Hook::new(HookName::new(name).unwrap(), tenant, "notes__echo", scheme, secret("key"));
    hook.answer = Answer::Result;
    hook.arguments = vec![("n".to_owned(), front::webhook::From::body("/n").unwrap())];
    hook
}

/// HMAC-SHA256 in hexadecimal, over `t.body`.
pub(crate) fn timed() -> Scheme {
    let name = HeaderName::from_static;
    let hmac =
        Hmac::new(name("x-sign"), "", Algorithm::Sha256, Encoding::Hex, Some(name("x-time")), None);
    Scheme::Hmac(hmac.unwrap())
}

pub(crate) fn mac(text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
    let hex = |out: String, byte: &u8| format!("{out}{byte:02x}");
    hmac::sign(&key, text.as_bytes()).as_ref().iter().fold(String::new(), hex)
}

pub(crate) fn webhooks(dir: &Path, clock: &Clock, hooks: Vec<Hook>) -> Webhooks {
    let claims = store::Claims::open(&dir.join("claims.db"), clock.clone(), 1000).unwrap();
    let secrets =
        HashMap::from([("key", KEY), ("other", "another secret, long enough"), ("short", "short")]);
    Webhooks {
        hooks,
        secrets: Arc::new(Vault { secrets, asked: AtomicUsize::new(0) }),
        claims: Arc::new(Durable(claims)),
        limits: WebhookLimits::default(),
    }
}

pub(crate) async fn serve(house: House, clock: &Clock, hooks: Vec<Hook>) -> Server {
    serve_with(house, clock, hooks, |_| {}).await
}

pub(crate) async fn serve_with(
    house: House,
    clock: &Clock,
    hooks: Vec<Hook>,
    change: impl FnOnce(&mut Webhooks),
) -> Server {
    let mut webhooks = webhooks(house.dir.path(), clock, hooks);
    change(&mut webhooks);
    let clock = clock.clone();
    let serving = house.serve(|s| {
        s.webhooks = Some(webhooks);
        s.clock = clock;
    });
    serving.await
}

pub(crate) async fn start(hooks: Vec<Hook>) -> (Server, Clock) {
    let clock = Clock::manual(NOW);
    (serve(House::new(), &clock, hooks).await, clock)
}

/// A request to `/hooks/push` signed at this second.
pub(crate) async fn send(server: &Server, time: &str, body: &str) -> Reply {
    let sign = mac(&format!("{time}.{body}"));
    bare(server, "POST", HOOK, &[("X-Time", time), ("X-Sign", &sign)], body).await
}

const AT: &str = "1700000000";

// b-webhook-01
#[tokio::test]
async fn a_signed_request_becomes_one_call_of_the_routes_own_principal() {
    let (server, _) = start(vec![hook("push", timed())]).await;
    let reply = send(&server, AT, r#"{"n":12345678901234567890,"more":1}"#).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["result"][0]["text"], r#"{"n":12345678901234567890}"#);
    crate::rest::guarded(&reply);
    let records = server.records().await;
    let calls: Vec<_> = records.iter().filter(|r| r.kind == "call").collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].front.as_deref(), Some("webhook"));
    assert_eq!(calls[0].principal.as_deref(), Some("hook:push"));
    assert_eq!(calls[0].tenant.as_deref(), Some("acme"));
    assert_eq!(calls[0].outcome.as_deref(), Some("ok"));
}

// b-webhook-01, b-webhook-08, b-webhook-13
#[tokio::test]
async fn a_route_that_answers_at_once_says_202_and_calls_behind_it() {
    let mut github = hook("git", Scheme::GitHub);
    github.answer = Answer::Accepted;
    let mut slack = hook("slack", Scheme::Slack);
    slack.answer = Answer::Accepted;
    let (server, _) = start(vec![github, slack]).await;
    let body = r#"{"n":1}"#;
    let sign = format!("sha256={}", mac(body));
    let git = bare(&server, "POST", "/hooks/git", &[("X-Hub-Signature-256", &sign)], body).await;
    assert_eq!((git.status, git.body.as_str()), (202, r#"{"status":"accepted"}"#));
    let sign = format!("v0={}", mac(&format!("v0:{AT}:{body}")));
    let headers = [("X-Slack-Signature", sign.as_str()), ("X-Slack-Request-Timestamp", AT)];
    let slack = bare(&server, "POST", "/hooks/slack", &headers, body).await;
    assert_eq!(slack.status, 202);
    crate::support::until("both are called", || server.house.notes.called() == 2).await;
}

// b-webhook-03 to b-webhook-07, b-webhook-09 to b-webhook-11, b-webhook-14 to b-webhook-20
#[tokio::test]
async fn what_is_not_signed_so_is_refused_and_nothing_is_called() {
    let token = Scheme::Header(HeaderName::from_static("x-token"));
    let hooks = vec![hook("push", timed()), hook("git", Scheme::GitHub), hook("token", token)];
    let (server, clock) = start(hooks).await;
    let git = format!("sha256={}", mac("{}"));
    let bare_git = mac("{}");
    let wrong = KEY.replace('a', "b");
    let longer = format!("{KEY}x");
    for (path, name, value, body) in [
        ("/hooks/git", "X-Hub-Signature-256", git.as_str(), "[]"),
        ("/hooks/git", "X-Hub-Signature-256", &bare_git, "{}"),
        ("/hooks/git", "X-Hub-Signature-256", "sha256=", "{}"),
        ("/hooks/git", "X-Nothing", "1", "{}"),
        ("/hooks/token", "X-Token", &wrong, "{}"),
        ("/hooks/token", "X-Token", &KEY[..KEY.len() - 1], "{}"),
        ("/hooks/token", "X-Token", &longer, "{}"),
    ] {
        let reply = bare(&server, "POST", path, &[(name, value)], body).await;
        assert_eq!(problem(&reply), (401, "unauthenticated".to_owned()), "{path} {value}");
        assert_eq!(reply.header("www-authenticate"), Some("Signature realm=\"portcullis\""));
    }
    for time in [
        "1699999699",
        "1700000006",
        "Infinity",
        "1700000000.5",
        "-1700000000",
        "+1700000000",
        "0x1",
        "1700000 000",
        "17000000000000",
    ] {
        assert_eq!(send(&server, time, "{}").await.status, 401, "{time}");
    }
    // b-webhook-11: captured, and only its time renewed.
    clock.advance(Duration::from_secs(400));
    let sign = mac(&format!("{AT}.{{}}"));
    let headers = [("X-Time", "1700000400"), ("X-Sign", sign.as_str())];
    assert_eq!(bare(&server, "POST", HOOK, &headers, "{}").await.status, 401);
    assert_eq!(server.house.notes.called(), 0);
    let records = server.records().await;
    let notes: Vec<_> = records.iter().filter_map(|r| r.note.as_deref()).collect();
    assert!(notes.contains(&"hook push: timestamp_stale"), "{notes:?}");
    assert!(notes.contains(&"hook git: signature_malformed"), "{notes:?}");
    assert!(records.iter().all(|r| r.principal.is_none()), "nobody was proven");
}

// b-webhook-12
#[tokio::test]
async fn a_request_is_taken_once_even_by_two_at_once_and_across_a_restart() {
    let (server, clock) = start(vec![hook("push", timed()), hook("git", Scheme::GitHub)]).await;
    let together = futures_util::future::join_all((0..4).map(|_| send(&server, AT, "{}"))).await;
    let mut statuses: Vec<_> = together.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let replayed = together.iter().find(|reply| reply.status == 409).unwrap();
    assert_eq!(problem(replayed), (409, "replayed".to_owned()));
    clock.advance(Duration::from_secs(10));
    assert_eq!(send(&server, AT, "{}").await.status, 409);
    assert_eq!(send(&server, "1700000010", "{}").await.status, 200, "the same, said anew");

    // GitHub's id of the delivery is not signed: another one does not make it another request.
    let sign = format!("sha256={}", mac(r#"{"n":1}"#));
    let deliver = async |server: &Server, id: &str| {
        let headers = [("X-Hub-Signature-256", sign.as_str()), ("X-GitHub-Delivery", id)];
        bare(server, "POST", "/hooks/git", &headers, r#"{"n":1}"#).await.status
    };
    assert_eq!(deliver(&server, "1").await, 200);
    assert_eq!(deliver(&server, "2").await, 409);

    let (house, _) = server.stop().await;
    let server =
        serve(house, &clock, vec![hook("push", timed()), hook("git", Scheme::GitHub)]).await;
    assert_eq!(send(&server, AT, "{}").await.status, 409);
    assert_eq!(deliver(&server, "3").await, 409);
    assert_eq!(server.house.notes.called(), 3);
}

// b-webhook-21 is a name that does not load; b-webhook-23
#[tokio::test]
async fn nobody_learns_which_routes_there_are() {
    let (server, _) = start(vec![hook("push", timed())]).await;
    let nowhere = bare(&server, "POST", "/nowhere", &[], "{}").await;
    for (method, path) in [
        ("POST", "/hooks/none"),
        ("POST", "/hooks/"),
        ("POST", "/hooks"),
        ("POST", "/hooks/%70ush"),
        ("POST", "/hooks/push/"),
        ("POST", "/hooks/../hooks/push"),
        ("GET", HOOK),
        ("OPTIONS", HOOK),
        ("GET", "/routes"),
        ("GET", "/hooks"),
    ] {
        let reply = bare(&server, method, path, &[], "").await;
        assert_eq!((reply.status, &reply.body), (404, &nowhere.body), "{method} {path}");
    }
    let shut = Server::start().await;
    assert_eq!(bare(&shut, "POST", HOOK, &[], "{}").await.body, nowhere.body);
}

// b-webhook-22
#[tokio::test]
async fn a_body_has_its_size_its_time_and_its_kind() {
    let clock = Clock::manual(NOW);
    let change = |w: &mut Webhooks| {
        assert_eq!(w.limits.body_time, Duration::from_secs(15));
        assert_eq!((w.limits.body, w.limits.in_flight), (1 << 20, 200));
        w.limits.body_time = Duration::from_millis(100);
        w.limits.body = 100;
    };
    let server = serve_with(House::new(), &clock, vec![hook("push", timed())], change).await;
    let mut conn = server.connect().await;
    conn.send("POST", HOOK, &[("Content-Length", "5")], "").await;
    assert_eq!(problem(&conn.reply().await), (408, "request_timeout".to_owned()));
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(100));
    assert_eq!(problem(&send(&server, AT, &large).await), (413, "too_large".to_owned()));
    let mut conn = server.connect().await;
    conn.send("POST", HOOK, &[("Transfer-Encoding", "chunked")], "").await;
    conn.write(&format!("{:x}\r\n{large}\r\n", large.len())).await;
    assert_eq!(problem(&conn.reply().await).0, 413);
    for media in ["text/plain", "application/x-www-form-urlencoded", "-"] {
        let reply = bare(&server, "POST", HOOK, &[("Content-Type", media)], "{}").await;
        assert_eq!(problem(&reply), (415, "unsupported_media_type".to_owned()), "{media}");
    }
    assert_eq!(problem(&send(&server, AT, "no json").await), (400, "parse_error".to_owned()));
    assert_eq!(server.house.notes.called(), 0);
}

#[tokio::test]
async fn a_route_whose_secret_is_not_there_or_no_use_is_shut_and_never_open() {
    let mut missing = hook("missing", Scheme::GitHub);
    missing.secrets = vec![secret("none")];
    let mut short = hook("short", Scheme::GitHub);
    short.secrets = vec![secret("short")];
    let shut = hook("shut", Scheme::GitHub);
    let mut both = hook("both", Scheme::GitHub);
    both.secrets = vec![secret("none"), secret("other"), secret("key")];
    let (server, _) = start(vec![missing, short, shut, both]).await;
    let sign = format!("sha256={}", mac("{}"));
    let sign = [("X-Hub-Signature-256", sign.as_str())];
    for path in ["/hooks/missing", "/hooks/short", "/hooks/shut"] {
        let reply = bare(&server, "POST", path, &sign, "{}").await;
        assert_eq!(problem(&reply), (503, "secret_unavailable".to_owned()), "{path}");
    }
    assert_eq!(server.house.notes.called(), 0);
    assert_eq!(bare(&server, "POST", "/hooks/both", &sign, "{}").await.status, 200);
}
