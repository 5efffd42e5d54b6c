//! Modern clients: what a request must say of itself, and what is refused in which words.

use std::time::Duration;

use gate::port::Kind;
use serde_json::{Value, json};

use crate::support::{
    Conn, Reply, Script, Server, initialize, modern, modern_headers, name, request, soon, until,
};

const CALL: &str = "tools/call";
const ECHO: &str = "notes__echo";

fn echo(arguments: &Value, meta: &Value) -> String {
    modern(CALL, json!({"name": ECHO, "arguments": arguments}), meta)
}

async fn ask(server: &Server, method: &str, params: Value) -> Reply {
    server.post(&modern_headers(method, ""), &modern(method, params, &json!({}))).await
}

async fn open(server: &Server, headers: &[(&str, &str)], body: &str) -> Conn {
    let mut conn = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    conn.send("POST", "/mcp", &[&[("Authorization", key.as_str())], headers].concat(), body).await;
    conn
}

#[tokio::test]
async fn a_call_needs_no_session_and_leaves_none() {
    let server = Server::start().await;
    // g-protocol-45: what belongs to sessions is ignored.
    let mut headers = modern_headers(CALL, ECHO);
    headers.extend([("Mcp-Session-Id", "x"), ("Last-Event-ID", "1-1")]);
    let reply = server.post(&headers, &echo(&json!({"b": 1}), &json!({}))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.json()["result"]["content"][0]["text"], r#"{"b":1}"#);
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(server.gauges.sessions(), 0);
}

#[tokio::test]
async fn discovery_names_versions_capabilities_and_who_answers() {
    let server = Server::start().await;
    let result = &ask(&server, "server/discover", json!({})).await.json()["result"];
    assert_eq!(result["supportedVersions"][0], "2026-07-28");
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "portcullis");
    let list = ask(&server, "tools/list", json!({})).await.json();
    assert_eq!(list["result"]["tools"].as_array().unwrap().len(), 4);
}

// g-protocol-44, g-protocol-03 and the order of section 6.4
#[tokio::test]
async fn what_is_missing_or_differs_is_refused_in_the_order_of_the_specification() {
    let server = Server::start().await;
    let h = |v: &'static str, m: &'static str, n: &'static str| {
        [("MCP-Protocol-Version", v), ("Mcp-Method", m), ("Mcp-Name", n)]
    };
    let good = echo(&json!({}), &json!({}));
    let version = "io.modelcontextprotocol/protocolVersion";
    let unknown = echo(&json!({}), &json!({version: "2027-01-01"}));
    let bare = request(1, CALL, &json!({"name": ECHO}));
    let half = request(1, CALL, &json!({"name": ECHO, "_meta": {version: "2026-07-28"}}));
    let twice = good
        .replace(&format!("\"{version}\""), &format!("\"{version}\":\"2025-11-25\",\"{version}\""));
    for (what, headers, body, code) in [
        ("no metadata", h("2026-07-28", CALL, ECHO), &bare, -32602),
        ("no capabilities", h("2026-07-28", CALL, ECHO), &half, -32602),
        ("metadata twice", h("2026-07-28", CALL, ECHO), &twice, -32602),
        ("no header", h("-", CALL, ECHO), &good, -32020),
        ("another header", h("2025-11-25", CALL, ECHO), &good, -32020),
        ("header and body differ, body unknown", h("2026-07-28", CALL, ECHO), &unknown, -32020),
        ("unknown version", h("2027-01-01", "wrong", ECHO), &unknown, -32022),
        ("another method", h("2026-07-28", "tools/list", ECHO), &good, -32020),
        ("no method", h("2026-07-28", "-", ECHO), &good, -32020),
        ("another name", h("2026-07-28", CALL, "notes__where"), &good, -32020),
        ("no name", h("2026-07-28", CALL, "-"), &good, -32020),
        ("bad sentinel", h("2026-07-28", CALL, "=?base64?%%%?="), &good, -32020),
        (
            "upper-case sentinel",
            h("2026-07-28", CALL, "=?BASE64?bm90ZXNfX2VjaG8=?="),
            &good,
            -32020,
        ),
    ] {
        let reply = server.post(&headers, body).await;
        assert_eq!((reply.status, reply.code()), (400, code), "{what}: {}", reply.body);
        if code != -32602 || what != "metadata twice" {
            assert_eq!(reply.json()["id"], 1, "{what}");
        }
    }
    let refused = server.post(&h("2027-01-01", CALL, ECHO), &unknown).await.json();
    assert_eq!(refused["error"]["data"]["supported"][0], "2026-07-28");
    assert_eq!(refused["error"]["data"]["requested"], "2027-01-01");
    let name_twice = [&h("2026-07-28", CALL, ECHO)[..], &[("mcp-name", "x")]].concat();
    assert_eq!(server.post(&name_twice, &good).await.code(), -32020, "g-protocol-33");
    assert_eq!(server.house.notes.called(), 0);
}

// g-protocol-29, g-protocol-38
#[tokio::test]
async fn a_name_may_be_encoded_and_its_header_written_in_any_case() {
    let server = Server::start().await;
    let good = echo(&json!({}), &json!({}));
    for (header, value) in [("mcp-name", ECHO), ("MCP-NAME", "=?base64?bm90ZXNfX2VjaG8=?=")] {
        let headers =
            [("mcp-protocol-version", "2026-07-28"), ("mcp-method", CALL), (header, value)];
        assert_eq!(server.post(&headers, &good).await.status, 200, "{header}");
    }
}

// g-protocol-34, g-protocol-36, g-protocol-37, g-protocol-39
#[tokio::test]
async fn mirrored_arguments_agree_with_the_body() {
    let server = Server::start().await;
    for (extra, arguments, status) in [
        (Some(("Mcp-Param-Region", "us")), json!({"region": "eu"}), 400),
        (Some(("Mcp-Param-Region", "eu")), json!({"region": "eu"}), 200),
        (None, json!({"region": "eu"}), 400),
        (Some(("Mcp-Param-Foo", "bar")), json!({}), 200),
    ] {
        let mut headers = modern_headers(CALL, "notes__where");
        headers.extend(extra);
        let body =
            modern(CALL, json!({"name": "notes__where", "arguments": arguments}), &json!({}));
        let reply = server.post(&headers, &body).await;
        assert_eq!(reply.status, status, "{extra:?}: {}", reply.body);
        if status == 400 {
            assert_eq!(reply.code(), -32020);
        }
    }
}

// section 6.5, g-protocol-21, g-protocol-25
#[tokio::test]
async fn methods_of_the_handshake_do_not_exist_for_modern_clients() {
    let server = Server::start().await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "roots/list",
        "sampling/createMessage",
        "tasks/list",
        "tasks/result",
        "notifications/cancelled",
        "x-custom/refresh",
        "rpc.discover",
        "prompts/list",
    ] {
        let reply = ask(&server, method, json!({})).await;
        assert_eq!((reply.status, reply.code()), (404, -32601), "{method}");
        assert_eq!(reply.json()["id"], 1, "{method}");
    }
    let refused = ask(&server, "initialize", json!({})).await.json();
    assert_eq!(refused["error"]["data"]["supported"][0], "2026-07-28");
}

// g-protocol-20
#[tokio::test]
async fn modern_clients_send_no_responses_open_no_streams_and_end_no_sessions() {
    let server = Server::start().await;
    let header = [("MCP-Protocol-Version", "2026-07-28")];
    let response = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
    let reply = server.post(&header, response).await;
    assert_eq!((reply.status, reply.code()), (400, -32600));
    for method in ["GET", "DELETE"] {
        let reply = server.send(method, "/mcp", &header, "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
        assert_eq!(reply.code(), -32600, "never a bare 405");
    }
    let told = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let reply = server.post(&header, told).await;
    assert_eq!((reply.status, reply.body.as_str()), (202, ""));
    let stranger = server.post(&[("MCP-Protocol-Version", "latest")], told).await;
    assert_eq!(stranger.status, 400, "g-protocol-43");
    assert!(stranger.body.contains("version"), "it is told why: {}", stranger.body);
}

#[tokio::test]
async fn progress_and_logs_are_for_requests_that_want_them() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Progress(1));
    let silent = server.post(&modern_headers(CALL, ECHO), &echo(&json!({}), &json!({}))).await;
    assert_eq!(silent.header("content-type"), Some("application/json"));
    let meta = json!({"progressToken": 9, "io.modelcontextprotocol/logLevel": "info"});
    let body = echo(&json!({}), &meta);
    let mut conn = open(&server, &modern_headers(CALL, ECHO), &body).await;
    conn.head().await.unwrap();
    let first = conn.event().await.unwrap();
    assert_eq!(first.id, None, "modern streams are not resumed");
    let progress: Value = serde_json::from_slice(&first.data).unwrap();
    assert_eq!(progress["params"]["progressToken"], 9);
    assert_eq!(conn.message().await.unwrap()["method"], "notifications/message");
    assert_eq!(conn.message().await.unwrap()["result"]["resultType"], "complete");
    assert_eq!(conn.message().await, None);
    let quiet = echo(&json!({}), &json!({"io.modelcontextprotocol/logLevel": "error"}));
    let reply = server.post(&modern_headers(CALL, ECHO), &quiet).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let bad = echo(&json!({}), &json!({"io.modelcontextprotocol/logLevel": "loud"}));
    assert_eq!(server.post(&modern_headers(CALL, ECHO), &bad).await.code(), -32602);
}

#[tokio::test]
async fn closing_the_connection_cancels_the_call() {
    let server = Server::with(|s| s.limits.patience = Duration::from_millis(100)).await;
    server.house.notes.answers(Script::Wait);
    // Before there was any answer, and after it has become a stream.
    for (n, wait) in [(1, 0), (2, 200)] {
        let body = echo(&json!({}), &json!({}));
        let conn = open(&server, &modern_headers(CALL, ECHO), &body).await;
        until("the call began", || server.house.notes.called() == n).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        drop(conn);
        until("it was cancelled", || server.house.notes.cancelled() == n).await;
    }
    until("no stream is left", || server.gauges.streams() == 0).await;
}

#[tokio::test]
async fn listening_is_acknowledged_tagged_and_ended_with_a_result() {
    let server = Server::start().await;
    // The gate knows a list before it can tell that it changed.
    ask(&server, "tools/list", json!({})).await;
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let body = modern("subscriptions/listen", filter, &json!({}));
    let body = body.replace(r#""id":1"#, r#""id":"one""#);
    let mut conn = open(&server, &modern_headers("subscriptions/listen", ""), &body).await;
    assert_eq!(conn.head().await.unwrap().status, 200);
    let tag = json!({"io.modelcontextprotocol/subscriptionId": "one"});
    let acknowledged = conn.message().await.unwrap();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}));
    assert_eq!(acknowledged["params"]["_meta"], tag);
    server.house.events.events().list_changed(&name("notes"), Kind::Tools);
    let changed = conn.message().await.unwrap();
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    assert_eq!(changed["params"]["_meta"], tag);
    let stopping = tokio::spawn(server.stop());
    let end = conn.message().await.unwrap();
    assert_eq!((&end["id"], &end["result"]["resultType"]), (&json!("one"), &json!("complete")));
    assert_eq!(end["result"]["_meta"], tag);
    assert_eq!(conn.message().await, None);
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn a_listener_that_goes_away_is_forgotten() {
    let server = Server::start().await;
    let body = modern("subscriptions/listen", json!({"notifications": {}}), &json!({}));
    let mut conn = open(&server, &modern_headers("subscriptions/listen", ""), &body).await;
    conn.message_after_head().await;
    assert_eq!(server.house.gate.watching(), 1);
    drop(conn);
    until("nobody watches", || server.house.gate.watching() == 0).await;
    let bad = modern("subscriptions/listen", json!({"notifications": 7}), &json!({}));
    let reply = server.post(&modern_headers("subscriptions/listen", ""), &bad).await;
    assert_eq!(reply.code(), -32602);
}

#[tokio::test]
async fn a_source_that_asks_gets_its_answer_in_a_second_round() {
    let server = Server::start().await;
    let question = r#"{"message":"who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#;
    server.house.notes.answers(Script::Asks(protocol::mcp::Method::Elicit, question));
    let capable = json!({"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}});
    let reply = server.post(&modern_headers(CALL, ECHO), &echo(&json!({}), &capable)).await;
    let first = reply.json()["result"].clone();
    assert_eq!(first["resultType"], "input_required", "{}", reply.body);
    let key = first["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let answers = json!({key: {"action": "accept", "content": {"name": "ada"}}});
    let params = json!({"name": ECHO, "arguments": {}, "inputResponses": answers, "requestState": first["requestState"]});
    let again = server.post(&modern_headers(CALL, ECHO), &modern(CALL, params, &capable)).await;
    assert!(again.body.contains("ada"), "{}", again.body);
}

#[tokio::test]
async fn both_eras_share_one_endpoint_and_one_connection() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    let auth = ("Authorization", key.as_str());
    conn.send("POST", "/mcp", &[auth], &initialize("2025-11-25", "{}")).await;
    let session = conn.reply().await.header("mcp-session-id").unwrap().to_owned();
    let headers = [&[auth], &modern_headers(CALL, ECHO)[..]].concat();
    conn.send("POST", "/mcp", &headers, &echo(&json!({"n": 1}), &json!({}))).await;
    assert_eq!(conn.reply().await.status, 200);
    // Modern metadata under a legacy header is neither.
    let headers =
        [auth, ("Mcp-Session-Id", session.as_str()), ("MCP-Protocol-Version", "2025-11-25")];
    conn.send("POST", "/mcp", &headers, &echo(&json!({}), &json!({}))).await;
    assert_eq!(conn.reply().await.code(), -32020);
}
