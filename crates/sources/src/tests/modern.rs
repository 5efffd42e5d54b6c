//! Modern servers: MM and LM.

use gate::port::{Source, Trouble};
use serde_json::json;

use super::server::{Heard, Say, Server};
use super::*;

const SAID: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true}},"instructions":"Hi.","ttlMs":60000,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"new","version":"2"}}}"#;
const OK: &str = r#"{"content":[],"x":1.0,"resultType":"complete"}"#;

/// A server that speaks the modern era alone; `tool` answers calls and subscriptions.
pub(super) async fn modern(tool: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> Server {
    Server::start(move |h| match (h.verb.as_str(), h.method().as_str()) {
        ("GET" | "DELETE", _) => Say::Json(405, "", String::new()),
        (_, "server/discover") => Say::ok(h.result(SAID)),
        (_, "initialize") => {
            let e = r#"{"code":-32022,"message":"no","data":{"supported":["2026-07-28"],"requested":"2025-11-25"}}"#;
            Say::Json(400, "", h.error(e))
        }
        (_, "tools/list") => Say::ok(h.result(r#"{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#)),
        _ => tool(h),
    })
    .await
}

#[tokio::test]
async fn mm_a_modern_client_is_relayed_to_the_byte_under_the_upstreams_own_name_g_protocol_40() {
    let server = modern(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    let mut clearance = call_tool(&alice);
    clearance.param_headers = vec![("Mcp-Param-Region".into(), "eu".into())];
    let reply = world.call(clearance, &TestLink::answering([])).await.unwrap();
    let Reply::Complete { result, failed: false } = reply else { panic!() };
    assert_eq!(&result.write().unwrap().into_bytes()[..], OK.as_bytes());
    let call = server.last("tools/call");
    assert_eq!((call.header("mcp-name"), call.header("mcp-method")), ("search", "tools/call"));
    assert_eq!(
        (call.header("mcp-param-region"), call.header("mcp-protocol-version")),
        ("eu", "2026-07-28")
    );
    assert_eq!(call.json()["params"]["name"], "search");
    assert_eq!(call.json()["params"]["_meta"]["progressToken"], call.id(), "g-protocol-28");
    assert_eq!(server.methods(), ["server/discover", "tools/call"]);
    let again = world.tool(&client(MODERN, "{}"), &TestLink::answering([])).await;
    assert_eq!(
        (again["x"].as_f64(), server.count("server/discover")),
        (Some(1.0), 1),
        "known by now"
    );
}

#[tokio::test]
async fn what_a_modern_server_wants_reaches_a_modern_client_untouched_and_its_state_comes_back() {
    let server = modern(|h| {
        if h.json()["params"]["requestState"] == "st\u{e9}" {
            return Say::ok(h.result(&json!({"content": [], "given": h.json()["params"]}).to_string()));
        }
        Say::ok(h.result(r#"{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{"message":"m","z":1.0}}},"requestState":"st\u00e9"}"#))
    })
    .await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, r#"{"elicitation":{}}"#);
    let link = TestLink::answering([]);
    let asked = world.call(call_tool(&alice), &link).await.unwrap();
    let Reply::InputRequired { inputs, state } = asked else { panic!() };
    assert_eq!((inputs[0].0.as_str(), &inputs[0].2[..]), ("k", &br#"{"message":"m","z":1.0}"#[..]));
    assert_eq!(state.as_deref(), Some("st\u{e9}"));
    let mut again = call_tool(&alice);
    again.params = object(
        r#"{"name":"shop__search","requestState":"r.sealed","inputResponses":{"k":{"action":"decline"}}}"#,
    );
    again.state = state;
    let reply = world.call(again, &link).await.unwrap();
    assert_eq!(json(reply)["given"]["inputResponses"]["k"]["action"], "decline");
}

#[tokio::test]
async fn a_modern_server_that_asks_for_what_was_not_declared_is_at_fault() {
    let server = modern(|h| {
        Say::ok(h.result(
            r#"{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}}}"#,
        ))
    })
    .await;
    let world = world(http(&server), |_| {});
    for version in [MODERN, LEGACY] {
        let called = world.call(call_tool(&client(version, "{}")), &TestLink::answering([])).await;
        assert!(matches!(called, Err(Trouble::Failed { .. })), "{called:?}");
    }
}

#[tokio::test]
async fn lm_a_legacy_client_is_asked_and_the_modern_server_called_again_7_7() {
    let server = modern(|h| {
        let params = &h.json()["params"];
        if params["requestState"] == "s2" {
            return Say::ok(h.result(&json!({"content": [], "resultType": "complete", "given": params["inputResponses"]}).to_string()));
        }
        if params["requestState"] == "s1" {
            return Say::ok(h.result(r#"{"resultType":"input_required","inputRequests":{"b":{"method":"elicitation/create","params":{"mode":"url","url":"https://x.example","message":"m"}}},"requestState":"s2"}"#));
        }
        Say::ok(h.result(r#"{"resultType":"input_required","requestState":"s1"}"#))
    })
    .await;
    let world = world(http(&server), |_| {});
    let bob = client(LEGACY, r#"{"elicitation":{"form":{},"url":{}}}"#);
    let link = TestLink::answering([r#"{"action":"accept"}"#]);
    let result = world.tool(&bob, &link).await;
    assert_eq!(result, json!({"content": [], "given": {"b": {"action": "accept"}}}));
    assert!(link.asked()[0].contains("elicitationId"), "legacy URL mode wants an id");
    let call = server.last("tools/call").json();
    let meta = &call["params"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "c");
    assert_eq!(
        meta["io.modelcontextprotocol/clientCapabilities"]["elicitation"],
        json!({"form": {}, "url": {}})
    );
    assert_eq!(world.mcp.status().era, "modern");
}

#[tokio::test]
async fn a_legacy_client_that_refuses_a_sampling_ends_the_call_with_a_failed_tool_7_7() {
    let server = modern(|h| {
        Say::ok(h.result(r#"{"resultType":"input_required","inputRequests":{"k":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}}}"#))
    })
    .await;
    let world = world(http(&server), |_| {});
    let result = world.tool(&client(LEGACY, r#"{"sampling":{}}"#), &TestLink::answering([])).await;
    assert_eq!(result["isError"], true);
    assert_eq!(server.count("tools/call"), 1);
}

#[tokio::test]
async fn rounds_of_questions_come_to_an_end() {
    let server = modern(|h| {
        Say::ok(h.result(r#"{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{"message":"m"}}}}"#))
    })
    .await;
    let world = world(http(&server), |c| c.bounds.rounds = 3);
    let link = TestLink::answering([r#"{"action":"accept"}"#; 20]);
    let called = world.call(call_tool(&client(LEGACY, r#"{"elicitation":{}}"#)), &link).await;
    assert!(matches!(called, Err(Trouble::Failed { .. })));
    assert_eq!(server.count("tools/call"), 4);
}

#[tokio::test]
async fn errors_of_a_modern_server_reach_a_legacy_client_in_its_own_words_7_14() {
    let server = modern(|h| {
        let code = if h.method() == "resources/read" { -32602 } else { -32021 };
        Say::Json(
            400,
            "",
            h.error(
                &json!({"code": code, "message": "m", "data": {"uri": "file:///a"}}).to_string(),
            ),
        )
    })
    .await;
    let world = world(http(&server), |_| {});
    let bob = client(LEGACY, "{}");
    let read = cleared(&bob, Method::ResourcesRead, "file:///a", r#"{"uri":"shop+file:///a"}"#);
    let code = |t| match t {
        Err(Trouble::Answered(e)) => e.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(world.call(read, &TestLink::answering([])).await), -32002);
    assert_eq!(code(world.call(call_tool(&bob), &TestLink::answering([])).await), -32600);
}

#[tokio::test]
async fn a_modern_server_that_sends_a_request_is_not_answered_and_marked_g_protocol_27() {
    let server = modern(|h| {
        let ask = r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#;
        Say::events([ask.to_owned(), h.result(OK)])
    })
    .await;
    let world = world(http(&server), |_| {});
    let link = TestLink::answering([]);
    world.tool(&client(MODERN, r#"{"sampling":{}}"#), &link).await;
    assert!(link.asked().is_empty());
    assert!(world.mcp.status().last_trouble.unwrap().contains("sampling/createMessage"));
    assert_eq!(server.methods(), ["server/discover", "tools/call"]);
}

#[tokio::test]
async fn room_for_one_call_is_small_whatever_else_a_source_can_do() {
    let server = modern(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let call = world.mcp.carry_out(call_tool(&client(MODERN, "{}")), TestLink::answering([]));
    let size = size_of_val(&call);
    assert!(size < 6 << 10, "{size} bytes");
}

#[tokio::test]
async fn tasks_of_the_other_era_are_no_method_here_7_13() {
    let server = modern(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let get = cleared(&client(LEGACY, "{}"), Method::TasksGet, "1", r#"{"taskId":"1"}"#);
    let Err(Trouble::Answered(e)) = world.call(get, &TestLink::answering([])).await else {
        panic!()
    };
    assert_eq!(e.code, -32601);
}
