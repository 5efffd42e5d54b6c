//! Legacy clients over Streamable HTTP: sessions, streams within a POST, questions, batches.

use std::time::Duration;

use ambient::Clock;
use gate::port::Told;
use protocol::mcp::{Level, Method};
use serde_json::json;

use crate::support::{Conn, House, Script, Server, call, initialize, request, until};

async fn post(server: &Server, session: &str, body: &str) -> crate::support::Reply {
    server.post(&[("Mcp-Session-Id", session)], body).await
}

/// Sends a POST and leaves the connection open.
async fn open(server: &Server, method: &str, headers: &[(&str, &str)], body: &str) -> Conn {
    let mut conn = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    conn.send(method, "/mcp", &[&[("Authorization", key.as_str())], headers].concat(), body).await;
    conn
}

#[tokio::test]
async fn a_session_opens_lists_calls_and_ends() {
    let server = Server::start().await;
    let reply = server.post(&[], &initialize("2025-11-25", "{}")).await;
    let result = &reply.json()["result"];
    assert_eq!(result["protocolVersion"], "2025-11-25");
    assert_eq!(result["serverInfo"]["name"], "portcullis");
    assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
    assert!(result["instructions"].as_str().unwrap().contains("[shop] About shop."));
    let session = reply.header("mcp-session-id").unwrap().to_owned();
    assert!(session.bytes().all(|b| (0x21..0x7F).contains(&b)));

    let told = post(&server, &session, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let told = told.await;
    assert_eq!((told.status, told.body.as_str()), (202, ""));
    let list = post(&server, &session, &request(2, "tools/list", &json!({}))).await;
    let list = list.json();
    assert_eq!(list["result"]["tools"][0]["name"], "notes__echo");
    assert_eq!(list["id"], 2);
    let answer = post(&server, &session, &call(3, &json!({"b": 1, "a": 2}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["result"]["content"][0]["text"], r#"{"b":1,"a":2}"#);
    let ping = post(&server, &session, &request(4, "ping", &json!({}))).await;
    assert_eq!(ping.body, r#"{"jsonrpc":"2.0","id":4,"result":{}}"#);

    let ended = server.send("DELETE", "/mcp", &[("Mcp-Session-Id", &session)], "").await;
    assert_eq!(ended.status, 204);
    assert!(server.house.notes.ended.load(std::sync::atomic::Ordering::SeqCst) > 0);
    assert_eq!(server.gauges.sessions(), 0);
}

#[tokio::test]
async fn versions_are_agreed_on_and_never_a_modern_one() {
    let server = Server::start().await;
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2026-07-28", "2025-11-25"),
        ("2199-01-01", "2025-11-25"),
        ("latest", "2025-11-25"),
    ] {
        let reply = server.post(&[], &initialize(asked, "{}")).await;
        assert_eq!(reply.json()["result"]["protocolVersion"], agreed, "{asked}");
    }
}

// g-protocol-41 to g-protocol-43, v-protocol-03
#[tokio::test]
async fn a_session_speaks_the_version_it_was_opened_with() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let list = request(2, "tools/list", &json!({}));
    let with =
        |v: &'static str| [("Mcp-Session-Id", session.clone()), ("MCP-Protocol-Version", v.into())];
    for (version, status) in
        [("2025-11-25", 200), ("2025-06-18", 400), ("latest", 400), ("1999-01-01", 400)]
    {
        let headers = with(version);
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(server.post(&headers, &list).await.status, status, "{version}");
    }
    let old = server.session("2025-03-26", "{}").await;
    assert_eq!(post(&server, &old, &list).await.status, 200, "no header before 2025-06-18");
}

#[tokio::test]
async fn progress_and_log_messages_come_before_the_answer_on_its_own_stream() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Progress(2));
    let session = server.session("2025-11-25", "{}").await;
    let params = json!({"name": "notes__echo", "_meta": {"progressToken": "t-1"}});
    let body = request(5, "tools/call", &params);
    let mut conn = open(&server, "POST", &[("Mcp-Session-Id", &session)], &body).await;
    let head = conn.head().await.unwrap();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!(head.header("x-accel-buffering"), Some("no"));
    assert_eq!(head.header("x-content-type-options"), Some("nosniff"));
    let prime = conn.event().await.unwrap();
    assert!(prime.data.is_empty() && prime.id.unwrap().ends_with("-0"));
    for n in 1..=2 {
        let progress = conn.message().await.unwrap();
        let label = json!({"portcullis/source": "notes", "portcullis/trust": "untrusted"});
        let said = json!({"progress": n, "total": 2, "_meta": label, "progressToken": "t-1"});
        assert_eq!(progress["params"], said);
        assert_eq!(conn.message().await.unwrap()["method"], "notifications/message");
    }
    assert_eq!(conn.message().await.unwrap()["id"], 5);
    assert_eq!(conn.message().await, None);
}

#[tokio::test]
async fn progress_is_for_those_who_gave_a_token_and_logs_from_the_level_set() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Progress(1));
    let session = server.session("2025-11-25", "{}").await;
    let set = request(2, "logging/setLevel", &json!({"level": "error"}));
    assert_eq!(post(&server, &session, &set).await.json()["result"], json!({}));
    assert_eq!(server.house.notes.told.lock().unwrap()[0], Told::Level(Level::Error));
    let answer = post(&server, &session, &call(3, &json!({}))).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "nothing to tell before");
    let bad =
        post(&server, &session, &request(4, "logging/setLevel", &json!({"level": "x"}))).await;
    assert_eq!((bad.status, bad.code()), (200, -32602));
}

#[tokio::test]
async fn a_question_goes_out_on_the_stream_of_its_call_and_its_answer_comes_by_post() {
    let server = Server::start().await;
    let question = r#"{"message":"who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#;
    server.house.notes.answers(Script::Asks(Method::Elicit, question));
    let session = server.session("2025-11-25", r#"{"elicitation":{}}"#).await;
    let other = server.session("2025-11-25", r#"{"elicitation":{}}"#).await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(5, &json!({}))).await;
    conn.head().await.unwrap();
    let asked = conn.message().await.unwrap();
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["message"], "[notes] who?");
    let id = &asked["id"];
    let answer = |name: &str| {
        let result = json!({"action": "accept", "content": {"name": name}});
        json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
    };
    // Another session's answer to the same id is no answer.
    assert_eq!(post(&server, &other, &answer("mallory")).await.status, 202);
    assert_eq!(post(&server, &session, &answer("ada")).await.status, 202);
    let result = conn.message().await.unwrap();
    let text = result["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("ada") && !text.contains("mallory"), "{text}");
    assert_eq!(conn.message().await, None);
}

#[tokio::test]
async fn a_client_that_takes_json_only_is_not_asked() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Asks(Method::RootsList, "{}"));
    let session = server.session("2025-11-25", r#"{"roots":{}}"#).await;
    let headers = [("Mcp-Session-Id", session.as_str()), ("Accept", "application/json")];
    let answer = server.post(&headers, &call(2, &json!({}))).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "error -32603");
}

#[tokio::test]
async fn a_call_is_taken_back_by_its_id_and_by_no_other() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Wait);
    let session = server.session("2025-11-25", "{}").await;
    let other = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(7, &json!({}))).await;
    until("the call began", || server.house.notes.called() == 1).await;
    let cancel = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        )
    };
    for (who, id) in [(&session, "\"7\""), (&session, "8"), (&other, "7")] {
        assert_eq!(post(&server, who, &cancel(id)).await.status, 202);
    }
    // g-protocol-22: as a request it cancels nothing.
    let request = request(9, "notifications/cancelled", &json!({"requestId": 7}));
    assert_eq!(post(&server, &session, &request).await.code(), -32601);
    assert_eq!(server.house.notes.cancelled(), 0);
    assert_eq!(post(&server, &session, &cancel("7")).await.status, 202);
    until("it was cancelled", || server.house.notes.cancelled() == 1).await;
    assert_eq!(conn.reply().await.body, "");
}

#[tokio::test]
async fn an_id_that_is_running_is_refused() {
    let server = Server::start().await;
    server.house.notes.answers(Script::Wait);
    let session = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(7, &json!({}))).await;
    until("the call began", || server.house.notes.called() == 1).await;
    assert_eq!(post(&server, &session, &call(7, &json!({}))).await.code(), -32600);
    server.house.notes.go_on.notify_one();
    assert_eq!(conn.reply().await.json()["id"], 7);
}

#[tokio::test]
async fn a_lost_connection_is_no_cancellation_and_the_rest_is_replayed() {
    let server = Server::start().await;
    server.house.notes.answers(Script::LogAndWait);
    let session = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(5, &json!({"k": 1}))).await;
    conn.head().await.unwrap();
    let first = loop {
        let event = conn.event().await.unwrap();
        if !event.data.is_empty() {
            break event.id.unwrap();
        }
    };
    drop(conn);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.house.notes.cancelled(), 0);
    server.house.notes.go_on.notify_one();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let headers = [("Mcp-Session-Id", session.as_str()), ("Last-Event-ID", &first)];
    let mut back = open(&server, "GET", &headers, "").await;
    assert_eq!(back.head().await.unwrap().status, 200);
    assert_eq!(back.message().await.unwrap()["params"]["data"], 2);
    assert_eq!(back.message().await.unwrap()["id"], 5);
    assert_eq!(back.message().await, None);
    // Nobody else can read it.
    let other = server.session("2025-11-25", "{}").await;
    let headers = [("Mcp-Session-Id", other.as_str()), ("Last-Event-ID", &first)];
    let mut stranger = open(&server, "GET", &headers, "").await;
    stranger.head().await.unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(200), stranger.message()).await;
    assert!(silent.is_err(), "another session's stream is a new, silent one");
}

#[tokio::test]
async fn a_lost_reply_is_kept_for_its_time_and_no_longer() {
    let clock = Clock::manual(Clock::system().now_millis());
    let server = Server::with(|s| {
        s.clock = clock.clone();
        s.limits.resume = Duration::from_millis(200);
    })
    .await;
    // Enough for the replies to be looked through, which happens often where they are kept for so short a time.
    let a_while = || tokio::time::sleep(Duration::from_millis(150));
    server.house.notes.answers(Script::Progress(1));
    let session = server.session("2025-06-18", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(5, &json!({}))).await;
    conn.head().await.unwrap();
    let first = conn.event().await.unwrap().id.unwrap();
    while conn.event().await.is_some() {}
    drop(conn);
    let headers = [("Mcp-Session-Id", session.as_str()), ("Last-Event-ID", &first)];
    for _ in 0..2 {
        until("nobody reads it", || server.gauges.streams() == 0).await;
        a_while().await;
        clock.advance(Duration::from_millis(150));
        a_while().await;
        let mut back = open(&server, "GET", &headers, "").await;
        assert_eq!(back.message_after_head().await["id"], 5, "each time it is read begins anew");
    }
    until("nobody reads it", || server.gauges.streams() == 0).await;
    a_while().await;
    clock.advance(Duration::from_millis(200));
    a_while().await;
    let mut late = open(&server, "GET", &headers, "").await;
    late.head().await.unwrap();
    let silent = tokio::time::timeout(Duration::from_millis(200), late.message()).await;
    assert!(silent.is_err(), "it is gone: the stream is a new one");
}

#[tokio::test]
async fn a_call_that_takes_long_becomes_a_stream_with_signs_of_life() {
    let server = Server::with(|s| {
        s.limits.patience = Duration::from_millis(100);
        s.limits.keep_alive = Duration::from_millis(100);
    })
    .await;
    server.house.notes.answers(Script::Wait);
    let session = server.session("2025-06-18", "{}").await;
    let headers = [("Mcp-Session-Id", session.as_str())];
    let mut conn = open(&server, "POST", &headers, &call(5, &json!({}))).await;
    assert_eq!(conn.head().await.unwrap().header("content-type"), Some("text/event-stream"));
    assert_eq!(conn.chunk().await.unwrap(), b":\n\n");
    server.house.notes.go_on.notify_one();
    assert_eq!(conn.message().await.unwrap()["id"], 5);
}

// g-protocol-18, g-protocol-19, v-protocol-04
#[tokio::test]
async fn arrays_are_for_sessions_of_2025_03_26_only() {
    let server = Server::start().await;
    let ping = |id: i64| request(id, "ping", &json!({}));
    let batch = format!("[{},{}]", ping(1), call(2, &json!({})));
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let session = server.session(version, "{}").await;
        let reply = post(&server, &session, &batch).await;
        assert_eq!((reply.status, reply.code()), (400, -32600), "{version}");
    }
    assert_eq!(server.post(&[], &batch).await.status, 400);
    // A modern client has none either, whatever session it names.
    let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Session-Id", "x")];
    assert_eq!(server.post(&headers, &batch).await.status, 400);
    assert_eq!(server.house.notes.called(), 0);
    let session = server.session("2025-03-26", "{}").await;
    let reply = post(&server, &session, &batch).await;
    let all = reply.json();
    assert_eq!((all[0]["id"].as_i64(), all[1]["id"].as_i64()), (Some(1), Some(2)));
    assert!(all[1]["result"]["content"].is_array());
    let initialize = initialize("2025-03-26", "{}");
    let many = format!("[{}]", vec![ping(1); 51].join(","));
    for bad in ["[]".to_owned(), format!("[{initialize}]"), many] {
        let reply = post(&server, &session, &bad).await;
        assert_eq!((reply.status, reply.code()), (400, -32600), "{bad}");
    }
    let told = r#"[{"jsonrpc":"2.0","method":"notifications/initialized"}]"#;
    assert_eq!(post(&server, &session, told).await.status, 202);
    let mixed = format!(r#"[{},{{"jsonrpc":"1.0"}}]"#, ping(1));
    let all = post(&server, &session, &mixed).await.json();
    assert_eq!(all[1]["error"]["code"], -32600);
}

// g-protocol-04, g-protocol-06 to g-protocol-11, g-protocol-23, g-protocol-24, v-body-09, v-body-10
#[tokio::test]
async fn what_is_no_message_is_refused_in_json() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"notes__echo","arguments":{{"a":{}1{}}}}}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let ping = request(1, "ping", &json!({}));
    for (bad, code) in [
        (r#"{"jsonrpc":"#.to_owned(), -32700),
        ("[".repeat(100_000), -32700),
        (deep, -32700),
        (r#"{"jsonrpc":"2.0","id":1e309,"method":"ping"}"#.to_owned(), -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.to_owned(), -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#.to_owned(), -32600),
        (format!("\u{FEFF}{ping}"), -32700),
        (format!("{ping}{ping}"), -32700),
        (call(1, &json!({"text": "LONE"})).replace("LONE", "\\ud800"), -32700),
        ("7".to_owned(), -32600),
        (String::new(), -32700),
    ] {
        let reply = post(&server, &session, &bad).await;
        let start: String = bad.chars().take(40).collect();
        assert_eq!((reply.status, reply.code()), (400, code), "{start}");
    }
    let big =
        post(&server, &session, r#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"ping"}"#);
    assert!(big.await.body.contains(r#""id":18446744073709551616,"#));
    assert_eq!(server.house.notes.called(), 0);
}

#[tokio::test]
async fn what_was_not_offered_is_not_there() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    for method in [
        "prompts/list",
        "completion/complete",
        "server/discover",
        "x-custom/refresh",
        "rpc.discover",
        "roots/list",
    ] {
        let reply = post(&server, &session, &request(2, method, &json!({}))).await;
        assert_eq!((reply.status, reply.code()), (200, -32601), "{method}");
    }
    let again = post(&server, &session, &initialize("2025-11-25", "{}")).await;
    assert_eq!(again.status, 200, "a new session, beside the old one");
}

#[tokio::test]
async fn one_source_has_a_path_of_its_own() {
    let server = Server::start().await;
    let reply = server.send("POST", "/mcp/shop", &[], &initialize("2025-11-25", "{}")).await;
    let session = reply.header("mcp-session-id").unwrap();
    let headers = [("Mcp-Session-Id", session)];
    let list =
        server.send("POST", "/mcp/shop", &headers, &request(2, "tools/list", &json!({}))).await;
    assert!(list.body.contains("shop__echo") && !list.body.contains("notes__echo"));
}

#[tokio::test]
async fn what_is_for_clients_or_another_era_is_not_passed_to_a_source_that_takes_unknown_methods() {
    let server = House::passing().serve(|_| {}).await;
    let ask = async |headers: &[(&str, &str)], body: &str| {
        server.send("POST", "/mcp/notes", headers, body).await
    };
    let opened = ask(&[], &initialize("2025-11-25", "{}")).await;
    let session = opened.header("mcp-session-id").unwrap().to_owned();
    let headers = [("Mcp-Session-Id", session.as_str())];
    for method in [
        "server/discover",
        "subscriptions/listen",
        "sampling/createMessage",
        "elicitation/create",
        "roots/list",
        "notifications/cancelled",
    ] {
        let reply = ask(&headers, &request(2, method, &json!({}))).await;
        assert_eq!(reply.code(), -32601, "{method}");
    }
    assert_eq!(server.house.notes.called(), 0);
    ask(&headers, &request(2, "x-custom/refresh", &json!({}))).await;
    assert_eq!(server.house.notes.called(), 1);
}
