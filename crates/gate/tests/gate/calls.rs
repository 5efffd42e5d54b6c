//! What becomes of a call, and what is written of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gate::port::Trouble;
use identity::Rate;
use model::{Code, Effect};
use protocol::mcp::{Era, Method};
use serde_json::json;

use crate::support::{
    Nobody, Plan, Script, incoming, legacy, message, modern, principal, scoped, soon, tool,
};

fn notes() -> Plan {
    Plan::with_tools(&[tool("search", "Finds notes"), tool("delete_all", "Deletes all notes")])
        .first(|s| {
            s.effects = vec![
                ("search".to_owned(), Effect::Read),
                ("delete_all".to_owned(), Effect::Destructive),
            ];
        })
}

#[tokio::test]
async fn an_allowed_call_reaches_its_source_under_its_own_name_and_leaves_one_record() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let answer = house.call(&alice, "notes__search", json!({"q": "x"})).await;
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"q":"x"}"#);
    assert_eq!(answer["result"]["_meta"]["portcullis/source"], "notes");
    assert_eq!(house.source().seen.lock().unwrap()[0].0, "search");
    let records = house.records().await;
    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    assert_eq!(record.principal.as_deref(), Some("alice"));
    assert_eq!(record.tool.as_deref(), Some("notes__search"));
    assert_eq!(record.outcome.as_deref(), Some("ok"));
    assert_eq!(record.verdict.as_deref(), Some("allow"));
    assert_eq!(record.rule.as_deref(), Some("shipped-read"));
    assert!(record.args_digest.is_some() && record.duration_us.is_some());
}

#[tokio::test]
async fn a_source_that_reads_arguments_gets_those_that_were_checked_and_another_their_text_alone() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let given = json!({"q": "caf\u{e9}\n", "deep": {"n": [1, true, null]}});
    house.call(&alice, "notes__search", given.clone()).await;
    house.source().reads.store(true, Ordering::SeqCst);
    house.call(&alice, "notes__search", given.clone()).await;
    house.call(&alice, "notes__search", json!({})).await;
    assert_eq!(*house.source().read.lock().unwrap(), [json!({}), given.clone(), json!({})]);
    for (_, params) in house.source().seen.lock().unwrap().iter().take(2) {
        let params: serde_json::Value = serde_json::from_str(params).unwrap();
        assert_eq!(params["arguments"], given);
    }
}

#[tokio::test]
async fn hidden_and_unknown_look_the_same_and_both_name_the_line_that_would_allow_them() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let hidden = house.call(&alice, "notes__delete_all", json!({})).await;
    let unknown = house.call(&alice, "notes__delete_xyz", json!({})).await;
    let unnamed =
        |v: &serde_json::Value| v.to_string().replace("delete_all", "#").replace("delete_xyz", "#");
    assert_eq!(unnamed(&hidden), unnamed(&unknown));
    assert_eq!(hidden["error"]["code"], -32602);
    assert!(
        hidden["error"]["data"]["allow"].as_str().unwrap().contains(r#"Tool::"notes__delete_all""#)
    );
    assert_eq!(house.source().called(), 0);
    let records = house.records().await;
    assert_eq!(records[0].verdict.as_deref(), Some("deny"));
    assert_eq!(records[1].verdict, None, "there is nothing to decide on");
    assert!(records.iter().all(|r| r.outcome.as_deref() == Some("refused")));
}

#[tokio::test]
async fn the_line_that_a_refusal_names_allows_the_call() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let refused = house.call(&alice, "notes__delete_all", json!({})).await;
    let line = refused["error"]["data"]["allow"].as_str().unwrap().to_owned();
    let house = house.restart(notes().policy(&line));
    let answer = house.call(&alice, "notes__delete_all", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

#[tokio::test]
async fn another_spelling_of_a_name_is_another_name() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    for name in
        ["NOTES__SEARCH", " notes__search", "notes__search ", "notes__se\u{430}rch", "search", ""]
    {
        let answer = house.call(&alice, name, json!({})).await;
        assert_eq!(answer["error"]["code"], -32602, "{name:?}");
    }
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn without_a_policy_nothing_is_allowed() {
    let house = notes().policy("").build();
    let alice = legacy(principal("alice"));
    assert!(house.tools(&alice).await.is_empty());
    assert_eq!(house.call(&alice, "notes__search", json!({})).await["error"]["code"], -32602);
}

#[tokio::test]
async fn arguments_that_policy_forbids_are_refused_by_name() {
    let text = r#"permit(principal, action, resource);
        forbid(principal, action, resource) when { context.arguments has q && context.arguments.q == "secret" };"#;
    let house = notes().policy(text).build();
    let alice = legacy(principal("alice"));
    assert!(house.call(&alice, "notes__search", json!({"q": "x"})).await["result"].is_object());
    let refused = house.call(&alice, "notes__search", json!({"q": "secret"})).await;
    assert_eq!(refused["error"]["data"]["code"], "policy_denied", "{refused}");
    assert_eq!(house.source().called(), 1);
}

#[tokio::test]
async fn a_person_who_would_have_to_be_asked_cannot_be_asked_yet() {
    let house = notes().policy(r#"@verdict("ask") permit(principal, action, resource);"#).build();
    let alice = legacy(principal("alice"));
    let refused = house.call(&alice, "notes__search", json!({})).await;
    assert_eq!(refused["error"]["data"]["code"], "approval_unavailable");
    assert_eq!(house.source().called(), 0);
    assert_eq!(house.records().await[0].verdict.as_deref(), Some("ask"));
}

#[tokio::test]
async fn a_scope_that_does_not_cover_a_name_says_so_whether_the_name_exists_or_not() {
    let house = notes().build();
    let echo = legacy(scoped("echo", &["tool:notes__other"]));
    for name in ["notes__search", "notes__nothing"] {
        let refused = house.call(&echo, name, json!({})).await;
        assert_eq!(refused["error"]["data"]["code"], "insufficient_scope");
        assert_eq!(refused["error"]["data"]["scope"], format!("tool:{name}"));
    }
    assert!(house.tools(&echo).await.is_empty());
}

#[tokio::test]
async fn a_limit_counts_the_principal_in_any_window_and_others_go_on() {
    let house =
        notes().settings(|s| s.per_principal = Rate::new(5, Duration::from_mins(1))).build();
    let alice = legacy(principal("alice"));
    for _ in 0..5 {
        assert!(house.call(&alice, "notes__search", json!({})).await["result"].is_object());
    }
    let limited = house.call(&alice, "notes__search", json!({})).await;
    assert_eq!(limited["error"]["data"]["code"], "rate_limited");
    assert!(limited["error"]["data"]["retryAfterMs"].as_u64().unwrap() > 0);
    let bob = legacy(principal("bob"));
    assert!(house.call(&bob, "notes__search", json!({})).await["result"].is_object());
    assert_eq!(house.source().called(), 6);
    let limited =
        house.records().await.into_iter().filter(|r| r.outcome.as_deref() == Some("limited"));
    assert_eq!(limited.count(), 1);
}

#[tokio::test]
async fn unknown_names_count_against_the_limit() {
    let house =
        notes().settings(|s| s.per_principal = Rate::new(3, Duration::from_mins(1))).build();
    let alice = legacy(principal("alice"));
    for _ in 0..3 {
        house.call(&alice, "nope", json!({})).await;
    }
    let limited = house.call(&alice, "nope", json!({})).await;
    assert_eq!(limited["error"]["data"]["code"], "rate_limited");
}

#[tokio::test]
async fn one_tool_has_a_limit_of_its_own() {
    let house = notes().settings(|s| s.per_tool = Rate::new(2, Duration::from_mins(1))).build();
    let alice = legacy(principal("alice"));
    for _ in 0..2 {
        assert!(house.call(&alice, "notes__search", json!({})).await["result"].is_object());
    }
    assert_eq!(
        house.call(&alice, "notes__search", json!({})).await["error"]["data"]["code"],
        "rate_limited"
    );
}

#[tokio::test]
async fn only_so_many_calls_of_a_principal_run_at_once() {
    let house = notes().settings(|s| s.concurrency = 1).build();
    house.source().answers(Script::Hang);
    let alice = legacy(principal("alice"));
    let gate = house.gate.clone();
    let one = tokio::spawn({
        let alice = alice.clone();
        async move {
            let params = r#"{"name":"notes__search"}"#;
            gate.call(&alice, incoming(Method::ToolsCall, params), Arc::new(Nobody)).await
        }
    });
    while house.source().called() == 0 {
        tokio::task::yield_now().await;
    }
    let refused = soon(house.call(&alice, "notes__search", json!({}))).await;
    assert_eq!(refused["error"]["data"]["code"], "too_many_concurrent");
    one.abort();
}

#[tokio::test]
async fn arguments_that_do_not_fit_the_schema_never_reach_the_source() {
    let strict = json!({
        "name": "count", "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    });
    let house = Plan::with_tools(&[strict]).build();
    let alice = legacy(principal("alice"));
    for bad in [
        json!({"n": "1"}),
        json!({}),
        json!({"n": 1.5}),
        json!({"n": null}),
        json!({"n": 1, "__proto__": {}}),
    ] {
        let refused = house.call(&alice, "notes__count", bad.clone()).await;
        assert_eq!(refused["error"]["data"]["code"], "invalid_params", "{bad}: {refused}");
        assert!(!refused.to_string().contains("\"1\""), "no value is echoed");
    }
    assert_eq!(house.source().called(), 0);
    let params = r#"{"name":"notes__count","arguments":{"n":1.0}}"#;
    house.gate.call(&alice, incoming(Method::ToolsCall, params), Arc::new(Nobody)).await;
    assert_eq!(house.source().seen.lock().unwrap()[0].1, params, "byte for byte");
}

#[tokio::test]
async fn what_is_checked_is_what_is_sent_even_where_a_library_reads_names_its_own_way() {
    let strict = json!({
        "name": "count",
        "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    });
    let house = Plan::with_tools(&[strict]).build();
    let alice = legacy(principal("alice"));
    for arguments in [
        r#"{"n":{"$serde_json::private::Number":"1"}}"#,
        r#"{"$serde_json::private::RawValue":"{\"n\":1}"}"#,
    ] {
        let params = format!(r#"{{"name":"notes__count","arguments":{arguments}}}"#);
        let refused =
            house.gate.call(&alice, incoming(Method::ToolsCall, &params), Arc::new(Nobody)).await;
        assert!(refused.is_error(), "{arguments}");
    }
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn where_the_operator_says_so_arguments_are_not_held_against_the_schema() {
    let strict = json!({
        "name": "count",
        "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    });
    let house = Plan::with_tools(&[strict]).first(|s| s.check_arguments = false).build();
    let alice = legacy(principal("alice"));
    assert!(house.call(&alice, "notes__count", json!({"n": null})).await["result"].is_object());
    let refused = house.call(&alice, "notes__count", json!({"__proto__": {}})).await;
    assert_eq!(refused["error"]["data"]["code"], "invalid_params");
}

#[tokio::test]
async fn a_member_twice_at_any_depth_of_the_arguments_is_refused() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let params = r#"{"name":"notes__search","arguments":{"x":[{"a":1,"a":2}]}}"#;
    let refused =
        house.gate.call(&alice, incoming(Method::ToolsCall, params), Arc::new(Nobody)).await;
    assert!(refused.is_error());
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn equal_arguments_have_one_digest_however_they_are_written() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let same = [r#"{"b":1,"a":"A"}"#, r#"{ "a" : "\u0041", "b" : 1.0 }"#];
    for arguments in same.iter().chain([&r#"{"b":2,"a":"A"}"#]) {
        let params = format!(r#"{{"name":"notes__search","arguments":{arguments}}}"#);
        house.gate.call(&alice, incoming(Method::ToolsCall, &params), Arc::new(Nobody)).await;
    }
    let digests: Vec<_> =
        house.records().await.into_iter().map(|r| r.args_digest.unwrap()).collect();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

#[tokio::test]
async fn what_the_tool_says_of_its_own_failure_passes_and_is_recorded_as_such() {
    let house = notes().build();
    house.source().answers(Script::ToolError);
    let alice = legacy(principal("alice"));
    assert_eq!(house.call(&alice, "notes__search", json!({})).await["result"]["isError"], true);
    assert_eq!(house.records().await[0].outcome.as_deref(), Some("tool_error"));
}

#[tokio::test]
async fn a_failing_source_is_named_and_its_words_stay_inside() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    house.tools(&alice).await;
    house.source().dead.store(true, Ordering::SeqCst);
    let failed = house.call(&alice, "notes__search", json!({})).await;
    assert_eq!(failed["error"]["data"]["code"], "upstream_failed");
    assert!(!failed.to_string().contains("10.0.0.5"));
    let record = &house.records().await[0];
    assert_eq!(record.outcome.as_deref(), Some("failed"));
    assert!(record.note.as_deref().unwrap().contains("10.0.0.5"));
}

#[tokio::test]
async fn a_call_whose_caller_is_gone_is_cancelled_behind_the_gate_and_recorded() {
    let house = notes().build();
    house.source().answers(Script::Hang);
    let alice = legacy(principal("alice"));
    let call = house.call(&alice, "notes__search", json!({}));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    assert_eq!(house.source().cancelled.load(Ordering::SeqCst), 1);
    let records = house.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn a_result_passes_to_the_byte_but_for_its_label() {
    let house = notes().build();
    let raw =
        r#"{"content":[{"type":"text","text":"a\u0041"}],"big":12345678901234567890123,"x":  1.0}"#;
    house.source().answers(Script::Result(raw.to_owned()));
    let alice = legacy(principal("alice"));
    let params = r#"{"name":"notes__search"}"#;
    let vetted =
        house.gate.call(&alice, incoming(Method::ToolsCall, params), Arc::new(Nobody)).await;
    let text = vetted.into_message(Some(&protocol::rpc::Id::number(1))).into_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains(raw.trim_end_matches('}')), "{text}");
}

#[tokio::test]
async fn an_unknown_method_is_refused_unless_a_setting_passes_it() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let custom = Method::Other("x-custom/refresh".into());
    assert_eq!(house.send(&alice, custom.clone(), &json!({})).await["error"]["code"], -32601);
    let house = notes()
        .first(|s| s.pass_unknown = true)
        .policy("permit(principal, action, resource);")
        .build();
    assert!(house.send(&alice, custom, &json!({})).await["result"].is_object());
    let reserved = Method::Other("rpc.discover".into());
    assert_eq!(house.send(&alice, reserved, &json!({})).await["error"]["code"], -32601);
}

#[tokio::test]
async fn verification_of_the_log_passes_after_all_of_this() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    for _ in 0..10 {
        house.call(&alice, "notes__search", json!({})).await;
        house.call(&alice, "notes__delete_all", json!({})).await;
    }
    assert_eq!(house.records().await.len(), 20);
    let report = journal::verify(&house.audit_dir(), None, None).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[tokio::test]
async fn what_is_wrong_upstream_is_named_and_only_what_the_gate_itself_says_of_it_is_told() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let failed = |code, unknown| {
        Script::Has(Trouble::Failed { code, detail: "10.0.0.5".to_owned(), status: None, unknown })
    };
    for (script, code, said, outcome) in [
        (failed(Code::UpstreamTimeout, true), "upstream_timeout", "in time; whether", "failed"),
        (failed(Code::UpstreamDown, false), "upstream_down", "too often", "failed"),
        (failed(Code::ResultTooLarge, false), "result_too_large", "larger", "failed"),
        (failed(Code::UpstreamFailed, true), "upstream_failed", "failed; whether", "failed"),
        (Script::Has(Trouble::Cancelled), "cancelled", "cancelled", "cancelled"),
    ] {
        house.source().answers(script);
        let refused = house.call(&alice, "notes__search", json!({})).await;
        assert_eq!(refused["error"]["data"]["code"], code, "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(said), "{refused}");
        assert!(!refused.to_string().contains("10.0.0.5"), "{refused}");
        let record = house.records().await.pop().unwrap();
        assert_eq!(record.outcome.as_deref(), Some(outcome), "{code}");
    }
    house.source().answers(failed(Code::NotTranslatable, false));
    let refused = house.call(&alice, "notes__search", json!({})).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("another era"), "{refused}");
    let needs = Trouble::NeedsCapability(bytes::Bytes::from_static(br#"{"roots":{}}"#));
    house.source().answers(Script::Has(needs));
    let refused = house.call(&alice, "notes__search", json!({})).await;
    assert_eq!(refused["error"]["data"]["requiredCapabilities"], json!({"roots": {}}));
}

#[tokio::test]
async fn an_upstreams_own_error_has_the_status_that_its_code_has_in_the_clients_era() {
    let house = notes().build();
    for (code, status) in
        [(-32601, 404), (-32020, 400), (-32021, 400), (-32022, 400), (-32602, 200), (-32050, 200)]
    {
        house.source().answers(Script::Answers(code, "no".to_owned()));
        for client in [modern(principal("alice"), "{}"), legacy(principal("alice"))] {
            let era = client.version.era();
            let call = incoming(Method::ToolsCall, r#"{"name":"notes__search"}"#);
            let vetted = house.gate.call(&client, call, Arc::new(Nobody)).await;
            let expected = if era == Era::Modern { status } else { 200 };
            assert_eq!(vetted.status(era), expected, "{code}");
            assert_eq!(message(vetted)["error"]["code"], code);
        }
    }
}

#[tokio::test]
async fn a_record_says_how_much_came_back_and_under_which_policy() {
    let house = notes().build();
    let alice = legacy(principal("alice"));
    let call = || incoming(Method::ToolsCall, r#"{"name":"notes__search"}"#);
    let vetted = house.gate.call(&alice, call(), Arc::new(Nobody)).await;
    assert!(!vetted.is_error());
    let text = message(vetted)["result"].to_string();
    let none = policy::PolicySet::load(&[], &[], &policy::Known::anything(), 2).unwrap();
    house.gate.set_policy(none);
    let refused = house.gate.call(&alice, call(), Arc::new(Nobody)).await;
    assert!(refused.is_error());
    let error = message(refused)["error"].clone();
    let words = error["message"].as_str().unwrap().len() + error["data"].to_string().len();
    let records = house.records().await;
    assert_eq!(records.iter().map(|r| r.epoch).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(records[0].bytes_out, u64::try_from(text.len()).ok());
    assert_eq!(records[1].bytes_out, u64::try_from(words).ok());
}

#[tokio::test]
async fn a_rule_about_the_upstreams_name_holds_for_every_request_about_it() {
    let tasks = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;
    let alice = modern(principal("alice"), tasks);
    let permit = "permit(principal, action, resource);";
    let house = notes().policy(permit).build();
    let task = r#"{"resultType":"task","taskId":"t-1","status":"working","ttlMs":1000}"#;
    house.source().answers(Script::Result(task.to_owned()));
    let made = house.call(&alice, "notes__search", json!({})).await;
    let id = made["result"]["taskId"].as_str().unwrap().to_owned();
    let about = |kind: &str, member: &str, name: &str| json!({"ref": {"type": kind, member: name}, "argument": {"name": "x", "value": ""}});
    let prompt = "notes__review";
    let template = "notes+db://{schema}/{table}";
    for (upstream, method, params) in [
        ("search", Method::ToolsCall, json!({"name": "notes__search"})),
        ("search", Method::TasksGet, json!({"taskId": id})),
        ("review", Method::PromptsGet, json!({"name": prompt})),
        ("review", Method::Complete, about("ref/prompt", "name", prompt)),
        ("db://{schema}/{table}", Method::Complete, about("ref/resource", "uri", template)),
        ("db://hr/rooms", Method::ResourcesRead, json!({"uri": "notes+db://hr/rooms"})),
        ("file:///readme.txt", Method::ResourcesRead, json!({"uri": "file:///readme.txt"})),
    ] {
        let forbid = format!(
            r#"{permit} forbid(principal, action, resource) when {{ resource.upstream == "{upstream}" }};"#
        );
        for (text, allowed) in [(permit, true), (&*forbid, false)] {
            let rules = [("test.cedar".to_owned(), text.to_owned())];
            let known = policy::Known::anything();
            house.gate.set_policy(policy::PolicySet::load(&rules, &[], &known, 2).unwrap());
            let called = house.source().called();
            let answer = house.send(&alice, method.clone(), &params).await;
            assert_eq!(answer["result"].is_object(), allowed, "{method:?} {upstream}: {answer}");
            assert_eq!(house.source().called(), called + usize::from(allowed), "{method:?}");
        }
        let record = house.records().await.pop().unwrap();
        let named = if method == Method::TasksGet { "t-1" } else { upstream };
        assert_eq!(record.upstream_name.as_deref(), Some(named));
    }
}
