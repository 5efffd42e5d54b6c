//! What a server tells outside any call.

use gate::port::{Filter, Source};
use serde_json::json;
use tokio::sync::mpsc;

use super::cells::{legacy, legacy_answer};
use super::modern::modern;
use super::server::{Heard, Say, Server};
use super::*;

type Streams = Arc<Mutex<Vec<mpsc::Sender<String>>>>;

/// A legacy server with a stream of news.
async fn newsy() -> (Server, Streams) {
    let streams: Streams = Arc::default();
    let kept = streams.clone();
    let server = Server::start(move |h| match (h.verb.as_str(), h.method().as_str()) {
        ("GET", _) => {
            let (sender, receiver) = mpsc::channel(20_000);
            kept.lock().unwrap().push(sender);
            Say::Events(receiver)
        }
        (_, "resources/subscribe" | "resources/unsubscribe") => Say::ok(h.result("{}")),
        _ => legacy_answer(h, &|h| Say::ok(h.result(r#"{"content":[]}"#))),
    })
    .await;
    (server, streams)
}

fn send(streams: &Streams, message: &str) {
    let stream = streams.lock().unwrap().last().cloned().unwrap();
    stream.try_send(format!("data: {message}\n\n")).unwrap();
}

fn updated(uri: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{"uri":"{uri}"}}}}"#
    )
}

const TOOLS: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

fn all(uris: &[&str]) -> Filter {
    let uris = uris.iter().map(|u| (*u).to_owned()).collect();
    Filter { tools: true, prompts: true, resources: true, uris, tasks: Vec::new() }
}

#[tokio::test]
async fn what_is_watched_at_a_legacy_server_is_reported_and_nothing_else_g_protocol_69() {
    let (server, streams) = newsy().await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    let accepted = world.mcp.watch(&alice, all(&["file:///a", "file:///c"])).await.unwrap();
    let wanted = Filter {
        tools: true,
        uris: vec!["file:///a".into(), "file:///c".into()],
        ..Filter::default()
    };
    assert_eq!(accepted, wanted, "prompts and resources do not tell of changes");
    for uri in ["file:///b", "file:///a"] {
        send(&streams, &updated(uri));
    }
    send(&streams, TOOLS);
    let expected = [format!("updated {} file:///a", alice.lease.0), "changed tool".to_owned()];
    until(|| world.news.all() == expected).await;
    world.mcp.unwatch(&alice, &["file:///a".to_owned()]).await;
    assert_eq!(server.count("resources/unsubscribe"), 1);
    send(&streams, &updated("file:///a"));
    send(&streams, TOOLS);
    until(|| world.news.all().len() == 3).await;
    assert_eq!(world.news.all()[2], "changed tool");
}

#[tokio::test]
async fn without_a_stream_of_news_nothing_is_promised_7_12() {
    let server = legacy(|h| Say::ok(h.result("{}"))).await;
    let world = world(http(&server), |_| {});
    let accepted = world.mcp.watch(&client(LEGACY, "{}"), all(&["file:///a"])).await.unwrap();
    assert_eq!(accepted, Filter::default());
}

#[tokio::test]
async fn a_stream_of_news_that_ends_at_once_is_opened_again_no_faster_than_the_floor_g_http_44() {
    let server = Server::start(|h| match h.verb.as_str() {
        "GET" => {
            let (sender, receiver) = mpsc::channel(4);
            sender.try_send("retry: 0\n\n".to_owned()).unwrap();
            Say::Events(receiver)
        }
        _ => legacy_answer(h, &|h| Say::ok(h.result("{}"))),
    })
    .await;
    let world = world(http(&server), |_| {});
    world.mcp.watch(&client(MODERN, "{}"), all(&[])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(server.count("GET") <= 2, "{}", server.count("GET"));
}

#[tokio::test]
async fn what_was_watched_is_watched_again_after_a_lost_session_and_presumed_changed_7_12() {
    let (server, _streams) = newsy().await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    world.mcp.watch(&alice, all(&["file:///a"])).await.unwrap();
    let session = world.mcp.pool.open_ones().remove(0);
    session.set_gone();
    world.tool(&alice, &TestLink::answering([])).await;
    until(|| world.news.all().iter().any(|n| n.starts_with("updated"))).await;
    assert_eq!((server.count("initialize"), server.count("resources/subscribe")), (2, 2));
}

#[tokio::test]
async fn a_legacy_server_may_ask_a_legacy_client_outside_any_call() {
    let (server, streams) = newsy().await;
    let world = world(http(&server), |_| {});
    let link = TestLink::answering([r#"{"roots":[]}"#]);
    let bob = client_with(LEGACY, r#"{"roots":{}}"#, Some(link.clone()));
    world.tool(&bob, &link).await;
    until(|| !streams.lock().unwrap().is_empty()).await;
    send(&streams, r#"{"jsonrpc":"2.0","id":0,"method":"roots/list"}"#);
    send(&streams, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    send(&streams, r#"{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{}}"#);
    let answers = || {
        let log = server.log.lock().unwrap();
        let mut all: Vec<_> = log
            .iter()
            .map(Heard::json)
            .filter(|j| j.get("method").is_none() && !j.is_null())
            .collect();
        all.sort_by_key(|j| j["id"].as_u64());
        all
    };
    until(|| answers().len() == 3).await;
    assert_eq!(answers()[0]["result"], json!({"roots": []}));
    assert_eq!(answers()[1]["result"], json!({}));
    assert_eq!(answers()[2]["error"]["code"], -1);
    assert_eq!(link.asked(), ["roots/list {}"]);
}

#[tokio::test]
async fn a_resource_watched_later_does_not_end_what_was_watched_before_7_12() {
    let streams: Streams = Arc::default();
    let kept = streams.clone();
    let server = modern(move |h| {
        let (sender, receiver) = mpsc::channel(100);
        let filter = h.json()["params"]["notifications"].clone();
        let ack = json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
            "params": {"notifications": filter, "_meta": {"io.modelcontextprotocol/subscriptionId": h.id()}}});
        sender.try_send(format!("data: {ack}\n\n")).unwrap();
        kept.lock().unwrap().push(sender);
        Say::Events(receiver)
    })
    .await;
    let world = world(http(&server), |_| {});
    let alice = client(LEGACY, "{}");
    world.mcp.watch(&alice, all(&[])).await.unwrap();
    let only = Filter { uris: vec!["file:///a".into()], ..Filter::default() };
    let accepted = world.mcp.watch(&alice, only.clone()).await.unwrap();
    assert_eq!(accepted, only, "no more is said to be accepted than was asked this time");
    let filter = server.last("subscriptions/listen").json()["params"]["notifications"].clone();
    assert_eq!(filter["toolsListChanged"], true);
    assert_eq!(filter["resourceSubscriptions"], json!(["file:///a"]));
    world.mcp.unwatch(&alice, &["file:///a".to_owned()]).await;
    let filter = server.last("subscriptions/listen").json()["params"]["notifications"].clone();
    assert_eq!(filter["toolsListChanged"], true);
    assert!(filter.get("resourceSubscriptions").is_none(), "{filter}");
    world.mcp.end(&alice);
}

#[tokio::test]
async fn a_modern_subscription_is_held_narrowed_and_filtered_7_12() {
    let streams: Streams = Arc::default();
    let kept = streams.clone();
    let server = modern(move |h| {
        let (sender, receiver) = mpsc::channel(100);
        let mut filter = h.json()["params"]["notifications"].clone();
        filter["promptsListChanged"] = json!(false);
        let ack = json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
            "params": {"notifications": filter, "_meta": {"io.modelcontextprotocol/subscriptionId": h.id()}}});
        sender.try_send(format!("data: {ack}\n\n")).unwrap();
        kept.lock().unwrap().push(sender);
        Say::Events(receiver)
    })
    .await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    let accepted = world.mcp.watch(&alice, all(&["file:///a", "file:///b"])).await.unwrap();
    assert!(accepted.tools && !accepted.prompts && accepted.uris.len() == 2);
    send(&streams, &updated("file:///z"));
    send(&streams, &updated("file:///b"));
    until(|| world.news.all() == [format!("updated {} file:///b", alice.lease.0)]).await;
    let first = streams.lock().unwrap()[0].clone();
    world.mcp.unwatch(&alice, &["file:///b".to_owned()]).await;
    let filter = server.last("subscriptions/listen").json()["params"]["notifications"].clone();
    assert_eq!(filter["resourceSubscriptions"], json!(["file:///a"]));
    until(|| {
        let _ = first.try_send(":\n\n".to_owned());
        first.is_closed()
    })
    .await;
    world.mcp.end(&alice);
    let second = streams.lock().unwrap()[1].clone();
    until(|| {
        let _ = second.try_send(":\n\n".to_owned());
        second.is_closed()
    })
    .await;
}
