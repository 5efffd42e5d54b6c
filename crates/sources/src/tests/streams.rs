//! Answers that come as events: framing, resumption, cancellation.

use gate::port::{Source, Trouble};
use tokio::sync::mpsc;

use super::cells::{legacy, legacy_answer};
use super::modern::modern;
use super::server::{Say, Server};
use super::*;

const OK: &str = r#"{"content":[]}"#;

#[tokio::test]
async fn lawful_framing_of_every_kind_is_understood_g_http_43() {
    let server = modern(|h| {
        let (sender, receiver) = mpsc::channel(4);
        let half = format!("\u{feff}: hello\r\n\r\nevent: ping\rdata: x\r\rdata: {{\"jsonrpc\":\"2.0\",\rdata: \"id\":{},", h.id());
        sender.try_send(half).unwrap();
        sender.try_send("\r\ndata: \"result\":{\"content\":[]}}\n\n".to_owned()).unwrap();
        Say::Events(receiver)
    })
    .await;
    let world = world(http(&server), |_| {});
    assert!(
        world.tool(&client(MODERN, "{}"), &TestLink::answering([])).await["content"].is_array()
    );
}

#[tokio::test]
async fn a_connection_whose_stream_ended_with_its_answer_is_used_again() {
    let server = modern(|h| Say::events([h.result(OK)])).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    for _ in 0..10 {
        world.tool(&alice, &TestLink::answering([])).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

/// A legacy server that hangs up after the first event of a call and gives the rest to who comes back for it.
async fn hanging_up(first: &'static str) -> Server {
    let called: Mutex<Option<String>> = Mutex::new(None);
    Server::start(move |h| {
        if h.verb == "GET" {
            return match (h.header("last-event-id"), called.lock().unwrap().clone()) {
                ("e1", Some(answer)) => Say::events([answer]),
                _ => Say::Json(405, "", String::new()),
            };
        }
        legacy_answer(h, &|h| {
            *called.lock().unwrap() = Some(h.result(OK));
            let (sender, receiver) = mpsc::channel(4);
            sender.try_send(first.to_owned()).unwrap();
            Say::Events(receiver)
        })
    })
    .await
}

#[tokio::test]
async fn a_legacy_stream_that_breaks_off_is_taken_up_where_it_ended_7_16() {
    let server = hanging_up("id: e1\nretry: 0\ndata: \n\n").await;
    let world = world(http(&server), |_| {});
    for version in [LEGACY, MODERN] {
        world.tool(&client(version, "{}"), &TestLink::answering([])).await;
    }
    assert_eq!((server.count("tools/call"), server.count("GET")), (2, 2));
    assert_eq!(
        server
            .log
            .lock()
            .unwrap()
            .iter()
            .find(|h| h.verb == "GET")
            .unwrap()
            .header("mcp-session-id"),
        "s-1"
    );
}

#[tokio::test]
async fn a_stream_without_event_ids_that_breaks_off_leaves_the_outcome_unknown() {
    let server = hanging_up(": nothing\n\n").await;
    let world = world(http(&server), |_| {});
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    assert!(matches!(called, Err(Trouble::Failed { unknown: true, .. })));
    assert_eq!(server.count("tools/call"), 1, "never sent again");
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_at_a_legacy_server_by_a_message_7_11() {
    for streams in [true, false] {
        let held = Mutex::new(Vec::new());
        let server = legacy(move |_| {
            let (sender, receiver) = mpsc::channel(4);
            held.lock().unwrap().push(sender);
            if streams { Say::Events(receiver) } else { Say::Silence }
        })
        .await;
        let world = world(http(&server), |_| {});
        let (alice, link) = (client(MODERN, "{}"), TestLink::answering([]));
        let call = world.call(call_tool(&alice), &link);
        assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
        until(|| server.count("notifications/cancelled") == 1).await;
        let told = server.last("notifications/cancelled").json();
        assert_eq!(told["params"]["requestId"], server.last("tools/call").id());
    }
}

#[tokio::test]
async fn a_dropped_call_answers_what_the_server_still_asks_before_it_is_cancelled_7_6() {
    const ELICIT: &str =
        r#"{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{"message":"m"}}"#;
    let held = Mutex::new(Vec::new());
    let server = legacy(move |_| {
        let (sender, receiver) = mpsc::channel(4);
        sender.try_send(format!("data: {ELICIT}\n\n")).unwrap();
        held.lock().unwrap().push(sender);
        Say::Events(receiver)
    })
    .await;
    let world = world(http(&server), |_| {});
    let link = Arc::new(TestLink { mute: true, ..TestLink::default() });
    let mut call = call_tool(&client(MODERN, r#"{"elicitation":{}}"#));
    call.deadline = Duration::from_millis(300);
    assert!(world.call(call, &link).await.is_err());
    until(|| server.count("notifications/cancelled") == 1).await;
    let log = server.log.lock().unwrap().clone();
    let answer = log.iter().find(|h| h.json()["id"] == "e").unwrap().json();
    assert_eq!(answer["result"]["action"], "cancel");
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_at_a_modern_server_by_closing_its_stream_7_11() {
    let held: Arc<Mutex<Vec<mpsc::Sender<String>>>> = Arc::default();
    let kept = held.clone();
    let server = modern(move |_| {
        let (sender, receiver) = mpsc::channel(4);
        kept.lock().unwrap().push(sender);
        Say::Events(receiver)
    })
    .await;
    let world = world(http(&server), |_| {});
    let (alice, link) = (client(MODERN, "{}"), TestLink::answering([]));
    let call = world.call(call_tool(&alice), &link);
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    let stream = held.lock().unwrap()[0].clone();
    until(|| {
        let _ = stream.try_send(":\n\n".to_owned());
        stream.is_closed()
    })
    .await;
    assert_eq!(server.methods(), ["server/discover", "tools/call"]);
}

#[tokio::test]
async fn a_server_that_knows_only_http_and_sse_is_spoken_to_in_its_way() {
    for said in ["/messages?id=1", "http://169.254.169.254/"] {
        let stream: Arc<Mutex<Option<mpsc::Sender<String>>>> = Arc::default();
        let server = Server::start(move |h| {
            if h.verb == "GET" {
                let (sender, receiver) = mpsc::channel(16);
                sender.try_send(format!("event: endpoint\ndata: {said}\n\n")).unwrap();
                *stream.lock().unwrap() = Some(sender);
                return Say::Events(receiver);
            }
            if !h.path.starts_with("/messages") {
                return Say::Json(405, "", String::new());
            }
            let answer = match h.method().as_str() {
                "initialize" => {
                    h.result(r#"{"protocolVersion":"2024-11-05","capabilities":{"tools":{}}}"#)
                }
                "tools/call" => h.result(OK),
                _ => return Say::accepted(),
            };
            let stream = stream.lock().unwrap().clone().unwrap();
            stream.try_send(format!("event: message\ndata: {answer}\n\n")).unwrap();
            Say::accepted()
        })
        .await;
        let world = world(http(&server), |c| c.times.list = Duration::from_secs(2));
        for version in [MODERN, LEGACY] {
            let called =
                world.call(call_tool(&client(version, "{}")), &TestLink::answering([])).await;
            assert_eq!(called.is_ok(), said.starts_with('/'), "{called:?}");
        }
        world.mcp.stop().await;
    }
}
