//! The four cells over Streamable HTTP, and what a legacy server asks on the way.

use gate::port::{Source, Trouble};
use protocol::mcp::Level;
use serde_json::json;

use super::server::{Heard, Say, Server};
use super::*;

const SAID: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"logging":{},"resources":{"subscribe":true}},"serverInfo":{"name":"old","version":"1"},"instructions":"Be kind."}"#;
const OK: &str = r#"{"content":[{"type":"text","text":"hi"}],"x":1.0}"#;

/// A legacy server with sessions; `tool` answers calls.
pub(super) async fn legacy(tool: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> Server {
    Server::start(move |h| legacy_answer(h, &tool)).await
}

pub(super) fn legacy_answer(h: &Heard, tool: &dyn Fn(&Heard) -> Say) -> Say {
    match (h.verb.as_str(), h.method().as_str()) {
        ("DELETE", _) => Say::ok(String::new()),
        ("GET", _) => Say::Json(405, "", String::new()),
        (_, "initialize") => Say::Json(200, "Mcp-Session-Id: s-1\r\n", h.result(SAID)),
        (_, "logging/setLevel" | "ping") => Say::ok(h.result("{}")),
        (_, "tools/call" | "prompts/get" | "resources/read") => tool(h),
        (_, "tools/list") => Say::ok(h.result(r#"{"tools":[{"name":"search"}]}"#)),
        (_, method) if method.starts_with("notifications/") || h.id().is_null() => Say::accepted(),
        (_, _) if h.json().get("result").is_some() || h.json().get("error").is_some() => {
            Say::accepted()
        }
        // npm server-everything answers what comes without a session so (section 2.6).
        _ if h.header("mcp-session-id").is_empty() => {
            let body =
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}}"#;
            Say::Json(400, "", body.to_owned())
        }
        _ => Say::ok(h.error(r#"{"code":-32601,"message":"Method not found"}"#)),
    }
}

#[tokio::test]
async fn ml_a_modern_client_calls_a_legacy_server() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, r#"{"roots":{},"elicitation":{}}"#);
    let result = world.tool(&alice, &TestLink::answering([])).await;
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["content"][0]["text"], "hi");
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "old");
    let call = server.last("tools/call");
    assert_eq!(call.json()["params"]["name"], "search");
    assert_eq!(call.json()["params"]["_meta"], json!({"progressToken": call.id(), "vendor/x": 1}));
    assert_eq!(call.header("mcp-session-id"), "s-1");
    assert_eq!(call.header("mcp-protocol-version"), "2025-11-25");
    assert_eq!((call.header("mcp-method"), call.header("x-key")), ("", "s3cret"));
    let open = server.last("initialize").json();
    assert_eq!(
        open["params"]["capabilities"],
        json!({"elicitation": {}}),
        "roots are not declared"
    );
    assert_eq!(
        server.methods(),
        ["server/discover", "initialize", "notifications/initialized", "tools/call"]
    );
    let greeting = world.mcp.greet(&alice).await.unwrap();
    assert_eq!(greeting.instructions.as_deref(), Some("Be kind."));
    assert_eq!(world.mcp.status().era, "legacy");
}

#[tokio::test]
async fn ll_a_legacy_client_is_relayed_to_the_byte() {
    let server = legacy(|h| Say::ok(h.result(OK))).await;
    let world = world(http(&server), |_| {});
    let bob = client(LEGACY, r#"{"sampling":{}}"#);
    let reply = world.call(call_tool(&bob), &TestLink::answering([])).await.unwrap();
    let Reply::Complete { result, failed } = reply else { panic!() };
    assert_eq!((&result.write().unwrap().into_bytes()[..], failed), (OK.as_bytes(), false));
    let text = String::from_utf8(server.last("tools/call").body.to_vec()).unwrap();
    assert!(text.contains(r#""arguments":{"q":1.0}"#), "{text}");
    assert_eq!(server.methods(), ["initialize", "notifications/initialized", "tools/call"]);
}

#[tokio::test]
async fn errors_of_a_legacy_server_reach_a_modern_client_in_its_own_words_7_14() {
    let server = legacy(|h| Say::ok(h.error(r#"{"code":-32002,"message":"gone"}"#))).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    let read = cleared(&alice, Method::ResourcesRead, "file:///a", r#"{"uri":"shop+file:///a"}"#);
    let Err(Trouble::Answered(e)) = world.call(read, &TestLink::answering([])).await else {
        panic!()
    };
    assert_eq!((e.code, e.data.as_deref()), (-32602, Some(&br#"{"uri":"file:///a"}"#[..])));
    assert!(world.mcp.status().up);
}

fn asking(h: &Heard, ask: &str) -> Say {
    let progress = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":1}}}}"#,
        h.id()
    );
    Say::events([progress, ask.to_owned()])
}

type Waiting = (Heard, tokio::sync::mpsc::Sender<String>);

/// A server that asks during each call and answers once it has been answered.
async fn asking_server(ask: &'static str) -> Server {
    let waiting: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    Server::start(move |h| {
        if h.json().get("method").is_none() && h.verb == "POST" {
            for (call, events) in waiting.lock().unwrap().drain(..) {
                let given = h.json();
                let text = json!({"content": [], "given": given});
                let _ = events.try_send(format!("data: {}\n\n", call.result(&text.to_string())));
            }
            return Say::accepted();
        }
        let waiting = waiting.clone();
        legacy_answer(h, &move |h| {
            let Say::Events(mut first) = asking(h, ask) else { return Say::Silence };
            let (sender, receiver) = tokio::sync::mpsc::channel(10);
            while let Ok(event) = first.try_recv() {
                sender.try_send(event).unwrap();
            }
            waiting.lock().unwrap().push((h.clone(), sender));
            Say::Events(receiver)
        })
    })
    .await
}

const ELICIT: &str = r#"{"jsonrpc":"2.0","id":"e-1","method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"type":"object"},"task":{}}}"#;

#[tokio::test]
async fn what_a_legacy_server_asks_during_a_call_is_asked_of_the_client_7_6() {
    let server = asking_server(ELICIT).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, r#"{"elicitation":{}}"#);
    let link = TestLink::answering([r#"{"action":"accept","content":{"n":1}}"#]);
    let result = world.tool(&alice, &link).await;
    assert_eq!(result["given"]["id"], "e-1");
    assert_eq!(result["given"]["result"], json!({"action": "accept", "content": {"n": 1}}));
    assert_eq!(
        link.asked(),
        [r#"elicitation/create {"message":"Name?","requestedSchema":{"type":"object"}}"#]
    );
    assert_eq!(link.told(), [r#"progress {"progress":1}"#]);
}

#[tokio::test]
async fn what_the_client_did_not_declare_is_refused_at_once_and_the_call_goes_on_7_6() {
    let server = asking_server(ELICIT).await;
    let world = world(http(&server), |_| {});
    let link = TestLink::answering([]);
    let result = world.tool(&client(MODERN, "{}"), &link).await;
    assert_eq!(result["given"]["error"]["code"], -32602);
    assert!(link.asked().is_empty());
}

#[tokio::test]
async fn a_refusal_of_the_gate_reaches_a_legacy_server_as_a_lawful_answer() {
    let server = asking_server(ELICIT).await;
    let world = world(http(&server), |_| {});
    let result =
        world.tool(&client(MODERN, r#"{"elicitation":{}}"#), &TestLink::answering([])).await;
    assert_eq!(result["given"]["result"], json!({"action": "cancel"}));
}

#[tokio::test]
async fn a_url_that_must_be_visited_first_is_asked_for_and_the_call_sent_again_once_7_6() {
    const FIRST: &str = r#"{"code":-32042,"message":"visit","data":{"elicitations":[{"mode":"url","elicitationId":"1","url":"https://x.example/","message":"Log in"}]}}"#;
    let calls = Mutex::new(0);
    let server = legacy(move |h| {
        *calls.lock().unwrap() += 1;
        if *calls.lock().unwrap() == 1 { Say::ok(h.error(FIRST)) } else { Say::ok(h.result(OK)) }
    })
    .await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, r#"{"elicitation":{"url":{}}}"#);
    let link = TestLink::answering([r#"{"action":"accept"}"#]);
    assert_eq!(world.tool(&alice, &link).await["content"][0]["text"], "hi");
    assert!(
        link.asked()[0].contains("https://x.example/")
            && !link.asked()[0].contains("elicitationId")
    );
    assert_eq!((server.count("tools/call"), server.count("initialize")), (2, 1));
}

#[tokio::test]
async fn a_url_that_a_client_cannot_visit_is_named_as_what_it_lacks() {
    const FIRST: &str = r#"{"code":-32042,"message":"visit","data":{"elicitations":[{"mode":"url","elicitationId":"1","url":"https://x.example/","message":"Log in"}]}}"#;
    let server = legacy(|h| Say::ok(h.error(FIRST))).await;
    let world = world(http(&server), |_| {});
    let called = world.call(call_tool(&client(MODERN, "{}")), &TestLink::answering([])).await;
    assert!(matches!(called, Err(Trouble::NeedsCapability(_))));
}

#[tokio::test]
async fn a_legacy_servers_level_is_set_once_and_each_call_hears_only_what_it_asked_for_7_10() {
    const LOGS: [&str; 2] = [
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":2}}"#,
    ];
    let server =
        legacy(|h| Say::events(LOGS.iter().map(|l| (*l).to_owned()).chain([h.result(OK)]))).await;
    let world = world(http(&server), |_| {});
    let alice = client(MODERN, "{}");
    let heard = async |level: Option<Level>| {
        let link = TestLink::answering([]);
        world.call(Clearance { level, ..call_tool(&alice) }, &link).await.unwrap();
        link.told().len()
    };
    assert_eq!(heard(None).await, 0);
    assert_eq!(heard(Some(Level::Warning)).await, 1);
    assert_eq!(heard(Some(Level::Debug)).await, 2);
    assert_eq!(heard(Some(Level::Error)).await, 1);
    assert_eq!(server.count("logging/setLevel"), 2, "only ever more verbose");
}
