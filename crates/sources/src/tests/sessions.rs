//! Sessions: whose they are, how they are lost, how they end.

use std::sync::atomic::{AtomicUsize, Ordering};

use gate::port::{Source, Told, Trouble};
use protocol::mcp::Level;

use super::cells::{legacy, legacy_answer};
use super::server::{Say, Server};
use super::*;

const OK: &str = r#"{"content":[]}"#;

/// A server whose first session is gone after one call.
async fn forgetful(gone: fn() -> Say) -> Server {
    let opened = AtomicUsize::new(0);
    Server::start(move |h| {
        if h.method() == "initialize" {
            opened.fetch_add(1, Ordering::SeqCst);
        }
        let first = opened.load(Ordering::SeqCst) == 1;
        legacy_answer(h, &move |h| if first { gone() } else { Say::ok(h.result(OK)) })
    })
    .await
}

#[tokio::test]
async fn a_session_that_the_server_forgot_is_opened_anew_once_and_the_call_repeated_once_7_3() {
    let ways: [fn() -> Say; 2] = [
        || Say::Json(404, "", "Session not found".to_owned()),
        || {
            Say::Json(400, "", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"No valid session ID provided"}}"#.to_owned())
        },
    ];
    for gone in ways {
        let server = forgetful(gone).await;
        let world = world(http(&server), |_| {});
        let bob = client(LEGACY, "{}");
        bob.set_level(Level::Error);
        world.tool(&bob, &TestLink::answering([])).await;
        assert_eq!((server.count("initialize"), server.count("tools/call")), (2, 2));
        assert_eq!(server.count("logging/setLevel"), 2, "the level is set again");
        let first = server.log.lock().unwrap()[0].clone();
        assert_eq!(first.header("mcp-session-id"), "", "the old id is not sent along");
    }
}

#[tokio::test]
async fn a_server_that_forgets_every_session_gets_two_calls_and_no_more() {
    let server = legacy(|_| Say::Json(404, "", String::new())).await;
    let world = world(http(&server), |_| {});
    let called = world.call(call_tool(&client(LEGACY, "{}")), &TestLink::answering([])).await;
    assert!(matches!(called, Err(Trouble::Failed { .. })));
    assert_eq!(server.count("tools/call"), 2);
}

#[tokio::test]
async fn each_lease_has_a_session_of_its_own_unless_the_server_keeps_nothing() {
    for (stateless, sessions) in [(false, 3), (true, 1)] {
        let server = legacy(|h| Say::ok(h.result(OK))).await;
        let world = world(http(&server), |c| c.stateless = stateless);
        for _ in 0..3 {
            let someone = client(LEGACY, r#"{"roots":{},"sampling":{}}"#);
            world.tool(&someone, &TestLink::answering([])).await;
            world.tool(&someone, &TestLink::answering([])).await;
        }
        assert_eq!((server.count("initialize"), world.mcp.status().sessions), (sessions, sessions));
        let declared = server.last("initialize").json()["params"]["capabilities"].clone();
        assert_eq!(declared.as_object().unwrap().is_empty(), stateless);
    }
}

#[tokio::test]
async fn two_tenants_share_no_session_even_of_a_server_that_keeps_nothing() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |c| c.stateless = true);
    for tenant in ["acme", "acme", "globex"] {
        let someone = client_of(tenant, LEGACY, "{}", None);
        world.tool(&someone, &TestLink::answering([])).await;
    }
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn calls_at_the_same_time_open_one_session() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let (bob, link) = (client(LEGACY, "{}"), TestLink::answering([]));
    let calls = (0..8).map(|_| world.tool(&bob, &link));
    futures_util::future::join_all(calls).await;
    assert_eq!((server.count("initialize"), server.count("tools/call")), (1, 8));
}

#[tokio::test]
async fn a_session_ends_with_its_client_with_the_source_and_with_time() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |c| c.times.idle = Duration::from_millis(300));
    let [a, b] = [client(LEGACY, "{}"), client(LEGACY, "{}")];
    let link = TestLink::answering([]);
    world.tool(&a, &link).await;
    world.mcp.end(&a);
    until(|| server.count("DELETE") == 1).await;
    world.tool(&b, &link).await;
    until(|| server.count("DELETE") == 2).await;
    assert_eq!(world.mcp.status().sessions, 0);
    world.tool(&b, &link).await;
    world.mcp.stop().await;
    assert_eq!(server.count("DELETE"), 3);
    assert!(world.call(call_tool(&b), &link).await.is_err(), "stopped is stopped");
}

#[tokio::test]
async fn at_the_cap_the_session_that_was_idle_longest_makes_room() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |c| c.bounds.sessions = 2);
    for _ in 0..4 {
        world.tool(&client(LEGACY, "{}"), &TestLink::answering([])).await;
    }
    until(|| server.count("DELETE") == 2).await;
    assert_eq!(world.mcp.status().sessions, 2);
}

#[tokio::test]
async fn a_session_id_that_is_not_visible_ascii_is_an_upstream_error_g_http_31() {
    for id in [
        "Mcp-Session-Id: a b\r\n",
        "Mcp-Session-Id: caf\u{e9}\r\n",
        "Mcp-Session-Id: a\r\nMcp-Session-Id: b\r\n",
    ] {
        let server = Server::start(move |h| {
            let said = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
            Say::Json(200, id, h.result(said))
        })
        .await;
        let world = world(http(&server), |c| c.era = Some(protocol::mcp::Era::Legacy));
        let called = world.call(call_tool(&client(LEGACY, "{}")), &TestLink::answering([])).await;
        assert!(matches!(called, Err(Trouble::Failed { .. })), "{id:?}");
        assert_eq!(server.methods(), ["initialize"]);
    }
}

#[tokio::test]
async fn a_session_lost_while_something_is_watched_on_it_is_opened_anew_by_itself() {
    let server = Server::start(|h| match h.verb.as_str() {
        "GET" => {
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(20)).await;
                drop(sender);
            });
            Say::Events(receiver)
        }
        _ => legacy_answer(h, &|h| Say::ok(h.result(OK))),
    })
    .await;
    let world = world(http(&server), |c| c.times.idle = Duration::from_millis(200));
    let filter = gate::port::Filter { tools: true, ..Default::default() };
    world.mcp.watch(&client(MODERN, "{}"), filter).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.count("initialize"), 1, "not taken for idle");
    world.mcp.pool.open_ones()[0].set_gone();
    until(|| server.count("initialize") == 2).await;
    until(|| world.news.all() == ["changed tool"]).await;
}

#[tokio::test]
async fn what_a_legacy_client_tells_reaches_a_legacy_server() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let bob = client(LEGACY, r#"{"roots":{"listChanged":true}}"#);
    world.tool(&bob, &TestLink::answering([])).await;
    world.mcp.told(&bob, Told::RootsChanged).await;
    world.mcp.told(&bob, Told::Level(Level::Error)).await;
    assert_eq!(server.count("notifications/roots/list_changed"), 1);
    assert_eq!(server.last("logging/setLevel").json()["params"]["level"], "error");
}
