use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::Effect;
use serde_json::{Value, json};

use crate::house::Plan;
use crate::upstream::{Upstream, http};

const TOOLS: [&str; 6] = ["logIn", "listOrders", "placeOrder", "getOrder", "getStock", "getPrice"];
const ABOUT: &str = "portcullis/workflow";

/// A shop that does what its description says.
fn shop() -> Arc<Upstream> {
    Upstream::new(
        "shop",
        &TOOLS,
        Box::new(|tool, arguments, times| Some(answer(tool, arguments, times))),
    )
}

fn answer(tool: &str, arguments: &Value, times: usize) -> Value {
    match tool {
        "logIn" => http(200, &json!({"token": "t-1"})),
        "listOrders" if arguments.get("X-Token").is_some() => {
            let good = arguments["X-Token"] == "Bearer t-1";
            http(if good { 200 } else { 401 }, &json!({"items": [{"id": "o1"}], "next": null}))
        }
        "listOrders" => {
            let page = match arguments["cursor"].as_str() {
                None => 1,
                Some(cursor) => cursor.parse::<u32>().unwrap(),
            };
            let next = (page < 3).then(|| (page + 1).to_string());
            http(200, &json!({"items": [page], "next": next}))
        }
        "placeOrder" => http(201, &json!({"id": format!("o{times}")})),
        "getOrder" => http(200, &json!({"id": arguments["id"], "state": "new"})),
        "getStock" => http(200, &json!({"count": 2})),
        _ => http(200, &json!({"cents": 150})),
    }
}

#[tokio::test]
async fn each_kind_of_document_runs_against_its_shop() {
    let pen = json!({"article": "pen"});
    let ann = json!({"user": "ann", "password": "p"});
    for (document, workflow, inputs, outputs) in [
        ("login-then-fetch", "my-orders", ann, json!({"orders": [{"id": "o1"}]})),
        ("paging", "last-page", json!({}), json!({"items": [3]})),
        ("retry", "patient", pen.clone(), json!({"count": 2})),
        ("branch", "order-if-there", json!({"article": "pen", "count": 2}), json!({"id": "o1"})),
        ("branch", "order-if-there", json!({"article": "pen", "count": 9}), json!({"cents": 150})),
        ("sub-workflow", "place-and-look", pen.clone(), json!({"id": "o1", "state": "new"})),
        ("parallel", "offer", pen.clone(), json!({"count": 2, "cents": 150, "id": "o1"})),
        ("graph", "two-orders", pen, json!({"first": "o1", "second": "o2"})),
    ] {
        let house = Plan::of(document, shop()).build();
        let result = house.call(&format!("flows__{workflow}"), inputs).await;
        assert_eq!(result["structuredContent"], outputs, "{document}: {result}");
        assert_eq!(result["_meta"]["portcullis/source"], "flows");
    }
}

#[tokio::test]
async fn every_step_has_a_record_of_its_own_for_the_same_principal() {
    let house = Plan::of("sub-workflow", shop()).build();
    house.call("flows__place-and-look", json!({"article": "pen"})).await;
    let records = house.records().await;
    let seen: Vec<_> = records.iter().map(|r| r.tool.clone().unwrap()).collect();
    // The inner ones end first: a workflow as a step is a call, too.
    assert_eq!(
        seen,
        ["shop__placeOrder", "flows__place", "shop__getOrder", "flows__place-and-look"]
    );
    assert!(records.iter().all(|r| r.principal.as_deref() == Some("alice")));
    let id = records[0].request_id.clone().unwrap();
    assert!(id.contains("flows/place/order"), "{id}");
}

#[tokio::test]
async fn a_step_that_the_caller_may_not_call_fails_the_workflow_there_with_its_record() {
    // b-workflow-01
    let policy =
        r#"forbid (principal, action, resource) when { resource.upstream == "placeOrder" };"#;
    for (document, workflow) in [("parallel", "offer"), ("sub-workflow", "place-and-look")] {
        let house = Plan { policy, ..Plan::of(document, shop()) }.build();
        let result = house.call(&format!("flows__{workflow}"), json!({"article": "pen"})).await;
        assert_eq!(result["isError"], true, "{result}");
        assert_eq!(result["_meta"][ABOUT]["code"], "unavailable", "{result}");
        assert_eq!(result["_meta"][ABOUT]["refused"], true);
        assert!(["order", "place"].contains(&result["_meta"][ABOUT]["step"].as_str().unwrap()));
        assert!(!house.shop.called().contains(&"placeOrder".to_owned()));
        assert!(!house.shop.called().contains(&"getOrder".to_owned()));
        let records = house.records().await;
        let refused =
            records.iter().find(|r| r.tool.as_deref() == Some("shop__placeOrder")).unwrap();
        assert_eq!(
            (refused.outcome.as_deref(), refused.verdict.as_deref()),
            (Some("refused"), Some("deny"))
        );
    }
}

#[tokio::test]
async fn a_step_that_a_person_must_approve_is_never_executed_unasked() {
    // b-workflow-02
    let policy = r#"@id("grave") @verdict("ask") permit (principal, action, resource) when { resource.upstream == "placeOrder" };"#;
    let house = Plan { policy, ..Plan::of("parallel", shop()) }.build();
    let result = house.call("flows__offer", json!({"article": "pen"})).await;
    assert_eq!(result["_meta"][ABOUT]["code"], "approval_unavailable", "{result}");
    assert!(!house.shop.called().contains(&"placeOrder".to_owned()));
}

#[tokio::test]
async fn reads_run_side_by_side_and_writes_one_after_the_other() {
    for (effect, most) in [(Effect::Read, 2), (Effect::Write, 1)] {
        let house = Plan { effect, ..Plan::of("parallel", shop()) }.build();
        house.call("flows__offer", json!({"article": "pen"})).await;
        assert_eq!(house.shop.most.load(Ordering::SeqCst), most, "{effect}");
        assert_eq!(house.shop.called().len(), 3);
    }
}

#[tokio::test]
async fn a_busy_shop_is_asked_again() {
    let busy = Upstream::new(
        "shop",
        &TOOLS,
        Box::new(|_, _, times| {
            let (status, body) =
                if times < 3 { (503, json!("busy")) } else { (200, json!({"count": 4})) };
            Some(http(status, &body))
        }),
    );
    let house = Plan::of("retry", busy).build();
    let result = house.call("flows__patient", json!({"article": "pen"})).await;
    assert_eq!(
        (&result["structuredContent"], house.shop.called().len()),
        (&json!({"count": 4}), 3)
    );
}

#[tokio::test]
async fn a_step_may_be_a_tool_of_an_mcp_server() {
    let notes = Upstream::new(
        "notes",
        &["write"],
        Box::new(|_, arguments, _| {
            Some(
                json!({"content": [{"type": "text", "text": "done"}], "resultType": "complete", "structuredContent": {"text": arguments["text"]}}),
            )
        }),
    );
    let house = Plan { more: vec![notes], ..Plan::of("mcp-tools", shop()) }.build();
    let result = house.call("flows__note-the-price", json!({"article": "pen"})).await;
    assert_eq!(result["structuredContent"], json!({"written": "pen costs 150"}), "{result}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_the_inputs_never_reach_a_step() {
    let house = Plan::of("branch", shop()).build();
    let params = json!({"article": "pen", "count": "many"});
    let call = house.call("flows__order-if-there", params);
    let panicked = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(call)).await;
    assert!(panicked.is_err(), "the gate answers with an error, not a result");
    assert!(house.shop.called().is_empty());
}

#[tokio::test]
async fn whoever_leaves_ends_the_steps_that_are_under_way_and_they_are_recorded() {
    let silent = || Upstream::new("shop", &TOOLS, Box::new(|_, _, _| None));
    let house = Plan::of("parallel", silent()).build();
    let call = house.call("flows__offer", json!({"article": "pen"}));
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    assert_eq!(house.shop.dropped.load(Ordering::SeqCst), 2);
    let records = house.records().await;
    assert_eq!(records.len(), 3, "{records:?}");
    assert!(records.iter().all(|r| r.outcome.as_deref() == Some("cancelled")));
    // The same when the workflow's own time is up; that is an answer.
    let house = Plan { time: Duration::from_millis(200), ..Plan::of("parallel", silent()) }.build();
    let result = house.call("flows__offer", json!({"article": "pen"})).await;
    assert_eq!(result["_meta"][ABOUT]["code"], "workflow_timeout");
    assert_eq!(house.shop.dropped.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_operation_that_no_source_has_fails_the_step_and_is_recorded() {
    let few = Upstream::new("shop", &["getPrice"], Box::new(|_, _, _| None));
    let house = Plan::of("retry", few).build();
    let result = house.call("flows__patient", json!({"article": "pen"})).await;
    assert_eq!(result["_meta"][ABOUT]["code"], "unavailable", "{result}");
    let records = house.records().await;
    assert_eq!(records[0].tool.as_deref(), Some("shop__getStock"));
}

#[tokio::test]
async fn workflows_that_lead_to_each_other_without_end_come_to_one() {
    let text = "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\n\
        sourceDescriptions: [{name: shop, url: u, type: openapi}]\n\
        workflows: [{workflowId: again, inputs: {type: object}, steps: [{stepId: s, x-portcullis-tool: flows__again}]}]\n";
    let plan = Plan { document: text.to_owned(), ..Plan::of("paging", shop()) };
    let house = plan.build();
    // How deep a call is stands beside its arguments, so none of these can say otherwise.
    let result = house.call("flows__again", json!({"_depth": 0})).await;
    assert_eq!(result["_meta"][ABOUT]["code"], "workflow_too_deep", "{result}");
    assert_eq!(house.records().await.len(), 11);
}
