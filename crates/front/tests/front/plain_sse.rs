//! HTTP+SSE, the transport of 2024-11-05.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::support::{Conn, Reply, Script, Server, call, initialize, request, until};

async fn open(server: &Server) -> (Conn, String) {
    let mut conn = server.connect().await;
    let key = format!("Bearer {}", server.house.alice);
    conn.send("GET", "/sse", &[("Authorization", &key)], "").await;
    assert_eq!(conn.head().await.unwrap().status, 200);
    let first = conn.event().await.unwrap();
    assert_eq!(first.name, "endpoint");
    (conn, String::from_utf8(first.data.to_vec()).unwrap())
}

async fn post(server: &Server, key: &str, endpoint: &str, body: &str) -> Reply {
    let mut conn = server.connect().await;
    let key = format!("Bearer {key}");
    conn.send("POST", endpoint, &[("Authorization", &key)], body).await;
    conn.reply().await
}

// v-session-08
#[tokio::test]
async fn messages_go_by_post_and_everything_comes_back_on_the_stream() {
    let server = Server::with(|s| s.sse = true).await;
    let alice = server.house.alice.clone();
    let (mut conn, endpoint) = open(&server).await;
    assert!(endpoint.starts_with("/messages?sessionId="));
    let early = post(&server, &alice, &endpoint, &request(8, "tools/list", &json!({}))).await;
    assert_eq!((early.status, early.body.as_str()), (202, ""));
    assert_eq!(conn.message().await.unwrap()["error"]["code"], -32600, "initialize first");
    post(&server, &alice, &endpoint, &initialize("2024-11-05", "{}")).await;
    assert_eq!(conn.message().await.unwrap()["result"]["protocolVersion"], "2024-11-05");
    server.house.notes.answers(Script::Progress(1));
    let params = json!({"name": "notes__echo", "_meta": {"progressToken": 1}});
    post(&server, &alice, &endpoint, &request(2, "tools/call", &params)).await;
    assert_eq!(conn.message().await.unwrap()["method"], "notifications/progress");
    assert_eq!(conn.message().await.unwrap()["method"], "notifications/message");
    assert_eq!(conn.message().await.unwrap()["id"], 2);
}

#[tokio::test]
async fn a_stream_belongs_to_its_principal_and_its_session_ends_with_it() {
    let server = Server::with(|s| s.sse = true).await;
    let (alice, bob) = (server.house.alice.clone(), server.house.bob.clone());
    let (conn, endpoint) = open(&server).await;
    let hello = initialize("2024-11-05", "{}");
    assert_eq!(post(&server, &bob, &endpoint, &hello).await.status, 404);
    assert_eq!(post(&server, "x", &endpoint, &hello).await.status, 401);
    assert_eq!(post(&server, &alice, "/messages?sessionId=x", &hello).await.status, 404);
    assert_eq!(post(&server, &alice, "/messages", &hello).await.status, 404);
    let twice = format!("{endpoint}&{}", endpoint.split_once('?').unwrap().1);
    assert_eq!(post(&server, &alice, &twice, &hello).await.status, 404);
    let id = [("Mcp-Session-Id", endpoint.split_once('=').unwrap().1)];
    let streamable = server.post(&id, &call(1, &json!({}))).await;
    assert_eq!(streamable.status, 404, "it is no session of the other transport");
    assert_eq!(post(&server, &alice, &endpoint, &hello).await.status, 202);
    drop(conn);
    until("the session ended", || server.gauges.sessions() == 0 && server.gauges.streams() == 0)
        .await;
    assert_eq!(post(&server, &alice, &endpoint, &hello).await.status, 404);
}

#[tokio::test]
async fn it_is_off_unless_asked_for_and_guarded_like_the_rest() {
    let off = Server::start().await;
    assert_eq!(off.send("GET", "/sse", &[], "").await.status, 404);
    let server = Server::with(|s| s.sse = true).await;
    let mut conn = server.connect().await;
    conn.send("GET", "/sse", &[], "").await;
    assert_eq!(conn.reply().await.status, 401);
    assert_eq!(server.send("GET", "/sse", &[("Origin", "null")], "").await.status, 403);
    assert_eq!(server.send("POST", "/sse", &[], "{}").await.status, 405);
}

#[tokio::test]
async fn streams_in_use_are_not_given_up_for_new_ones() {
    let server = Server::with(|s| {
        s.sse = true;
        s.limits.sessions = 1;
    })
    .await;
    let alice = server.house.alice.clone();
    let (mut conn, endpoint) = open(&server).await;
    let second = server.send("GET", "/sse", &[], "").await;
    assert_eq!((second.status, second.why().as_str()), (429, "too_many_sessions"));
    post(&server, &alice, &endpoint, &initialize("2024-11-05", "{}")).await;
    assert_eq!(conn.message().await.unwrap()["id"], 1, "the first goes on");
}

#[tokio::test]
async fn what_runs_ends_with_its_stream() {
    let server = Server::with(|s| s.sse = true).await;
    let alice = server.house.alice.clone();
    let (mut conn, endpoint) = open(&server).await;
    post(&server, &alice, &endpoint, &initialize("2024-11-05", "{}")).await;
    conn.message().await.unwrap();
    server.house.notes.answers(Script::Wait);
    post(&server, &alice, &endpoint, &call(2, &json!({}))).await;
    let notes = server.house.notes.clone();
    until("the call began", || notes.called() == 1).await;
    drop(conn);
    until("it was cancelled", || notes.cancelled() == 1).await;
    until("its source knows", || notes.ended.load(Ordering::SeqCst) == 1).await;
}
