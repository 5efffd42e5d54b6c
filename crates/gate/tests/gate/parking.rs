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

/// Asks for so many things at once; the questions of the first round, and its state.
async fn together(house: &House, count: usize) -> (Vec<String>, String) {
    house.source().answers(Script::AsksTogether(count, Method::Elicit, elicitation()));
    let (result, _, state) = ask(house, &alice()).await;
    (keys(&result), state)
}

fn keys(result: &Value) -> Vec<String> {
    result["inputRequests"].as_object().unwrap().keys().cloned().collect()
}

async fn answer_all(house: &House, state: &str, keys: &[String]) -> Value {
    let answers: serde_json::Map<String, Value> =
        keys.iter().map(|k| (k.clone(), json!({"action": "accept", "to": k}))).collect();
    let params = json!({
        "name": "notes__greet", "arguments": {"x": 1}, "requestState": state,
        "inputResponses": answers,
    });
    soon(house.send(&alice(), Method::ToolsCall, &params)).await["result"].clone()
}

#[tokio::test]
async fn questions_asked_together_go_out_together_and_each_gets_its_own_answer() {
    let house = house();
    let (keys, state) = together(&house, 2).await;
    assert_eq!(keys.len(), 2);
    let done = answer_all(&house, &state, &keys).await;
    let text = done["content"][0]["text"].as_str().unwrap();
    for key in keys {
        assert_eq!(text.matches(&format!(r#""to":"{key}""#)).count(), 1, "{text}");
    }
}

#[tokio::test]
async fn one_round_holds_only_so_many_questions_and_the_next_the_rest() {
    let house = house();
    let (first, state) = together(&house, 40).await;
    assert_eq!(first.len(), 32);
    let second = answer_all(&house, &state, &first).await;
    let rest = keys(&second);
    assert_eq!(rest.len(), 8);
    assert!(rest.iter().all(|key| !first.contains(key)));
    let done = answer_all(&house, second["requestState"].as_str().unwrap(), &rest).await;
    assert!(done["content"].is_array(), "{done}");
}

/// Completions, tasks and legacy requests have no second round: nothing of them is parked or sealed.
#[tokio::test]
async fn only_a_request_that_may_be_answered_with_a_question_is() {
    let house = house();
    let legacy = crate::support::able(principal("alice"), FORM);
    let about = json!({"ref": {"type": "ref/prompt", "name": "notes__review"}, "argument": {"name": "x", "value": ""}});
    let told = soon(house.send(&alice(), Method::Complete, &about)).await;
    assert_eq!(told["result"]["content"][0]["text"], "error -32601", "{told}");
    let inputs = vec![("who".to_owned(), Method::Elicit, elicitation())];
    for (inputs, state) in [(inputs, "s"), (Vec::new(), "s")] {
        house.source().answers(Script::InputRequired(inputs, state.to_owned()));
        for (client, method, params) in [
            (alice(), Method::Complete, about.clone()),
            (legacy.clone(), Method::ToolsCall, json!({"name": "notes__greet"})),
        ] {
            let refused = soon(house.send(&client, method, &params)).await;
            assert_eq!(refused["error"]["data"]["code"], "upstream_failed", "{refused}");
            assert!(!refused.to_string().contains("requestState"));
        }
    }
    assert_eq!(house.gate.parked(), 0);
}

#[tokio::test]
async fn a_state_without_questions_is_bound_to_its_principal_and_request_as_well() {
    let tools = [tool("greet", "Greets"), tool("other", "Else")];
    let house = Plan::with_tools(&tools).build();
    house.source().answers(Script::InputRequired(Vec::new(), "s1".to_owned()));
    for capabilities in ["{}", FORM] {
        let (alice, bob) =
            (modern(principal("alice"), capabilities), modern(principal("bob"), capabilities));
        let first = soon(house.call(&alice, "notes__greet", json!({"x": 1}))).await;
        let state = first["result"]["requestState"].as_str().unwrap();
        let again = |name: &str, x: i32| json!({"name": name, "arguments": {"x": x}, "requestState": state});
        for (client, params) in [
            (&bob, again("notes__greet", 1)),
            (&alice, again("notes__greet", 2)),
            (&alice, again("notes__other", 1)),
        ] {
            let refused = soon(house.send(client, Method::ToolsCall, &params)).await;
            assert_eq!(refused["error"]["code"], -32602, "{params}");
        }
        let done = soon(house.send(&alice, Method::ToolsCall, &again("notes__greet", 1))).await;
        assert_eq!(done["result"]["back"], "s1", "{done}");
    }
}

#[tokio::test]
async fn when_a_call_is_over_its_source_can_ask_nobody_any_more() {
    let house = Plan::with_tools(&[tool("greet", "Greets")]).build();
    assert!(soon(house.call(&alice(), "notes__greet", json!({}))).await["result"].is_object());
    let link = house.source().kept.lock().unwrap().take().unwrap();
    let late = soon(crate::support::asked(&link, Method::Elicit, &elicitation())).await;
    assert_eq!(late, "error -32603");
}

/// However an upstream writes its own state, its questions are guarded and the state is sealed.
#[tokio::test]
async fn no_state_of_an_upstream_makes_its_questions_pass_unguarded() {
    let secret = json!({"message": "Log in", "requestedSchema": {"type": "object", "properties": {"password": {"type": "string"}}}});
    let house = Plan::with_tools(&[tool("greet", "Greets")]).build();
    for own in ["s", "p.s", "r.s", ""] {
        let asks = |method: Method, params: String| {
            let inputs = vec![("who".to_owned(), method, params)];
            house.source().answers(Script::InputRequired(inputs, own.to_owned()));
        };
        for (method, params) in [
            (Method::Elicit, secret.to_string()),
            (Method::CreateMessage, r#"{"messages":[],"maxTokens":1}"#.to_owned()),
        ] {
            asks(method, params);
            let refused = soon(house.call(&alice(), "notes__greet", json!({"x": 1}))).await;
            assert_eq!(refused["error"]["data"]["code"], "upstream_failed", "{own:?}: {refused}");
        }
        asks(Method::Elicit, elicitation());
        let (result, key, state) = ask(&house, &alice()).await;
        assert_eq!(result["inputRequests"]["who"]["params"]["message"], "[notes] Your name?");
        assert!(state.starts_with("r.") && state.len() > 20, "{state}");
        let done = answer(&house, &alice(), &state, &key, json!({"x": 1})).await;
        assert_eq!(done["result"]["back"], own, "{done}");
    }
}
