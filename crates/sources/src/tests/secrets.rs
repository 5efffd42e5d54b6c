//! Secrets of the vault in headers and variables: filled in at the last moment, or nothing leaves.

use std::collections::HashMap;
use std::path::Path;

use gate::port::Trouble;
use model::{Code, Given, NoSecret, Secret, SecretName, Secrets, Template, Usage};
use process::Confine;

use super::cells::legacy;
use super::modern::modern;
use super::server::{Heard, Say, Server};
use super::*;
use crate::Program;

/// A vault of a few lines: what it has can be changed, and what was asked of it is written down.
#[derive(Default)]
struct Few {
    values: Mutex<HashMap<String, String>>,
    asked: Mutex<Vec<String>>,
}

impl Few {
    fn with(name: &str, value: &str) -> Arc<Self> {
        let few = Self::default();
        few.set(name, value);
        Arc::new(few)
    }

    fn set(&self, name: &str, value: &str) {
        self.values.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }
}

impl Secrets for Few {
    fn secret<'a>(&'a self, name: &'a SecretName, usage: Usage<'a>) -> Given<'a> {
        self.asked.lock().unwrap().push(format!("{name} {usage:?}"));
        let value = self.values.lock().unwrap().get(name.as_str()).cloned();
        let given = value.map(Secret::new).ok_or_else(|| NoSecret::Missing(name.clone()));
        Box::pin(std::future::ready(given))
    }
}

fn sealed(server: &Server, value: &str) -> Reach {
    let Reach::Http(mut remote) = http(server) else { panic!("http") };
    remote.headers = vec![("X-Api-Key".to_owned(), Template::parse(value).ok().unwrap())];
    Reach::Http(remote)
}

fn answers() -> impl Fn(&Heard) -> Say + Send + Sync + 'static {
    |h: &Heard| Say::ok(h.result(r#"{"content":[],"resultType":"complete"}"#))
}

fn code(called: Result<Reply, Trouble>) -> (Code, bool, String) {
    match called {
        Err(Trouble::Failed { code, unknown, detail, .. }) => (code, unknown, detail),
        other => panic!("{other:?}"),
    }
}

// b-vault-05
#[tokio::test]
async fn a_call_that_needs_a_missing_secret_is_refused_and_nothing_is_sent() {
    for server in [modern(answers()).await, legacy(answers()).await] {
        let few = Few::with("other", "x");
        let world = world_with(few.clone(), sealed(&server, "Bearer ${vault:shop}"), |_| {});
        for version in [MODERN, LEGACY] {
            let link = TestLink::answering([]);
            let called = world.call(call_tool(&client(version, "{}")), &link).await;
            let (code, unknown, detail) = code(called);
            assert_eq!((code, unknown), (Code::SecretUnavailable, false));
            assert!(detail.contains("x-api-key") && detail.contains("`shop`"), "{detail}");
        }
        assert_eq!(server.connections(), 0, "not so much as a connection");
        // It is nobody's fault but ours: the server is not left alone for it.
        few.set("shop", "here");
        world.tool(&client(MODERN, "{}"), &TestLink::answering([])).await;
    }
}

#[tokio::test]
async fn a_secret_is_asked_for_each_request_and_for_the_very_host_and_port() {
    let server = modern(answers()).await;
    let few = Few::with("shop", "one");
    let world = world_with(few.clone(), sealed(&server, "Bearer ${vault:shop}"), |_| {});
    let alice = client(MODERN, "{}");
    world.tool(&alice, &TestLink::answering([])).await;
    few.set("shop", "two");
    world.tool(&alice, &TestLink::answering([])).await;
    let heard = server.log.lock().unwrap().clone();
    let keys: Vec<_> = heard
        .iter()
        .filter(|h| h.method() == "tools/call")
        .map(|h| h.header("x-api-key"))
        .collect();
    assert_eq!(keys, ["Bearer one", "Bearer two"]);
    let asked = few.asked.lock().unwrap().clone();
    let wanted = format!("shop Host(\"127.0.0.1\", {})", server.port);
    assert!(asked.iter().all(|asked| *asked == wanted), "{asked:?}");
}

#[tokio::test]
async fn a_value_that_no_header_can_hold_is_refused_before_anything_is_sent() {
    let server = modern(answers()).await;
    let few = Few::with("shop", "a\r\nx-evil: 1");
    let world = world_with(few, sealed(&server, "vault:shop"), |_| {});
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    let (code, _, detail) = code(called);
    assert_eq!(code, Code::SecretUnavailable);
    assert!(!detail.contains("evil") && server.connections() == 0, "{detail}");
}

fn child(secrets: Arc<Few>) -> (World, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("child.py");
    std::fs::write(&script, include_str!("child.py")).unwrap();
    let text = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let program = Program {
        command: "python3".to_owned(),
        args: vec![text("child.py"), "legacy".to_owned(), text("log")],
        env: vec![("API_KEY".to_owned(), Template::parse("vault:shop").ok().unwrap())],
        inherit: Vec::new(),
        dir: None,
        confine: Confine::Off,
    };
    (world_with(secrets, Reach::Stdio(program), |_| {}), dir)
}

#[tokio::test]
async fn a_program_that_needs_a_missing_secret_is_not_started() {
    let few = Few::with("other", "x");
    let (world, dir) = child(few.clone());
    let called = world.call(call_tool(&client(LEGACY, "{}")), &TestLink::answering([])).await;
    let (code, unknown, detail) = code(called);
    assert_eq!((code, unknown), (Code::SecretUnavailable, false));
    assert!(detail.contains("API_KEY") && detail.contains("`shop`"), "{detail}");
    assert!(!dir.path().join("log").exists(), "it has never run");
    let asked = few.asked.lock().unwrap()[0].clone();
    let python = asked.split('"').nth(1).unwrap();
    let real = Path::new(python).canonicalize().unwrap();
    assert_eq!(Path::new(python), real, "the very file, links followed");
}

#[tokio::test]
async fn a_program_gets_its_secret_when_it_is_started() {
    let (world, _dir) = child(Few::with("shop", "s3cret"));
    let mut call = call_tool(&client(LEGACY, "{}"));
    call.params = object(r#"{"name":"shop__search","arguments":{"do":"env"}}"#);
    let reply = json(world.call(call, &TestLink::answering([])).await.unwrap());
    assert!(reply["n"].as_str().unwrap().split(',').any(|name| name == "API_KEY"), "{reply}");
    gate::port::Source::stop(&*world.mcp).await;
}

const CANARY: &str = "canary/of \"the\" shop";
const MARK: &str = "[secret:shop withheld]";

/// Results that say the key again, in all the ways an answer can come.
fn echo(h: &Heard) -> String {
    let key = h.header("x-api-key").to_owned();
    let quoted = serde_json::to_string(&key).unwrap();
    let text = serde_json::to_string(&format!("you sent {key}")).unwrap();
    format!(
        r#"{{"content":[{{"type":"text","text":{text}}}],"structuredContent":{{"key":{quoted}}},"resultType":"complete"}}"#
    )
}

/// The same as an event that comes in pieces of a few bytes.
fn in_pieces(h: &Heard) -> Say {
    let text = format!("data: {}\n\n", h.result(&echo(h)));
    let (sender, receiver) = tokio::sync::mpsc::channel(text.len());
    for piece in text.as_bytes().chunks(7) {
        sender.try_send(String::from_utf8(piece.to_vec()).unwrap()).unwrap();
    }
    Say::Events(receiver)
}

fn shown(called: Result<Reply, Trouble>) -> String {
    match called {
        Ok(reply) => json(reply).to_string(),
        Err(trouble) => format!("{trouble} {trouble:?}"),
    }
}

#[tokio::test]
async fn a_server_that_says_again_what_it_was_sent_is_shown_without_it() {
    let ways: [fn(&Heard) -> Say; 4] = [
        |h| Say::ok(h.result(&echo(h))),
        in_pieces,
        |h| {
            Say::Json(
                400,
                "",
                h.error(
                    &serde_json::json!({"code": -32602, "message": h.header("x-api-key")})
                        .to_string(),
                ),
            )
        },
        |h| Say::Json(500, "", h.header("x-api-key").to_owned()),
    ];
    for way in ways {
        for server in [modern(way).await, legacy(way).await] {
            let few = Few::with("shop", CANARY);
            let world = world_with(few, sealed(&server, "vault:shop"), |_| {});
            for version in [MODERN, LEGACY] {
                let link = TestLink::answering([]);
                let said = shown(world.call(call_tool(&client(version, "{}")), &link).await);
                assert!(!said.contains("canary"), "{said}");
                assert!(said.contains(MARK) || said.contains("HTTP 500"), "{said}");
            }
            let heard = server.log.lock().unwrap().clone();
            assert!(heard.iter().any(|h| h.header("x-api-key") == CANARY), "it was sent");
        }
    }
}

#[tokio::test]
async fn what_a_header_has_from_the_environment_does_not_come_back_either() {
    let server = modern(|h: &Heard| Say::ok(h.result(&echo(h)))).await;
    let Reach::Http(mut remote) = http(&server) else { panic!("http") };
    let filled = Template::parse_with("Bearer ${env:TOKEN}", |_| Ok("canary-of-env".to_owned()));
    remote.headers = vec![("X-Api-Key".to_owned(), filled.ok().unwrap())];
    let world = world_with(Arc::new(Few::default()), Reach::Http(remote), |_| {});
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    let said = shown(called);
    assert!(said.contains("Bearer [secret:env:TOKEN withheld]"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}
