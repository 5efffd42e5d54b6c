//! A server asks in the middle of a call; a modern client answers on a retry.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gate::Client;
use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{House, Plan, Script, modern, principal, soon, tool};

const FORM: &str = r#"{"elicitation":{"form":{}}}"#;

fn elicitation() -> String {
    json!({"message": "Your name?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}).to_string()
}

fn house() -> House {
    let house = Plan::with_tools(&[tool("greet", "Greets")]).build();
    house.source().answers(Script::Asks(Method::Elicit, elicitation()));
    house
}

fn alice() -> Arc<Client> {
    modern(principal("alice"), FORM)
}

async fn ask(house: &House, client: &Arc<Client>) -> (Value, String, String) {
    let first = soon(house.call(client, "notes__greet", json!({"x": 1}))).await;
    let result = first["result"].clone();
    assert_eq!(result["resultType"], "input_required", "{first}");
    let key = result["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let state = result["requestState"].as_str().unwrap().to_owned();
    (result, key, state)
}

async fn answer(
    house: &House,
    client: &Arc<Client>,
    state: &str,
    key: &str,
    arguments: Value,
) -> Value {
    let params = json!({
        "name": "notes__greet", "arguments": arguments, "requestState": state,
        "inputResponses": {key: {"action": "accept", "content": {"name": "Ada"}}},
    });
    soon(house.send(client, Method::ToolsCall, &params)).await
}

#[tokio::test]
async fn the_call_goes_on_where_it_stood_and_the_server_is_called_once() {
    let house = house();
    let (result, key, state) = ask(&house, &alice()).await;
    let request = &result["inputRequests"][&key];
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request["params"]["message"], "[notes] Your name?");
    let done = answer(&house, &alice(), &state, &key, json!({"x": 1})).await;
    assert!(done["result"]["content"][0]["text"].as_str().unwrap().contains("Ada"), "{done}");
    assert_eq!(house.source().called(), 1);
    let outcomes: Vec<_> = house.records().await.into_iter().filter_map(|r| r.outcome).collect();
    assert_eq!(outcomes, ["input_required", "ok"]);
}

#[tokio::test]
async fn a_state_is_good_once_and_for_its_own_request_and_principal_alone() {
    let house = house();
    let (_, key, state) = ask(&house, &alice()).await;
    let bob = modern(principal("bob"), FORM);
    assert_eq!(answer(&house, &bob, &state, &key, json!({"x": 1})).await["error"]["code"], -32602);
    assert_eq!(
        answer(&house, &alice(), &state, &key, json!({"x": 2})).await["error"]["code"],
        -32602
    );
    let mut forged = state.clone();
    forged.replace_range(10..11, if &state[10..11] == "A" { "B" } else { "A" });
    assert_eq!(
        answer(&house, &alice(), &forged, &key, json!({"x": 1})).await["error"]["code"],
        -32602
    );
    assert!(answer(&house, &alice(), &state, &key, json!({"x": 1})).await["result"].is_object());
    let again = answer(&house, &alice(), &state, &key, json!({"x": 1})).await;
    assert_eq!(again["error"]["data"]["reason"], "lost");
    assert_eq!(house.source().called(), 1);
}

#[tokio::test]
async fn an_unanswered_question_is_asked_again() {
    let house = house();
    let (_, key, state) = ask(&house, &alice()).await;
    let params = json!({"name": "notes__greet", "arguments": {"x": 1}, "requestState": state, "inputResponses": {"other": {}}});
    let again = soon(house.send(&alice(), Method::ToolsCall, &params)).await;
    assert_eq!(again["result"]["resultType"], "input_required");
    assert!(again["result"]["inputRequests"][&key].is_object(), "{again}");
    let state = again["result"]["requestState"].as_str().unwrap();
    assert!(
        answer(&house, &alice(), state, &key, json!({"x": 1})).await["result"]["content"]
            .is_array()
    );
}

#[tokio::test]
async fn policy_is_asked_again_on_every_round() {
    let house = house();
    let (_, key, state) = ask(&house, &alice()).await;
    let none = policy::PolicySet::load(&[], &[], &policy::Known::anything(), 2).unwrap();
    house.gate.set_policy(none);
    assert_eq!(
        answer(&house, &alice(), &state, &key, json!({"x": 1})).await["error"]["code"],
        -32602
    );
}

#[tokio::test]
async fn what_the_client_did_not_declare_is_refused_to_the_server_and_the_call_goes_on() {
    let house = house();
    let silent = modern(principal("alice"), "{}");
    let done = soon(house.call(&silent, "notes__greet", json!({}))).await;
    assert_eq!(done["result"]["content"][0]["text"], "error -32602", "{done}");
}

#[tokio::test]
async fn a_secret_is_never_asked_for_by_form() {
    let house = house();
    let params = json!({"message": "Log in", "requestedSchema": {"type": "object", "properties": {"password": {"type": "string"}}}});
    house.source().answers(Script::Asks(Method::Elicit, params.to_string()));
    let done = soon(house.call(&alice(), "notes__greet", json!({}))).await;
    assert_eq!(done["result"]["content"][0]["text"], r#"{"action":"decline"}"#);
}

#[tokio::test]
async fn what_is_not_fetched_in_time_is_cancelled() {
    let plan = Plan::with_tools(&[tool("greet", "Greets")])
        .settings(|s| s.park = Duration::from_millis(100));
    let house = plan.build();
    house.source().answers(Script::Asks(Method::Elicit, elicitation()));
    let (_, key, state) = ask(&house, &alice()).await;
    assert_eq!(house.gate.parked(), 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(house.gate.parked(), 0);
    assert_eq!(
        answer(&house, &alice(), &state, &key, json!({"x": 1})).await["error"]["data"]["reason"],
        "lost"
    );
}

#[tokio::test]
async fn only_so_many_calls_of_a_principal_are_parked() {
    let plan =
        Plan::with_tools(&[tool("greet", "Greets")]).settings(|s| s.parked_per_principal = 2);
    let house = plan.build();
    house.source().answers(Script::Asks(Method::Elicit, elicitation()));
    ask(&house, &alice()).await;
    ask(&house, &alice()).await;
    let third = soon(house.call(&alice(), "notes__greet", json!({}))).await;
    assert_eq!(third["error"]["data"]["code"], "too_many_concurrent");
    ask(&house, &modern(principal("bob"), FORM)).await;
}

#[tokio::test]
async fn an_upstreams_own_state_comes_back_to_it_byte_for_byte_and_to_nobody_else() {
    let house = Plan::with_tools(&[tool("greet", "Greets")]).build();
    let inputs = vec![("who".to_owned(), Method::Elicit, elicitation())];
    house.source().answers(Script::InputRequired(inputs, "st\u{e4}te \"1\"".to_owned()));
    let (_, key, state) = ask(&house, &alice()).await;
    assert_eq!(key, "who");
    let bob = modern(principal("bob"), FORM);
    assert_eq!(answer(&house, &bob, &state, &key, json!({"x": 1})).await["error"]["code"], -32602);
    let done = answer(&house, &alice(), &state, &key, json!({"x": 1})).await;
    assert_eq!(done["result"]["back"], "st\u{e4}te \"1\"", "{done}");
}

#[tokio::test]
async fn a_client_that_leaves_while_its_call_runs_on_cancels_it() {
    let house = Plan::with_tools(&[tool("greet", "Greets")]).build();
    house.source().answers(Script::Hang);
    let alice = alice();
    let call = house.call(&alice, "notes__greet", json!({}));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(house.source().cancelled.load(Ordering::SeqCst), 1);
}
