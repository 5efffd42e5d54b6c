//! What an upstream does wrong, and what comes of it.

use std::time::Instant;

use gate::port::{Source, Trouble};
use model::Code;
use protocol::mcp::Era;

use super::cells::legacy;
use super::modern::modern;
use super::server::{Heard, Say, Server};
use super::*;

async fn fails(tool: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> (Code, bool, String) {
    let server = modern(tool).await;
    let world = world(http(&server), |c| c.bounds.result = 4096);
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    assert_eq!(server.count("tools/call"), 1, "never executed twice");
    match called {
        Err(Trouble::Failed { code, unknown, detail, .. }) => (code, unknown, detail),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn replies_that_break_the_rules_are_upstream_errors_g_protocol_02_26() {
    let twice =
        |h: &Heard| format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}},"result":{{}}}}"#, h.id());
    assert_eq!(fails(move |h| Say::ok(twice(h))).await.0, Code::UpstreamFailed);
    let both = |h: &Heard| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{{}},"error":{{"code":1,"message":""}}}}"#,
            h.id()
        )
    };
    assert_eq!(fails(move |h| Say::ok(both(h))).await.0, Code::UpstreamFailed);
    assert_eq!(fails(move |h| Say::events([both(h)])).await.0, Code::UpstreamFailed);
    let other = r#"{"jsonrpc":"2.0","id":99999,"result":{}}"#;
    assert_eq!(fails(move |_| Say::ok(other.to_owned())).await.0, Code::UpstreamFailed);
    assert_eq!(fails(|h| Say::ok(h.result("[]"))).await.0, Code::UpstreamFailed);
    assert_eq!(fails(|h| Say::ok(h.result(r#"{"resultType":"x"}"#))).await.0, Code::UpstreamFailed);
}

#[tokio::test]
async fn no_answer_at_all_is_an_upstream_error_g_http_50() {
    assert_eq!(fails(|_| Say::Json(204, "", String::new())).await.0, Code::UpstreamFailed);
    let (code, unknown, _) = fails(|_| Say::Raw(Vec::new())).await;
    assert_eq!((code, unknown), (Code::UpstreamFailed, true));
    assert!(
        fails(|_| Say::events([])).await.1,
        "a modern stream that breaks off has lost its request"
    );
}

#[tokio::test]
async fn an_error_page_is_not_shown_to_anybody_g_http_49() {
    let (code, _, detail) =
        fails(|_| Say::Json(502, "", "<html>secret</html>".repeat(10_000))).await;
    assert_eq!(code, Code::UpstreamFailed);
    assert!(!detail.contains("html") && detail.len() < 200, "{detail}");
}

#[tokio::test]
async fn too_much_is_refused_whichever_way_it_comes_g_http_38() {
    let big = format!(r#"{{"content":[],"x":"{}"}}"#, "y".repeat(5000));
    let same = big.clone();
    assert_eq!(fails(move |h| Say::ok(h.result(&big))).await.0, Code::ResultTooLarge);
    assert_eq!(fails(move |h| Say::events([h.result(&same)])).await.0, Code::ResultTooLarge);
    let endless = || {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move { while sender.send("data: x\n".repeat(100)).await.is_ok() {} });
        Say::Events(receiver)
    };
    assert_eq!(fails(move |_| endless()).await.0, Code::ResultTooLarge);
}

#[tokio::test]
async fn the_time_limit_of_a_call_reaches_the_socket_g_http_48() {
    let slow = || {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            while sender.send(":\n\n".to_owned()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Say::Events(receiver)
    };
    for trickles in [false, true] {
        let server = modern(move |_| if trickles { slow() } else { Say::Silence }).await;
        let world = world(http(&server), |_| {});
        let mut call = call_tool(&client(MODERN, "{}"));
        call.deadline = Duration::from_millis(300);
        #[expect(clippy::disallowed_methods, reason = "a test of real time")]
        let started = Instant::now();
        let called = world.call(call, &TestLink::answering([])).await;
        assert!(matches!(
            called,
            Err(Trouble::Failed { code: Code::UpstreamTimeout, unknown: true, .. })
        ));
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn the_circuit_opens_by_the_upstreams_faults_alone() {
    let server = modern(|h| Say::ok(h.error(r#"{"code":-32602,"message":"bad arguments"}"#))).await;
    let world = world(http(&server), |_| {});
    let (alice, link) = (client(MODERN, "{}"), TestLink::answering([]));
    for _ in 0..20 {
        assert!(matches!(world.call(call_tool(&alice), &link).await, Err(Trouble::Answered(_))));
    }
    assert!(world.mcp.status().up);
    let broken = modern(|_| Say::Json(500, "", String::new())).await;
    let world = super::world(http(&broken), |c| c.breaker.base = Duration::from_millis(200));
    for _ in 0..10 {
        let _ = world.call(call_tool(&alice), &link).await;
    }
    assert_eq!(broken.count("tools/call"), 5, "left alone after five");
    let down = world.call(call_tool(&alice), &link).await;
    assert!(matches!(down, Err(Trouble::Failed { code: Code::UpstreamDown, unknown: false, .. })));
    assert!(!world.mcp.status().up && world.mcp.status().retry_in.is_some());
    tokio::time::sleep(Duration::from_millis(250)).await;
    let _ = world.call(call_tool(&alice), &link).await;
    assert_eq!(broken.count("tools/call"), 6, "one trial");
}

#[tokio::test]
async fn credentials_that_are_refused_say_nothing_about_the_era() {
    let server =
        Server::start(|_| Say::Json(401, "WWW-Authenticate: Bearer\r\n", String::new())).await;
    let world = world(http(&server), |_| {});
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    let Err(Trouble::Failed { status, .. }) = called else { panic!("{called:?}") };
    assert_eq!((status, server.methods()), (Some(401), vec!["server/discover".to_owned()]));
}

#[tokio::test]
async fn an_era_that_no_longer_holds_is_found_out_anew() {
    let old = Arc::new(Mutex::new(false));
    let turned = old.clone();
    let server = modern(move |h| {
        if *turned.lock().unwrap() {
            Say::Json(400, "", "what?".to_owned())
        } else {
            Say::ok(h.result("{}"))
        }
    })
    .await;
    let world = world(http(&server), |_| {});
    let (alice, link) = (client(MODERN, "{}"), TestLink::answering([]));
    world.tool(&alice, &link).await;
    *old.lock().unwrap() = true;
    assert!(world.call(call_tool(&alice), &link).await.is_err());
    assert_eq!(world.mcp.status().era, "", "forgotten");
    *old.lock().unwrap() = false;
    world.tool(&alice, &link).await;
    assert_eq!(server.count("server/discover"), 2);
}

#[tokio::test]
async fn an_era_fixed_by_the_operator_is_the_only_one_tried() {
    let server = legacy(|h| Say::ok(h.result("{}"))).await;
    let world = world(http(&server), |c| c.era = Some(Era::Legacy));
    world.tool(&client(MODERN, "{}"), &TestLink::answering([])).await;
    assert_eq!(server.count("server/discover"), 0);
}

#[tokio::test]
async fn a_health_check_asks_for_a_sign_of_life() {
    let server = legacy(|h| Say::ok(h.result("{}"))).await;
    let world = world(http(&server), |_| {});
    world.tool(&client(LEGACY, "{}"), &TestLink::answering([])).await;
    world.mcp.check().await.unwrap();
    assert_eq!(server.count("ping"), 1);
    assert!(world.mcp.status().last_trouble.is_none());
}
