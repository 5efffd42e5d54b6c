//! What is kept of one tenant is of no use to another, even to somebody of the same name; and what each may use at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gate::{Arrival, Client};
use identity::Rate;
use journal::Filter;
use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{
    Fake, House, Nobody, Plan, Script, incoming, legacy, message, modern, of_tenant, tool,
};

const EVERYTHING: &str = "permit(principal, action, resource);";
const FORM: &str = r#"{"elicitation":{"form":{}}}"#;
const TASKS: &str = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;

fn plan() -> Plan {
    Plan::with_tools(&[tool("search", "Finds notes"), tool("wipe", "Wipes")]).policy(EVERYTHING)
}

/// One name, two people.
fn both(capabilities: &str) -> [Arc<Client>; 2] {
    ["acme", "globex"].map(|tenant| modern(of_tenant("alice", tenant), capabilities))
}

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {answer}"))
}

#[tokio::test]
async fn a_cursor_of_one_tenant_is_none_of_another() {
    let house = plan().settings(|s| s.page_size = 1).build();
    let [acme, globex] = both("{}");
    let first = house.page(&acme, gate::port::Kind::Tools).await;
    let cursor = first["result"]["nextCursor"].as_str().unwrap();
    let next = async |client: &Arc<Client>| {
        let at = Arrival::default();
        message(house.gate.list(client, gate::port::Kind::Tools, Some(cursor), &at).await)
    };
    assert_eq!(code(&next(&globex).await), -32602);
    assert_eq!(next(&acme).await["result"]["tools"][0]["name"], "notes__wipe");
}

#[tokio::test]
async fn a_task_of_one_tenant_is_unknown_to_another() {
    let house = plan().build();
    let [acme, globex] = both(TASKS);
    let task = r#"{"resultType":"task","taskId":"t-1","status":"working","ttlMs":1000}"#;
    house.source().answers(Script::Result(task.to_owned()));
    let made = house.call(&acme, "notes__search", json!({})).await;
    let id = made["result"]["taskId"].as_str().unwrap().to_owned();
    for method in [Method::TasksGet, Method::TasksCancel] {
        let refused = house.send(&globex, method, &json!({ "taskId": id })).await;
        assert_eq!(refused["error"]["message"], "Unknown task", "{refused}");
    }
    assert_eq!(house.source().called(), 1, "the upstream hears nothing of it");
    assert!(
        house.send(&acme, Method::TasksGet, &json!({"taskId": id})).await["result"].is_object()
    );
}

#[tokio::test]
async fn a_call_that_waits_for_one_tenant_is_not_taken_up_by_another() {
    let house = plan().build();
    let [acme, globex] = both(FORM);
    let question = json!({"message": "Your name?", "requestedSchema": {"type": "object",
        "properties": {"name": {"type": "string"}}}});
    house.source().answers(Script::Asks(Method::Elicit, question.to_string()));
    let asked = house.call(&acme, "notes__search", json!({})).await["result"].clone();
    let key = asked["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let answer = json!({
        "name": "notes__search", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": {key: {"action": "accept", "content": {"name": "Ada"}}},
    });
    assert_eq!(code(&house.send(&globex, Method::ToolsCall, &answer).await), -32602);
    let done = house.send(&acme, Method::ToolsCall, &answer).await;
    assert!(done.to_string().contains("Ada"), "it still waits for its own: {done}");
    assert_eq!(house.source().called(), 1);
}

#[tokio::test]
async fn limits_count_for_each_tenant_apart() {
    let two = Rate::new(2, Duration::from_mins(1));
    let house = plan().settings(|s| s.per_principal = two).build();
    let [acme, globex] = both("{}");
    for _ in 0..2 {
        assert!(house.call(&acme, "notes__search", json!({})).await["result"].is_object());
    }
    let limited = house.call(&acme, "notes__search", json!({})).await;
    assert_eq!(limited["error"]["data"]["code"], "rate_limited");
    assert!(house.call(&globex, "notes__search", json!({})).await["result"].is_object());
    let house = plan().settings(|s| s.per_tool = two).build();
    for n in 0..4 {
        let client = if n < 2 { &acme } else { &globex };
        assert!(house.call(client, "notes__search", json!({})).await["result"].is_object(), "{n}");
    }
    assert!(house.call(&acme, "notes__search", json!({})).await["error"].is_object());
}

#[tokio::test]
async fn places_at_the_same_time_are_those_of_each_tenant() {
    let house = plan().settings(|s| s.concurrency = 1).build();
    let [acme, globex] = both("{}");
    house.source().answers(Script::Hang);
    let request = || incoming(Method::ToolsCall, r#"{"name":"notes__search","arguments":{}}"#);
    let hanging = house.gate.call(&acme, request(), Arc::new(Nobody));
    tokio::pin!(hanging);
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut hanging).await;
    assert!(waited.is_err(), "acme's one place is taken");
    house.source().answers(Script::Echo);
    let limited = house.call(&acme, "notes__wipe", json!({})).await;
    assert_eq!(limited["error"]["data"]["code"], "too_many_concurrent", "{limited}");
    assert!(house.call(&globex, "notes__wipe", json!({})).await["result"].is_object());
}

// b-tenant-07
#[tokio::test]
async fn who_cancels_a_call_under_a_tenant_cancels_it_upstream() {
    let house = plan().tenant("acme", Some(&["notes__*"]), &[]).build();
    house.source().answers(Script::Hang);
    let [acme, _] = both("{}");
    let request = incoming(Method::ToolsCall, r#"{"name":"notes__search","arguments":{}}"#);
    let call = house.gate.call(&acme, request, Arc::new(Nobody));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    assert_eq!(house.source().called(), 1);
    assert_eq!(house.source().cancelled.load(Ordering::SeqCst), 1);
    let record = house.records().await.pop().unwrap();
    assert_eq!(
        (record.outcome.as_deref(), record.tenant.as_deref()),
        (Some("cancelled"), Some("acme"))
    );
}

// b-tenant-03, b-reserved-08
#[tokio::test]
async fn no_argument_makes_anybody_of_another_tenant() {
    let house = plan().tenant("acme", None, &["notes__wipe"]).tenant("globex", None, &[]).build();
    let [acme, _] = both("{}");
    for arguments in
        [json!({"_tenant": "globex"}), json!({"_tenant": {"id": "globex"}, "tenant": "globex"})]
    {
        let echoed = house.call(&acme, "notes__search", arguments.clone()).await;
        let text = echoed["result"]["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap(),
            arguments,
            "it is passed on as data"
        );
        assert!(house.call(&acme, "notes__wipe", arguments).await["error"].is_object());
    }
    let meta = json!({"name": "notes__wipe", "arguments": {}, "_meta": {"tenant": "globex"}, "tenant": "globex"});
    assert!(house.send(&acme, Method::ToolsCall, &meta).await["error"].is_object());
    let records = house.records().await;
    assert_eq!(records.len(), 5);
    assert!(records.iter().all(|r| r.tenant.as_deref() == Some("acme")));
    assert_eq!(house.source().called(), 2);
}

// b-tenant-02, b-tenant-06, b-tenant-08
#[tokio::test]
async fn what_the_lists_of_a_tenant_refuse_looks_like_what_does_not_exist() {
    let globs = |p: Plan| p.tenant("acme", Some(&["notes__*"]), &["notes__w*"]);
    let empty = |p: Plan| p.tenant("acme", Some(&[]), &[]);
    let one = |p: Plan| p.tenant("acme", Some(&["notes__search"]), &[]);
    let undeclared = |p: Plan| p.tenant("globex", None, &[]);
    let plans: [(Plan, &[&str]); 4] = [
        (globs(plan()), &["notes__search"]),
        (empty(plan()), &[]),
        (one(plan()), &["notes__search"]),
        (undeclared(plan()), &[]),
    ];
    for (plan, may) in plans {
        let house = plan.and(Fake::new("mail", &[tool("send", "Sends")]), |_| {}).build();
        let clients = [both("{}")[0].clone(), legacy(of_tenant("alice", "acme"))];
        for client in &clients {
            assert_eq!(house.tools(client).await, may);
            for name in ["notes__search", "notes__wipe", "mail__send"] {
                let answer = house.call(client, name, json!({})).await;
                if may.contains(&name) {
                    assert!(answer["result"].is_object(), "{answer}");
                    continue;
                }
                let unknown = house.call(client, "notes__nothing", json!({})).await;
                let text = unknown.to_string().replace("notes__nothing", name);
                assert_eq!(answer, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
        let refused = refused(&house).await;
        assert!(refused.iter().all(|rule| rule == "tenant:acme"), "the log says why: {refused:?}");
    }
}

/// Rules by which calls of things there are were refused.
async fn refused(house: &House) -> Vec<String> {
    let records = house.records().await.into_iter();
    records.filter(|r| r.outcome.as_deref() == Some("refused")).filter_map(|r| r.rule).collect()
}

#[tokio::test]
async fn other_lists_are_in_force_at_once_in_lists_too() {
    let house = plan().tenant("acme", None, &[]).build();
    let [acme, _] = both("{}");
    assert_eq!(house.tools(&acme).await.len(), 2);
    let mut tenants = policy::Tenants::default();
    let known = policy::Known::anything();
    let deny = ["notes__wipe".to_owned()];
    tenants.declare(model::TenantId::new("acme"), None, &deny, &known).unwrap();
    let policy = [("p.cedar".to_owned(), EVERYTHING.to_owned())];
    let set = policy::PolicySet::load(&policy, &[], &known, 2).unwrap();
    house.gate.set_policy(set.with_tenants(tenants));
    assert_eq!(house.tools(&acme).await, ["notes__search"]);
    assert!(house.call(&acme, "notes__wipe", json!({})).await["error"].is_object());
}

#[tokio::test]
async fn the_records_of_one_tenant_are_found_without_those_of_another() {
    let house = plan().build();
    let [acme, globex] = both("{}");
    house.call(&acme, "notes__search", json!({})).await;
    for _ in 0..2 {
        house.call(&globex, "notes__nothing", json!({})).await;
    }
    house.records().await;
    let log = house.audit_dir();
    let of = |tenant: &str| {
        let filter = Filter { tenant: Some(tenant.to_owned()), ..Filter::default() };
        let found = journal::search(&log, filter).unwrap();
        found.map(|r| r.unwrap().entry).collect::<Vec<_>>()
    };
    assert_eq!((of("acme").len(), of("globex").len(), of("initech").len()), (1, 2, 0));
    assert!(of("globex").iter().all(|r| r.tool.as_deref() == Some("notes__nothing")));
}
