//! What policy leaves to a person: asked, answered elsewhere, and made once.

use std::sync::Arc;
use std::time::Duration;

use approvals::{Answer, Answerer, Binding, Bounds, Desk, Parts, Question, State};
use gate::Client;
use gate::port::{Asking, Trouble};
use model::money::{Amount, Asset, Rail, Terms};
use model::{Credential, PrincipalId, TenantId};
use policy::{Known, PolicySet};
use protocol::mcp::Method;
use serde_json::{Value, json};

use crate::support::{
    House, Person, Plan, Script, able, incoming, legacy, message, modern, name, principal, soon,
    tool,
};

const ASKS: &str = r#"permit(principal, action, resource);
    @id("grave") @verdict("ask") permit(principal, action, resource == Tool::"notes__refund");"#;
const YES: Answer = Answer::Yes { keep: false, widen: false };
const URL: &str = r#"{"elicitation":{"url":{}}}"#;
const FORM: &str = r#"{"elicitation":{"form":{}}}"#;

fn plan() -> Plan {
    let mut plan = Plan::with_tools(&[tool("refund", "Pays back"), tool("look", "Looks")]);
    plan.settings.approval_wait = Duration::from_millis(400);
    plan.policy(ASKS)
}

fn house() -> (House, Desk) {
    with_desk(plan().build(), Bounds::default())
}

fn with_desk(house: House, bounds: Bounds) -> (House, Desk) {
    let desk = Desk::new(Parts {
        store: house.store.clone(),
        journal: Some(house.journal.clone()),
        clock: house.clock.clone(),
        bounds,
        page: Some("http://127.0.0.1:8403/approvals".to_owned()),
    });
    house.gate.attach_desk(desk.clone());
    (house, desk)
}

fn ada() -> Answerer {
    Answerer::System("ada".to_owned())
}

fn arguments() -> Value {
    json!({"id": 1, "reason": "x"})
}

fn code(answer: &Value) -> &str {
    answer["error"]["data"]["code"].as_str().unwrap_or("none")
}

/// Calls, and says which approval the call waits for.
async fn asked(house: &House, client: &Arc<Client>, arguments: Value) -> String {
    let answer = house.call(client, "notes__refund", arguments).await;
    assert_eq!(code(&answer), "approval_required", "{answer}");
    answer["error"]["data"]["approvalId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_reads_the_id_and_what_to_do() {
    let (house, _desk) = house();
    let alice = legacy(principal("alice"));
    let answer = house.call(&alice, "notes__refund", arguments()).await;
    let data = &answer["error"]["data"];
    let id = data["approvalId"].as_str().unwrap();
    assert_eq!(data["code"], "approval_required");
    assert_eq!(data["url"], format!("http://127.0.0.1:8403/approvals/{id}"));
    assert_eq!(data["command"], format!("portcullis approvals approve {id}"));
    assert!(data["expiresAt"].as_str().unwrap().ends_with('Z'), "{data}");
    assert_eq!(asked(&house, &alice, arguments()).await, id, "an equal question is the same");
    assert_eq!(house.source().called(), 0);
    assert!(house.call(&alice, "notes__look", json!({})).await["result"].is_object());
}

/// g-policy-15, g-policy-47, b-policy-13, b-policy-14
#[tokio::test]
async fn an_approved_call_is_made_once_whatever_the_order_of_its_members() {
    let (house, desk) = house();
    let alice = legacy(principal("alice"));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    let turned = json!({"reason": "x", "id": 1});
    let done = house.call(&alice, "notes__refund", turned.clone()).await;
    assert!(done["result"].is_object(), "{done}");
    assert_eq!(code(&house.call(&alice, "notes__refund", turned).await), "approval_used");
    assert_eq!(house.source().called(), 1);
    let records = house.records().await;
    let made = records.iter().find(|r| r.outcome.as_deref() == Some("ok")).unwrap();
    assert_eq!(made.verdict.as_deref(), Some("ask"));
    assert!(made.note.as_deref().unwrap().contains(&format!("approved by {id}")), "{made:?}");
}

#[tokio::test]
async fn other_arguments_or_another_principal_are_no_call_that_was_approved() {
    let (house, desk) = house();
    let (alice, bob) = (legacy(principal("alice")), legacy(principal("bob")));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    assert_ne!(asked(&house, &alice, json!({"id": 2, "reason": "x"})).await, id);
    assert_ne!(asked(&house, &bob, arguments()).await, id);
    assert_eq!(house.source().called(), 0);
}

/// g-policy-14
#[tokio::test]
async fn a_yes_to_a_tool_that_has_changed_since_is_none() {
    let (house, desk) = house();
    let alice = legacy(principal("alice"));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    house.source().offers(&[tool("refund", "Pays everything back"), tool("look", "Looks")]);
    house.tools_changed("notes");
    house.tools(&alice).await;
    let answer = house.call(&alice, "notes__refund", arguments()).await;
    assert!(answer["error"].is_object(), "{answer}");
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn another_policy_asks_again_and_one_that_refuses_beats_a_yes() {
    let (house, desk) = house();
    let alice = legacy(principal("alice"));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    house.gate.set_policy(policy(&format!(
        "{ASKS} permit(principal, action, resource == Tool::\"a__b\");"
    )));
    assert_ne!(asked(&house, &alice, arguments()).await, id);
    house.gate.set_policy(policy(&format!("{ASKS} forbid(principal, action, resource);")));
    assert_eq!(code(&house.call(&alice, "notes__refund", arguments()).await), "unavailable");
    assert_eq!(house.source().called(), 0);
}

fn policy(text: &str) -> PolicySet {
    let known = Known::new(["notes".to_owned(), "a".to_owned()], Vec::<String>::new());
    PolicySet::load(&[("test.cedar".to_owned(), text.to_owned())], &[], &known, 2).unwrap()
}

/// g-policy-16, b-policy-05: nobody answers, or too late.
#[tokio::test]
async fn when_time_runs_out_the_call_is_refused_and_may_be_asked_anew() {
    let bounds = Bounds { life: Duration::from_millis(150), ..Bounds::default() };
    let (house, desk) = with_desk(plan().build(), bounds);
    let alice = legacy(principal("alice"));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(code(&house.call(&alice, "notes__refund", arguments()).await), "approval_expired");
    let again = asked(&house, &alice, arguments()).await;
    assert_ne!(again, id);
    assert_eq!(house.source().called(), 0);
}

#[tokio::test]
async fn a_no_is_told_and_not_asked_again() {
    let (house, desk) = house();
    let alice = legacy(principal("alice"));
    let id = asked(&house, &alice, arguments()).await;
    desk.answer(&id, ada(), Answer::No).await.unwrap();
    assert_eq!(code(&house.call(&alice, "notes__refund", arguments()).await), "approval_denied");
}

#[tokio::test]
async fn what_does_not_fit_the_schema_asks_nobody() {
    let strict = json!({"name": "refund", "inputSchema": {"type": "object", "required": ["id"]}});
    let (house, desk) =
        with_desk(Plan::with_tools(&[strict]).policy(ASKS).build(), Bounds::default());
    let alice = legacy(principal("alice"));
    let answer = house.call(&alice, "notes__refund", json!({})).await;
    assert_eq!(code(&answer), "invalid_params");
    assert_eq!(desk.list(&ada()).await.unwrap(), []);
}

/// The question of a modern client: its state, and the URL.
async fn question(house: &House, client: &Arc<Client>, params: &Value) -> (String, String) {
    let answer = soon(house.send(client, Method::ToolsCall, params)).await;
    let result = &answer["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    let request = &result["inputRequests"]["approval"];
    assert_eq!(request["method"], "elicitation/create");
    assert_eq!(request["params"]["mode"], "url");
    let url = request["params"]["url"].as_str().unwrap().to_owned();
    (result["requestState"].as_str().unwrap().to_owned(), url)
}

fn params(arguments: &Value) -> Value {
    json!({"name": "notes__refund", "arguments": arguments})
}

fn retry(arguments: &Value, state: &str, action: &str) -> Value {
    let mut params = params(arguments);
    params["requestState"] = json!(state);
    params["inputResponses"] = json!({"approval": {"action": action}});
    params
}

#[tokio::test]
async fn a_modern_client_is_led_to_the_page_and_goes_on_with_its_state_or_without() {
    for with_state in [true, false] {
        let (house, desk) = house();
        let alice = modern(principal("alice"), URL);
        let (state, url) = question(&house, &alice, &params(&arguments())).await;
        let id = url.rsplit('/').next().unwrap().to_owned();
        desk.answer(&id, ada(), YES).await.unwrap();
        let again =
            if with_state { retry(&arguments(), &state, "accept") } else { params(&arguments()) };
        let done = soon(house.send(&alice, Method::ToolsCall, &again)).await;
        assert!(done["result"]["content"].is_array(), "{done}");
        let seen = house.source().seen.lock().unwrap()[0].1.clone();
        assert!(!seen.contains("requestState") && !seen.contains("inputResponses"), "{seen}");
        let again = soon(house.send(&alice, Method::ToolsCall, &again)).await;
        assert_eq!(code(&again), "approval_used", "{again}");
    }
}

/// APR-07
#[tokio::test]
async fn what_a_client_accepts_grants_nothing() {
    let (house, desk) = house();
    let alice = modern(principal("alice"), URL);
    let (state, url) = question(&house, &alice, &params(&arguments())).await;
    let (_, same) = question(&house, &alice, &retry(&arguments(), &state, "accept")).await;
    assert_eq!(url, same);
    let declined = retry(&arguments(), &state, "decline");
    let answer = soon(house.send(&alice, Method::ToolsCall, &declined)).await;
    assert_eq!(code(&answer), "approval_required");
    assert_eq!(house.source().called(), 0);
    let id = url.rsplit('/').next().unwrap();
    assert_eq!(desk.ticket(id).await.unwrap().unwrap().state, State::Waiting);
}

#[tokio::test]
async fn a_state_is_good_for_its_own_call_and_principal_alone() {
    let (house, desk) = house();
    let alice = modern(principal("alice"), URL);
    let (state, url) = question(&house, &alice, &params(&arguments())).await;
    desk.answer(url.rsplit('/').next().unwrap(), ada(), YES).await.unwrap();
    let bob = modern(principal("bob"), URL);
    for (client, arguments) in [(&bob, arguments()), (&alice, json!({"id": 2}))] {
        let stolen = retry(&arguments, &state, "accept");
        let answer = soon(house.send(client, Method::ToolsCall, &stolen)).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    assert_eq!(house.source().called(), 0);
}

async fn elicited(house: &House, client: &Arc<Client>, person: &Arc<Person>) -> Value {
    let incoming = incoming(Method::ToolsCall, &params(&arguments()).to_string());
    message(soon(house.gate.call(client, incoming, person.clone())).await)
}

#[tokio::test]
async fn a_legacy_client_is_asked_in_the_mode_it_declared_and_waits_for_the_desk() {
    for (capabilities, mode) in [(URL, Some("url")), (FORM, None)] {
        let (house, desk) = house();
        let alice = able(principal("alice"), capabilities);
        let person =
            Arc::new(Person { answer: r#"{"action":"accept"}"#.into(), ..Default::default() });
        let answer = elicited(&house, &alice, &person).await;
        assert_eq!(code(&answer), "approval_required", "an accept alone grants nothing");
        let (method, asked) = person.asked.lock().unwrap()[0].clone();
        assert_eq!((method.as_str(), asked["mode"].as_str()), ("elicitation/create", mode));
        let id = answer["error"]["data"]["approvalId"].as_str().unwrap().to_owned();
        assert!(asked.to_string().contains(&id), "{asked}");
        if mode.is_none() {
            assert_eq!(asked["requestedSchema"]["properties"], json!({}));
        }
        let answers = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            desk.answer(&id, ada(), YES).await.unwrap();
        };
        let (done, ()) = tokio::join!(elicited(&house, &alice, &person), answers);
        assert!(done["result"].is_object(), "{done}");
        assert_eq!(house.source().called(), 1);
    }
}

#[tokio::test]
async fn a_legacy_client_that_declines_ends_its_call() {
    let (house, _desk) = house();
    let alice = able(principal("alice"), FORM);
    let person =
        Arc::new(Person { answer: r#"{"action":"decline"}"#.into(), ..Default::default() });
    assert_eq!(code(&elicited(&house, &alice, &person).await), "approval_required");
    assert_eq!(person.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn one_yes_is_enough_for_a_call_whose_server_asks_something_in_the_middle() {
    let (house, desk) = house();
    let form = json!({"message": "Why?", "requestedSchema": {"type": "object", "properties": {}}});
    house.source().answers(Script::Asks(Method::Elicit, form.to_string()));
    let alice = modern(principal("alice"), r#"{"elicitation":{"form":{},"url":{}}}"#);
    let (_, url) = question(&house, &alice, &params(&arguments())).await;
    desk.answer(url.rsplit('/').next().unwrap(), ada(), YES).await.unwrap();
    let parked = soon(house.send(&alice, Method::ToolsCall, &params(&arguments()))).await;
    let (key, state) = first(&parked);
    let mut on = params(&arguments());
    on["requestState"] = json!(state);
    on["inputResponses"] = json!({key: {"action": "accept", "content": {}}});
    let done = soon(house.send(&alice, Method::ToolsCall, &on)).await;
    assert_eq!(done["result"]["resultType"], "complete", "{done}");
    assert_eq!(house.source().called(), 1);
}

#[tokio::test]
async fn a_modern_server_goes_on_after_its_question_with_the_same_yes_and_never_twice() {
    let (house, desk) = house();
    let form = json!({"message": "Why?", "requestedSchema": {"type": "object", "properties": {}}});
    let inputs = vec![("why".to_owned(), Method::Elicit, form.to_string())];
    house.source().answers(Script::InputRequired(inputs, "theirs".to_owned()));
    let alice = modern(principal("alice"), r#"{"elicitation":{"form":{},"url":{}}}"#);
    let (_, url) = question(&house, &alice, &params(&arguments())).await;
    desk.answer(url.rsplit('/').next().unwrap(), ada(), YES).await.unwrap();
    let asks = soon(house.send(&alice, Method::ToolsCall, &params(&arguments()))).await;
    let (key, state) = first(&asks);
    let mut on = params(&arguments());
    on["requestState"] = json!(state);
    on["inputResponses"] = json!({key: {"action": "accept", "content": {}}});
    let done = soon(house.send(&alice, Method::ToolsCall, &on)).await;
    assert_eq!(done["result"]["back"], "theirs", "{done}");
    let replayed = soon(house.send(&alice, Method::ToolsCall, &on)).await;
    assert_eq!(code(&replayed), "approval_used", "{replayed}");
}

fn first(asks: &Value) -> (String, String) {
    let result = &asks["result"];
    let inputs = result["inputRequests"].as_object().unwrap_or_else(|| panic!("{asks}"));
    let key = inputs.keys().next().unwrap().clone();
    (key, result["requestState"].as_str().unwrap().to_owned())
}

/// A source that wants a person's yes to a price gives back what the policy's yes was used for.
#[tokio::test]
async fn a_source_that_asks_in_the_middle_of_a_call_is_rendered_alike() {
    let (house, desk) = house();
    let ticket =
        desk.ask(Question::new(priced(), Credential::LocalUser, "{}".to_owned())).await.unwrap();
    let message = "A person has to approve a payment of 5 sat".to_owned();
    let asking = Asking { ticket: ticket.clone(), message };
    house.source().answers(Script::Has(Trouble::Asks(Box::new(asking))));
    house.source().asks.store(true, std::sync::atomic::Ordering::SeqCst);
    let alice = modern(principal("alice"), URL);
    let id = asked(&house, &legacy(principal("alice")), arguments()).await;
    desk.answer(&id, ada(), YES).await.unwrap();
    let (_, url) = question(&house, &alice, &params(&arguments())).await;
    assert!(url.ends_with(&ticket.id), "{url}");
    assert_eq!(desk.ticket(&id).await.unwrap().unwrap().state, State::Granted);
    house.source().answers(Script::Echo);
    let done = soon(house.send(&alice, Method::ToolsCall, &params(&arguments()))).await;
    assert!(done["result"]["content"].is_array(), "{done}");
    assert_eq!(house.source().called(), 2);
}

fn priced() -> Binding {
    let terms = Terms {
        rail: Rail::L402,
        scheme: "lightning".to_owned(),
        network: "lightning:mainnet".to_owned(),
        amount: Amount { asset: Asset::sat(), minor: 5 },
        fee_limit: 1,
        payee: "02aa".to_owned(),
        origin: "https://api.example.com".to_owned(),
        resource: "mcp://tool/refund".to_owned(),
        expires: None,
    };
    Binding {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new("alice"),
        session: String::new(),
        method: "tools/call".to_owned(),
        source: name("notes"),
        tool: "notes__refund".to_owned(),
        definition: String::new(),
        arguments: [1; 32],
        terms: Some(terms),
        policy: [0; 32],
    }
}

#[tokio::test]
async fn what_only_reads_or_completes_what_a_person_must_approve_is_refused() {
    let asks = r#"@verdict("ask") permit(principal, action, resource);"#;
    let (house, desk) = with_desk(
        Plan::with_tools(&[tool("refund", "Pays back")]).policy(asks).build(),
        Bounds::default(),
    );
    let alice = legacy(principal("alice"));
    let params = json!({
        "ref": {"type": "ref/prompt", "name": "notes__review"},
        "argument": {"name": "x", "value": ""},
    });
    let answer = house.send(&alice, Method::Complete, &params).await;
    assert_eq!(code(&answer), "approval_unavailable", "{answer}");
    assert_eq!(desk.list(&ada()).await.unwrap(), []);
}
