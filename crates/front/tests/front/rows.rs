//! Rows of the shared cases, input by input, that the other promises state more widely.

use serde_json::json;

use crate::support::{Conn, House, Server, call, initialize, modern, modern_headers, request};

// v-routes-01 to v-routes-10, g-audit-22, g-audit-23: without a credential.
#[tokio::test]
async fn no_other_way_to_write_a_path_leads_anywhere() {
    let server = Server::start().await;
    for (row, method, path) in [
        ("v-routes-01", "GET", "/console?x=1"),
        ("v-routes-02", "GET", "/metrics/json?x"),
        ("v-routes-03", "GET", "/Console"),
        ("v-routes-04", "GET", "/CONSOLE/api/tools"),
        ("v-routes-05", "GET", "/V1/tools"),
        ("v-routes-06", "GET", "/Metrics/json"),
        ("v-routes-07", "GET", "/metrics/json/"),
        ("v-routes-08", "GET", "/Console/api/config/export"),
        ("v-routes-09", "POST", "/V1/Code/Execute"),
        ("v-routes-10", "GET", "/console%2f"),
        ("g-audit-22", "GET", "/debug/pprof/heap"),
        ("g-audit-23", "GET", "/metrics"),
    ] {
        let mut conn = server.connect().await;
        conn.send(method, path, &[], r#"{"code":"console.log(1)"}"#).await;
        let reply = conn.reply().await;
        assert_eq!(reply.status, 404, "{row}: {}", reply.body);
        assert!(!reply.body.contains("version") && reply.body.len() < 200, "{row}: {}", reply.body);
        let key = server.send(method, path, &[], "").await;
        assert_eq!((key.status, key.body), (404, reply.body), "{row}: a key changes nothing");
    }
}

// g-http-26, g-identity-25, g-identity-26, g-policy-32: what a client says in other headers reaches nobody and counts for
// nothing.
#[tokio::test]
async fn headers_of_a_client_reach_no_source_and_make_no_tenant() {
    let server = Server::start().await;
    let others = [
        ("Connection", "X-Internal-Auth"),
        ("X-Internal-Auth", "1"),
        ("Cookie", "sid=1"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("X-Tenant", "globex"),
        ("X-Forwarded-Client-Cert", "By=x"),
    ];
    let mut headers = modern_headers("tools/call", "notes__echo");
    headers.extend(others);
    let body = modern("tools/call", json!({"name": "notes__echo", "arguments": {}}), &json!({}));
    let reply = server.post(&headers, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let session = server.session("2025-11-25", "{}").await;
    let legacy = [&[("Mcp-Session-Id", session.as_str())][..], &others].concat();
    assert_eq!(server.post(&legacy, &call(2, &json!({}))).await.status, 200);
    assert_eq!(*server.house.notes.headers.lock().unwrap(), [vec![], vec![]]);
    let records = server.records().await;
    let calls: Vec<_> = records.iter().filter(|r| r.kind == "call").collect();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|r| r.tenant.as_deref() == Some("acme")));
}

// g-protocol-32: a legacy session is decided from its body.
#[tokio::test]
async fn a_legacy_call_is_decided_from_its_body_whatever_its_headers_say() {
    let server = Server::start().await;
    let session = server.session("2025-06-18", "{}").await;
    let named =
        |name: &'static str| [("Mcp-Session-Id", session.clone()), ("Mcp-Name", name.to_owned())];
    let send = async |name: &'static str, body: &str| {
        let owned = named(name);
        let headers: Vec<(&str, &str)> = owned.iter().map(|(n, v)| (*n, v.as_str())).collect();
        server.post(&headers, body).await
    };
    let hidden = request(2, "tools/call", &json!({"name": "shop__refund", "arguments": {}}));
    let refused = send("notes__echo", &hidden).await;
    assert_eq!(refused.why(), "unavailable", "{}", refused.body);
    assert_eq!(server.house.notes.called(), 0);
    let allowed = send("shop__refund", &call(3, &json!({}))).await;
    assert!(allowed.json()["result"].is_object(), "{}", allowed.body);
}

// g-protocol-45
#[tokio::test]
async fn a_modern_request_needs_no_session_and_minds_none() {
    let server = Server::start().await;
    let mut headers = modern_headers("tools/call", "notes__echo");
    headers.extend([("Mcp-Session-Id", "never-issued"), ("Last-Event-ID", "9-9")]);
    let body = modern("tools/call", json!({"name": "notes__echo", "arguments": {}}), &json!({}));
    let reply = server.post(&headers, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(server.gauges.sessions(), 0);
}

// g-protocol-16: what is larger than the limit is not read further, so nothing of it is decided or sent.
#[tokio::test]
async fn a_name_behind_the_limit_is_never_looked_at() {
    let server = Server::start().await;
    let session = server.session("2025-11-25", "{}").await;
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"arguments":{{"x":"{}"}},"name":"notes__echo"}}}}"#,
        "x".repeat(2 << 20)
    );
    let reply = server.post(&[("Mcp-Session-Id", &session)], &body).await;
    assert_eq!((reply.status, reply.why().as_str()), (413, "too_large"));
    assert_eq!(server.house.notes.called(), 0);
}

// v-auth-10, g-identity-70: and the key is in no record of the attempt.
#[tokio::test]
async fn a_key_in_the_url_proves_nobody_and_is_written_nowhere() {
    let server = Server::start().await;
    let key = server.house.alice.clone();
    let mut conn = server.connect().await;
    let hello = initialize("2025-11-25", "{}");
    conn.send("POST", &format!("/mcp?api_key={key}"), &[], &hello).await;
    assert_eq!(conn.reply().await.status, 401);
    assert!(server.records().await.iter().any(|r| r.kind == "auth"));
    let secret = &key.as_bytes()[20..];
    for file in std::fs::read_dir(server.house.dir.path().join("audit")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|w| w == secret));
    }
}

// v-audit-07, v-audit-08: seen from outside.
#[tokio::test]
async fn three_requests_without_a_key_are_three_records_and_count_three() {
    let server = Server::start().await;
    for _ in 0..3 {
        let mut conn = server.connect().await;
        conn.send("POST", "/mcp", &[], &initialize("2025-11-25", "{}")).await;
        assert_eq!(conn.reply().await.status, 401);
    }
    let records = server.records().await;
    let codes = records.iter().filter(|r| r.code.as_deref() == Some("unauthenticated"));
    assert_eq!(codes.count(), 3);
}

// v-routes-11: nothing that runs code exists, least of all where nobody has to prove anything.
#[tokio::test]
async fn without_authentication_there_are_no_tools_that_run_code() {
    let server = House::with(true, |_| {}).serve(|_| {}).await;
    let mut conn = Conn::to(server.at).await;
    conn.send("POST", "/mcp", &[], &initialize("2025-11-25", "{}")).await;
    let session = conn.reply().await.header("mcp-session-id").unwrap().to_owned();
    let params = json!({"name": "code_execute", "arguments": {"code": "return 1"}});
    let headers = [("Mcp-Session-Id", session.as_str())];
    conn.send("POST", "/mcp", &headers, &request(2, "tools/call", &params)).await;
    let reply = conn.reply().await;
    assert_eq!(reply.json()["error"]["message"], "Unknown tool: code_execute");
    assert_eq!(server.house.notes.called(), 0);
}

// g-policy-11: the old transport leads to the same decision.
#[tokio::test]
async fn what_is_denied_is_denied_over_http_and_sse_too() {
    let server = Server::with(|s| s.sse = true).await;
    let none = policy::PolicySet::load(
        &[(
            "test.cedar".to_owned(),
            r#"permit(principal, action, resource);
            forbid(principal, action, resource == Tool::"notes__echo");"#
                .to_owned(),
        )],
        &[],
        &policy::Known::anything(),
        2,
    );
    server.house.gate.set_policy(none.unwrap());
    let mut stream = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    stream.send("GET", "/sse", &[("Authorization", &key)], "").await;
    assert_eq!(stream.head().await.unwrap().status, 200);
    let endpoint = stream.event().await.unwrap();
    let endpoint = String::from_utf8(endpoint.data.to_vec()).unwrap();
    let post = async |body: &str| {
        let mut conn = server.connect().await;
        conn.send("POST", &endpoint, &[("Authorization", &key)], body).await;
        assert_eq!(conn.reply().await.status, 202);
    };
    post(&initialize("2024-11-05", "{}")).await;
    assert!(stream.message().await.unwrap()["result"].is_object());
    post(&call(2, &json!({}))).await;
    let refused = stream.message().await.unwrap();
    assert_eq!(refused["error"]["data"]["code"], "unavailable", "{refused}");
    assert_eq!(server.house.notes.called(), 0);
}

// v-body-10: what is no JSON is a parse error, whatever it begins with.
#[tokio::test]
async fn a_body_of_brackets_is_no_json() {
    let server = Server::start().await;
    let reply = server.post(&[], &"[".repeat(100_000)).await;
    assert_eq!((reply.status, reply.code()), (400, -32700));
}

// g-policy-18: a path tells nobody which sources there are.
#[tokio::test]
async fn a_source_of_which_one_may_use_nothing_looks_like_none() {
    let server = Server::start().await;
    let policy = r#"permit(principal, action, resource);
        forbid(principal, action, resource in Source::"shop");"#;
    let texts = [("test.cedar".to_owned(), policy.to_owned())];
    let known = policy::Known::anything();
    server.house.gate.set_policy(policy::PolicySet::load(&texts, &[], &known, 2).unwrap());
    let hello = initialize("2025-11-25", "{}");
    let body = modern("tools/list", json!({}), &json!({}));
    let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/list")];
    for (headers, body) in [(&[][..], &hello), (&headers[..], &body)] {
        let hidden = server.send("POST", "/mcp/shop", headers, body).await;
        let unknown = server.send("POST", "/mcp/nothing", headers, body).await;
        assert_eq!((hidden.status, hidden.body), (unknown.status, unknown.body));
    }
}
