//! Programs that speak over their standard streams.

use std::path::Path;

use gate::port::{Source, Trouble};
use model::{Code, NoVault, Template};
use process::Confine;
use serde_json::{Value, json};

use super::*;
use crate::Program;

struct Child {
    world: World,
    dir: tempfile::TempDir,
}

impl Child {
    fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn count(&self, what: &str) -> usize {
        self.log().iter().filter(|line| *line == what).count()
    }

    async fn run(&self, client: &Arc<Client>, what: &str) -> Result<Value, Trouble> {
        self.world.call(told(client, what), &TestLink::answering([])).await.map(json)
    }

    async fn stop(self) {
        self.world.mcp.stop().await;
        assert_eq!(self.world.mcp.status().children, 0);
    }
}

fn told(client: &Arc<Client>, what: &str) -> Clearance {
    let params = format!(r#"{{"name":"shop__x","arguments":{{"do":"{what}"}},"_meta":{{}}}}"#);
    let mut call = cleared(client, Method::ToolsCall, "x", &params);
    if client.version == MODERN {
        let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
        call.params = object(&params.replace(r#""_meta":{}"#, &format!(r#""_meta":{meta}"#)));
    }
    call
}

fn program(kind: &str, change: impl FnOnce(&mut Config)) -> Child {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("child.py");
    std::fs::write(&script, include_str!("child.py")).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let log = text(&dir.path().join("log"));
    let program = Program {
        command: "python3".to_owned(),
        args: vec![text(&script), kind.to_owned(), log],
        env: vec![("GREETING".to_owned(), Template::plain("hello".to_owned()))],
        inherit: vec!["CARGO_PKG_NAME".to_owned()],
        dir: None,
        confine: Confine::Off,
    };
    let world = world(Reach::Stdio(program), |c| {
        c.times.probe = Duration::from_secs(8);
        change(c);
    });
    Child { world, dir }
}

#[tokio::test]
async fn a_legacy_program_serves_clients_of_both_eras() {
    let child = program("legacy", |_| {});
    let (alice, bob) = (client(MODERN, "{}"), client(LEGACY, "{}"));
    assert_eq!(child.run(&alice, "echo").await.unwrap()["resultType"], "complete");
    assert!(child.run(&bob, "echo").await.unwrap().get("resultType").is_none());
    assert_eq!(child.world.mcp.status().era, "legacy");
    assert_eq!(
        child.world.mcp.status().children,
        2,
        "one a lease; the one that was asked first is gone"
    );
    assert_eq!(child.count("server/discover"), 1, "known by now");
    child.stop().await;
}

#[tokio::test]
async fn a_program_that_does_not_answer_the_question_is_legacy_2_6() {
    let child = program("silent", |c| c.times.probe = Duration::from_millis(800));
    assert!(child.run(&client(MODERN, "{}"), "echo").await.is_ok());
    child.stop().await;
}

#[tokio::test]
async fn a_program_of_both_eras_gets_a_child_for_each_and_no_translation() {
    let child = program("dual", |_| {});
    let alice = child.run(&client(MODERN, "{}"), "echo").await.unwrap();
    let bob = child.run(&client(LEGACY, "{}"), "echo").await.unwrap();
    assert_ne!(alice["n"], bob["n"], "two processes");
    assert_eq!(child.world.mcp.status().era, "both");
    assert_eq!((child.count("server/discover"), child.count("initialize")), (1, 1));
    child.stop().await;
}

#[tokio::test]
async fn answers_out_of_order_reach_who_asked_and_progress_its_owner() {
    let child = program("legacy", |_| {});
    let bob = client(LEGACY, "{}");
    let waits = child.run(&bob, "wait");
    let others = async {
        until(|| child.count("tools/call") == 1).await;
        let link = TestLink::answering([]);
        child.world.call(told(&bob, "progress"), &link).await.unwrap();
        assert_eq!(link.told(), [r#"progress {"progress":1}"#, r#"progress {"progress":2}"#]);
        child.run(&bob, "release").await.unwrap()
    };
    let (waited, _) = tokio::join!(waits, others);
    assert_eq!(waited.unwrap()["n"], "waited");
    child.stop().await;
}

#[tokio::test]
async fn a_question_on_a_pipe_belongs_to_the_one_call_it_can_belong_to_7_6() {
    let child = program("legacy", |_| {});
    let alice = client(MODERN, r#"{"elicitation":{}}"#);
    let link = TestLink::answering([r#"{"action":"accept"}"#, r#"{"action":"decline"}"#]);
    let calls = [0, 1].map(|_| child.world.call(told(&alice, "elicit"), &link));
    let given: Vec<_> = futures_util::future::join_all(calls)
        .await
        .into_iter()
        .map(|r| json(r.unwrap())["given"].clone())
        .collect();
    assert_eq!(given, [json!({"action": "accept"}), json!({"action": "decline"})]);
    child.stop().await;
}

#[tokio::test]
async fn a_call_dropped_is_cancelled_by_a_line_and_the_session_lives_on() {
    let child = program("legacy", |_| {});
    let bob = client(LEGACY, "{}");
    child.run(&bob, "echo").await.unwrap();
    let mut call = told(&bob, "wait");
    call.deadline = Duration::from_millis(900);
    let timed_out = child.world.call(call, &TestLink::answering([])).await;
    assert!(matches!(
        timed_out,
        Err(Trouble::Failed { code: Code::UpstreamTimeout, unknown: true, .. })
    ));
    until(|| child.count("notifications/cancelled") == 1).await;
    assert!(child.run(&bob, "echo").await.is_ok());
    assert_eq!(child.count("initialize"), 1);
    child.stop().await;
}

#[tokio::test]
async fn a_program_that_crashes_fails_its_call_says_why_and_is_started_again_after_a_pause() {
    let child = program("legacy", |_| {});
    let bob = client(LEGACY, "{}");
    let Err(Trouble::Failed { detail, unknown, .. }) = child.run(&bob, "crash").await else {
        panic!()
    };
    assert!(unknown && detail.contains("boom"), "{detail}");
    let Err(Trouble::Failed { code, unknown, .. }) = child.run(&bob, "echo").await else {
        panic!()
    };
    assert_eq!((code, unknown), (Code::UpstreamDown, false), "not at once");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(child.world.news.all().is_empty());
    assert!(child.run(&bob, "echo").await.is_ok());
    // g-metadata-42: another program may stand there now.
    assert_eq!(child.world.news.all().iter().filter(|n| *n == "changed tool").count(), 1);
    child.stop().await;
}

#[tokio::test]
async fn a_program_that_stops_reading_costs_only_its_own_calls_g_http_72() {
    let child = program("legacy", |_| {});
    let (bob, eve) = (client(LEGACY, "{}"), client(LEGACY, "{}"));
    assert!(child.run(&eve, "echo").await.is_ok());
    let deaf = async |what: &str| {
        let mut call = told(&eve, what);
        call.params = object(&format!(
            r#"{{"name":"x","arguments":{{"do":"{what}","fill":"{}"}}}}"#,
            "x".repeat(100_000)
        ));
        call.deadline = Duration::from_millis(500);
        child.world.call(call, &TestLink::answering([])).await
    };
    for _ in 0..3 {
        assert!(matches!(
            deaf("deaf").await,
            Err(Trouble::Failed { code: Code::UpstreamTimeout, .. })
        ));
    }
    assert!(child.run(&bob, "echo").await.is_ok(), "others are not affected");
    child.stop().await;
}

#[tokio::test]
async fn only_listed_variables_are_passed_g_http_69() {
    let child = program("legacy", |_| {});
    let seen = child.run(&client(LEGACY, "{}"), "env").await.unwrap();
    let seen: Vec<&str> = seen["n"].as_str().unwrap().split(',').collect();
    assert!(seen.contains(&"GREETING") && seen.contains(&"CARGO_PKG_NAME"));
    assert!(!seen.contains(&"CARGO_MANIFEST_DIR") && !seen.contains(&"CARGO"), "{seen:?}");
    child.stop().await;
}

#[tokio::test]
async fn a_line_that_is_no_message_fails_the_call_it_was_meant_for() {
    let child = program("legacy", |_| {});
    let bob = client(LEGACY, "{}");
    assert!(matches!(
        child.run(&bob, "twice").await,
        Err(Trouble::Failed { code: Code::UpstreamFailed, .. })
    ));
    assert!(child.run(&bob, "echo").await.is_ok());
    child.stop().await;
}

#[tokio::test]
async fn children_end_with_their_client_with_idleness_and_with_the_source() {
    let child = program("legacy", |c| c.times.idle = Duration::from_millis(1500));
    let [a, b, c] = [client(LEGACY, "{}"), client(LEGACY, "{}"), client(LEGACY, "{}")];
    for who in [&a, &b] {
        child.run(who, "echo").await.unwrap();
    }
    child.world.mcp.end(&a);
    until(|| child.world.mcp.status().children == 1).await;
    until(|| child.world.mcp.status().children == 0).await;
    child.run(&c, "echo").await.unwrap();
    child.stop().await;
}

#[test]
fn a_shell_with_code_on_its_command_line_is_refused_when_it_is_set_up() {
    let args = vec!["-c".to_owned(), "echo".to_owned()];
    let program = Program {
        command: "sh".into(),
        args,
        env: Vec::new(),
        inherit: Vec::new(),
        dir: None,
        confine: Confine::Off,
    };
    let config = Config::new(SourceName::new("shop").unwrap(), Reach::Stdio(program));
    let clock = Clock::system();
    let (egress, launcher) = (
        Egress::new(Options::default(), clock.clone()),
        Launcher::new(Caps::default(), clock.clone()),
    );
    assert!(
        Mcp::new(
            config,
            Ports {
                egress,
                launcher,
                clock,
                events: Arc::new(News::default()),
                secrets: Arc::new(NoVault),
                payer: None,
            }
        )
        .is_err()
    );
}

// v-upstream-07, v-upstream-08
#[tokio::test]
async fn answers_to_what_was_never_asked_or_was_answered_are_dropped_and_counted() {
    let child = program("legacy", |_| {});
    let alice = client(LEGACY, "{}");
    assert_eq!(child.run(&alice, "stray").await.unwrap()["n"], "first");
    // The next answer comes behind both on the same pipe.
    let after = child.run(&alice, "echo").await.unwrap();
    assert!(after["n"].as_str().unwrap().parse::<u32>().is_ok(), "{after}");
    assert_eq!(child.world.mcp.status().strays, 2);
    child.stop().await;
}
