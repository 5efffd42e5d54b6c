//! Rows about records: one for each call, whatever its end, and what stands in it.

use model::Code;
use protocol::mcp::Method;
use serde_json::json;
use std::sync::Arc;

use gate::RecordArguments;

use crate::support::{Nobody, Plan, Script, incoming, legacy, principal, tool};

fn plan() -> Plan {
    Plan::with_tools(&[tool("echo", "Says it again")])
}

/// v-audit-01
#[tokio::test]
async fn a_call_that_fails_upstream_leaves_one_record_that_names_the_status() {
    let house = plan().build();
    let alice = legacy(principal("alice"));
    house.source().answers(Script::Fails(Code::UpstreamFailed, Some(502)));
    house.call(&alice, "notes__echo", json!({})).await;
    house.source().answers(Script::Answers(-32050, "no such thing".to_owned()));
    house.call(&alice, "notes__echo", json!({})).await;
    let records = house.records().await;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|r| r.outcome.as_deref() == Some("failed")));
    assert_eq!(records[0].note.as_deref(), Some("it broke (HTTP 502)"));
    assert_eq!(records[1].upstream_status, Some(-32050));
}

/// v-audit-02
#[tokio::test]
async fn a_call_that_policy_refuses_leaves_one_record_that_names_the_rule() {
    let policy = r#"permit(principal, action, resource);
        @id("no-echo") forbid(principal, action, resource == Tool::"notes__echo");"#;
    let house = plan().policy(policy).build();
    house.call(&legacy(principal("alice")), "notes__echo", json!({})).await;
    let records = house.records().await;
    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    assert_eq!(record.verdict.as_deref(), Some("deny"));
    assert_eq!(record.rule.as_deref(), Some("no-echo"));
    assert_eq!(record.outcome.as_deref(), Some("refused"));
    assert_eq!(house.source().called(), 0);
}

/// v-audit-03: arguments are recorded masked where they are recorded at all.
#[tokio::test]
async fn an_address_in_arguments_reaches_no_record() {
    let arguments = json!({"amount": 100, "currency": "EUR", "orderId": "o1", "customerEmail": "ada@example.com"});
    for recorded in [RecordArguments::Digest, RecordArguments::Masked] {
        let masked = recorded == RecordArguments::Masked;
        let house = plan().settings(|s| s.arguments = recorded).build();
        house.call(&legacy(principal("alice")), "notes__echo", arguments.clone()).await;
        let record = &house.records().await[0];
        let text = record.args_masked.clone().unwrap_or_default();
        assert_eq!(text.contains("\"amount\":100"), masked, "{text}");
        assert!(record.args_digest.is_some());
        for file in std::fs::read_dir(house.audit_dir()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!bytes.windows(15).any(|w| w == b"ada@example.com"), "{path:?}");
        }
    }
}

/// v-audit-04
#[tokio::test]
async fn a_line_break_in_arguments_makes_no_second_record() {
    let house = plan().settings(|s| s.arguments = RecordArguments::Masked).build();
    let text = "x\n{\"event\":\"fake\",\"kind\":\"call\"}";
    house.call(&legacy(principal("alice")), "notes__echo", json!({"text": text})).await;
    assert_eq!(house.records().await.len(), 1);
}

/// v-audit-05
#[tokio::test]
async fn each_record_has_its_own_principal_credential_session_request_and_trace() {
    let house = plan().build();
    for (who, request, trace) in [("alice", 11, "trace-a"), ("bob", 12, "trace-b")] {
        let client = with_session(who);
        let mut call = incoming(Method::ToolsCall, r#"{"name":"notes__echo"}"#);
        call.id = protocol::rpc::Id::number(request);
        call.arrival.trace = Some(trace.to_owned());
        house.gate.call(&client, call, Arc::new(Nobody)).await;
    }
    let records = house.records().await;
    for (record, (who, request, trace)) in
        records.iter().zip([("alice", "11", "trace-a"), ("bob", "12", "trace-b")])
    {
        assert_eq!(record.principal.as_deref(), Some(who));
        assert_eq!(record.credential.as_deref(), Some("key:k1"));
        assert_eq!(record.session.as_deref(), Some(&*format!("session of {who}")));
        assert_eq!(record.request_id.as_deref(), Some(request));
        assert_eq!(record.trace_id.as_deref(), Some(trace));
    }
}

fn with_session(who: &str) -> Arc<gate::Client> {
    let plain = legacy(principal(who));
    Arc::new(gate::Client::new(
        plain.lease,
        plain.principal.clone(),
        plain.version,
        plain.capabilities.clone(),
        None,
        None,
        "http",
        format!("session of {who}"),
        None,
    ))
}

/// g-audit-09 to g-audit-12: the digest is of what the arguments mean.
#[tokio::test]
async fn digests_are_equal_where_the_arguments_mean_the_same_and_nowhere_else() {
    for (row, one, other, equal) in [
        ("g-audit-09", r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#, true),
        ("g-audit-10", r#"{"t":"\u0041"}"#, r#"{"t":"A"}"#, true),
        ("g-audit-11", r#"{"n":9007199254740993}"#, r#"{"n":9007199254740992}"#, false),
        ("g-audit-12", "{\"t\":\"\u{e9}\"}", "{\"t\":\"e\u{301}\"}", false),
    ] {
        let house = plan().build();
        let alice = legacy(principal("alice"));
        for arguments in [one, other] {
            let params = format!(r#"{{"name":"notes__echo","arguments":{arguments}}}"#);
            house.gate.call(&alice, incoming(Method::ToolsCall, &params), Arc::new(Nobody)).await;
        }
        let records = house.records().await;
        assert!(records[0].args_digest.is_some());
        assert_eq!(records[0].args_digest == records[1].args_digest, equal, "{row}");
    }
}

/// g-audit-26: a dependency from anywhere but the registry fails this test, and with it CI.
#[test]
fn every_dependency_comes_from_the_registry() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let sources: Vec<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert!(sources.len() > 100);
    let registry = r#""registry+https://github.com/rust-lang/crates.io-index""#;
    assert_eq!(sources.iter().find(|s| **s != registry), None);
    let mut manifests = vec![root.join("Cargo.toml")];
    for room in std::fs::read_dir(root.join("crates")).unwrap() {
        manifests.push(room.unwrap().path().join("Cargo.toml"));
    }
    for path in manifests.iter().filter(|path| path.exists()) {
        let text = std::fs::read_to_string(path).unwrap();
        let git = text.lines().find(|line| {
            line.split(['{', ',', ' ']).any(|part| part == "git" || part.starts_with("git="))
        });
        assert_eq!(git, None, "{path:?}");
    }
    let deny = std::fs::read_to_string(root.join("deny.toml")).unwrap();
    assert!(deny.contains("unknown-git = \"deny\""));
}
