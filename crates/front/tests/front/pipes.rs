//! One client over a pair of pipes.

use std::sync::Arc;
use std::time::Duration;

use front::PipeSettings;
use gate::port::Kind;
use identity::local_principal;
use model::{Role, TenantId};
use protocol::mcp::Method;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::task::JoinHandle;

use crate::support::{House, Script, call, initialize, modern, name, request, soon, until};

struct Pipe {
    house: Arc<House>,
    to: Option<WriteHalf<DuplexStream>>,
    from: Lines<BufReader<ReadHalf<DuplexStream>>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Pipe {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut PipeSettings)) -> Self {
        let house = Arc::new(House::new());
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (from, to) = tokio::io::split(ours);
        let (reader, writer) = tokio::io::split(theirs);
        let principal = local_principal("ada", TenantId::new("acme"), Role::Agent).unwrap();
        let mut settings =
            PipeSettings { last_words: Duration::from_millis(500), ..PipeSettings::default() };
        change(&mut settings);
        let gate = house.gate.clone();
        let never = std::future::pending::<()>();
        let serving = front::stdio(gate, principal, settings, reader, writer, never);
        let serving = tokio::spawn(serving);
        Self { house, to: Some(to), from: BufReader::new(from).lines(), serving }
    }

    async fn write(&mut self, text: &str) {
        self.to.as_mut().unwrap().write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    async fn read(&mut self) -> Value {
        let line = soon(self.from.next_line()).await.unwrap().expect("the pipe ended");
        serde_json::from_str(&line).unwrap()
    }
}

#[tokio::test]
async fn a_legacy_client_opens_calls_and_hears_of_changes() {
    let mut pipe = Pipe::open();
    pipe.write(&request(1, "tools/list", &json!({}))).await;
    assert_eq!(pipe.read().await["error"]["code"], -32600, "initialize first");
    pipe.write(&request(2, "ping", &json!({}))).await;
    assert_eq!(pipe.read().await["result"], json!({}));
    pipe.write(&initialize("2025-11-25", "{}")).await;
    assert_eq!(pipe.read().await["result"]["protocolVersion"], "2025-11-25");
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    pipe.write(&call(3, &json!({"k": "v"}))).await;
    assert_eq!(pipe.read().await["result"]["content"][0]["text"], r#"{"k":"v"}"#);
    pipe.house.events.events().list_changed(&name("notes"), Kind::Tools);
    assert_eq!(pipe.read().await["method"], "notifications/tools/list_changed");
    pipe.write(&initialize("2025-11-25", "{}")).await;
    assert_eq!(pipe.read().await["error"]["code"], -32600, "it is open already");
}

#[tokio::test]
async fn a_modern_client_discovers_calls_and_is_not_asked_for_headers() {
    let mut pipe = Pipe::open();
    pipe.write(&modern("server/discover", json!({}), &json!({}))).await;
    assert_eq!(pipe.read().await["result"]["supportedVersions"][0], "2026-07-28");
    let params = json!({"name": "notes__echo", "arguments": {"n": 1}});
    pipe.write(&modern("tools/call", params, &json!({}))).await;
    assert_eq!(pipe.read().await["result"]["content"][0]["text"], r#"{"n":1}"#);
    pipe.write(&modern("ping", json!({}), &json!({}))).await;
    assert_eq!(pipe.read().await["error"]["code"], -32601);
    pipe.write(&request(1, "server/discover", &json!({}))).await;
    assert_eq!(pipe.read().await["error"]["code"], -32602, "metadata is required");
    let filter = json!({"notifications": {"toolsListChanged": true}});
    pipe.write(&modern("subscriptions/listen", filter, &json!({}))).await;
    let first = pipe.read().await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"requestId":1}}"#)
        .await;
    pipe.write(&modern("ping", json!({}), &json!({})).replace(r#""id":1"#, r#""id":2"#)).await;
    assert_eq!(pipe.read().await["id"], 2);
    let house = pipe.house.clone();
    assert_eq!(house.gate.watching(), 1, "another notice takes nothing back");
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    until("nobody watches", || house.gate.watching() == 0).await;
}

#[tokio::test]
async fn requests_run_side_by_side_and_are_cancelled_by_name() {
    let mut pipe = Pipe::open();
    pipe.write(&initialize("2025-11-25", "{}")).await;
    pipe.read().await;
    pipe.house.notes.answers(Script::Wait);
    pipe.write(&call(5, &json!({}))).await;
    let house = pipe.house.clone();
    until("it began", || house.notes.called() == 1).await;
    pipe.write(&request(6, "ping", &json!({}))).await;
    assert_eq!(pipe.read().await["id"], 6);
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#)
        .await;
    until("it was cancelled", || house.notes.cancelled() == 1).await;
}

#[tokio::test]
async fn questions_and_answers_share_the_pipe() {
    let mut pipe = Pipe::open();
    pipe.write(&initialize("2025-11-25", r#"{"roots":{}}"#)).await;
    pipe.read().await;
    pipe.house.notes.answers(Script::Asks(Method::RootsList, "{}"));
    pipe.write(&call(5, &json!({}))).await;
    let asked = pipe.read().await;
    assert_eq!(asked["method"], "roots/list");
    let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": []}});
    pipe.write(&answer.to_string()).await;
    assert_eq!(pipe.read().await["result"]["content"][0]["text"], r#"{"roots":[]}"#);
}

#[tokio::test]
async fn what_comes_in_one_piece_with_the_end_is_answered_too() {
    let mut pipe = Pipe::open();
    let all = [initialize("2025-11-25", "{}"), call(5, &json!({"n": 1})), call(6, &json!({}))];
    pipe.write(&all.join("\n")).await;
    pipe.to.take().unwrap().shutdown().await.unwrap();
    pipe.read().await;
    let mut answered = [pipe.read().await["id"].as_u64(), pipe.read().await["id"].as_u64()];
    answered.sort_unstable();
    assert_eq!(answered, [Some(5), Some(6)]);
    soon(&mut pipe.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let mut pipe = Pipe::open();
    pipe.write(&initialize("2025-11-25", "{}")).await;
    pipe.read().await;
    pipe.house.notes.answers(Script::Wait);
    pipe.write(&call(5, &json!({}))).await;
    let house = pipe.house.clone();
    until("it began", || house.notes.called() == 1).await;
    drop(pipe.to.take().map(|mut to| tokio::spawn(async move { to.shutdown().await })));
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.notes.go_on.notify_one();
    assert_eq!(pipe.read().await["id"], 5);
    assert!(soon(pipe.serving).await.unwrap().is_ok());
}

#[tokio::test]
async fn garbage_is_answered_and_a_line_without_end_ends_the_pipe() {
    let mut pipe = Pipe::with(|s| s.longest = 1000);
    pipe.write("{\"jsonrpc\":").await;
    assert_eq!(pipe.read().await["error"]["code"], -32700);
    pipe.write("[]").await;
    assert_eq!(pipe.read().await["error"]["code"], -32600);
    pipe.write(&"x".repeat(2000)).await;
    assert!(soon(pipe.serving).await.unwrap().is_err());
}

#[tokio::test]
async fn a_batch_of_2025_03_26_is_answered_as_one() {
    let mut pipe = Pipe::open();
    pipe.write(&initialize("2025-03-26", "{}")).await;
    pipe.read().await;
    let ping = |id| request(id, "ping", &json!({}));
    pipe.write(&format!("[{},{}]", ping(1), ping(2))).await;
    let both = pipe.read().await;
    assert_eq!((both[0]["id"].as_i64(), both[1]["id"].as_i64()), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_source_that_takes_its_time_over_a_notice_does_not_hold_up_the_pipe() {
    let mut pipe = Pipe::open();
    pipe.write(&initialize("2025-11-25", "{}")).await;
    pipe.read().await;
    pipe.house.notes.answers(Script::Wait);
    pipe.write(r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#).await;
    let house = pipe.house.clone();
    until("it was told", || !house.notes.told.lock().unwrap().is_empty()).await;
    pipe.write(&request(2, "ping", &json!({}))).await;
    assert_eq!(pipe.read().await["id"], 2);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_its_time_and_no_more() {
    let last_words = Duration::from_millis(100);
    let mut pipe = Pipe::with(|s| s.last_words = last_words);
    pipe.write(&initialize("2025-11-25", "{}")).await;
    pipe.read().await;
    pipe.house.notes.answers(Script::Bytes(1_000_000));
    pipe.write(&call(5, &json!({}))).await;
    let house = pipe.house.clone();
    until("it began", || house.notes.called() == 1).await;
    let clock = ambient::Clock::system();
    let start = clock.instant();
    pipe.to.take().unwrap().shutdown().await.unwrap();
    assert!(soon(pipe.serving).await.unwrap().is_ok());
    assert!(clock.instant().since(start) >= last_words * 2);
}
