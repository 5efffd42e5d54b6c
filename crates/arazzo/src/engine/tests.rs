use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Call, Engine, Next, Outcome, Reply, StepReply};
use crate::{Document, Limits};

/// What a test saw of one run.
struct Seen {
    outcome: Outcome,
    /// Steps in the order their calls were made.
    calls: Vec<String>,
    /// All calls.
    made: Vec<Call>,
    waits: Vec<Duration>,
    /// Most calls at the same time.
    most: usize,
}

impl Seen {
    fn outputs(&self) -> Value {
        match &self.outcome {
            Outcome::Complete { outputs, .. } => Value::Object(outputs.clone()),
            Outcome::Failed { .. } => panic!("{:?}", self.outcome),
        }
    }

    fn code(&self) -> &str {
        match &self.outcome {
            Outcome::Failed { code, .. } => code,
            Outcome::Complete { .. } => panic!("{:?}", self.outcome),
        }
    }
}

/// Runs a workflow: all calls that may be under way are, and the oldest is answered first.
fn run(
    text: &str,
    inputs: Value,
    limits: Limits,
    overlaps: bool,
    mut answer: impl FnMut(&Call, usize) -> Reply,
) -> Seen {
    let document = Document::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{e:?}"));
    let id = document.workflows[0].id.clone();
    let mut engine = Engine::new(Arc::new(document), &id, inputs, limits, |_| overlaps).unwrap();
    let (mut open, mut made, mut waits, mut most) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let outcome = loop {
        match engine.advance() {
            Next::Call(call) => {
                made.push(call.clone());
                open.push(call);
                most = most.max(open.len());
            }
            Next::Wait { ticket, after } => {
                waits.push(after);
                engine.woke(ticket);
            }
            Next::Done(outcome) => break outcome,
            Next::Idle => {
                assert!(!open.is_empty(), "the engine waits for nothing");
                let call = open.remove(0);
                let time = times.entry(call.step.clone()).or_default();
                *time += 1;
                let time = *time;
                engine.answer(call.ticket, answer(&call, time));
            }
        }
    };
    let calls = made.iter().map(|c: &Call| c.step.clone()).collect();
    Seen { outcome, calls, made, waits, most }
}

fn fixture(name: &str) -> String {
    let path = format!("{}/../../fixtures/arazzo/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn ok(body: Value) -> Reply {
    status(200, body)
}

fn status(status: u16, body: Value) -> Reply {
    let failed = status >= 400;
    Reply::Answered(StepReply { status: Some(status), body, failed, ..StepReply::default() })
}

fn shown(call: &Call) -> Value {
    call.arguments.iter().map(|a| (a.name.clone(), a.value.clone())).collect()
}

#[test]
fn every_document_of_the_fixtures_loads() {
    let folder = format!("{}/../../fixtures/arazzo", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_yaml = path.extension().is_some_and(|e| e == "yaml");
        if is_yaml && !name.contains("openapi") && !name.starts_with('.') {
            let text = std::fs::read(&path).unwrap();
            Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            count += 1;
        }
    }
    assert!(count >= 6, "{count}");
}

#[test]
fn what_one_step_gives_the_next_one_sends() {
    let inputs = json!({"user": "ann", "password": "p"});
    let seen =
        run(&fixture("login-then-fetch"), inputs.clone(), Limits::default(), true, |call, _| {
            match call.step.as_str() {
                "log-in" => ok(json!({"token": "t-1"})),
                _ => ok(json!({"items": [{"id": 7}]})),
            }
        });
    assert_eq!(seen.calls, ["log-in", "fetch"]);
    assert_eq!(seen.made[0].body.as_ref().unwrap().value, json!({"user": "ann", "password": "p"}));
    assert_eq!(shown(&seen.made[1]), json!({"X-Token": "Bearer t-1"}));
    assert_eq!(seen.outputs(), json!({"orders": [{"id": 7}]}));
    // Each of the criteria counts.
    for token in [json!("NOT ALLOWED"), json!(null)] {
        let seen =
            run(&fixture("login-then-fetch"), inputs.clone(), Limits::default(), true, |_, _| {
                ok(json!({"token": token}))
            });
        assert_eq!((seen.code(), seen.calls.len()), ("workflow_step_failed", 1));
    }
}

#[test]
fn a_loop_goes_round_with_what_the_last_round_left_and_ends_at_the_limit() {
    let pages = |call: &Call, time: usize| {
        let cursor = shown(call)["cursor"].clone();
        assert_eq!(cursor, if time == 1 { Value::Null } else { json!(format!("c{}", time - 1)) });
        let next = if time < 4 { json!(format!("c{time}")) } else { Value::Null };
        ok(json!({"items": [time], "next": next}))
    };
    let seen = run(&fixture("paging"), json!({}), Limits::default(), true, pages);
    assert_eq!((seen.calls.len(), seen.outputs()), (4, json!({"items": [4]})));
    let endless = |_: &Call, _| ok(json!({"items": [], "next": "more"}));
    let seen = run(&fixture("paging"), json!({}), Limits::default(), true, endless);
    assert_eq!((seen.code(), seen.calls.len()), ("workflow_step_limit", 200));
}

#[test]
fn a_retry_waits_and_the_server_has_the_last_word_on_how_long() {
    let inputs = json!({"article": "a"});
    let busy = |wait: Option<u64>| {
        move |_: &Call, time: usize| {
            if time == 3 {
                return ok(json!({"count": 5}));
            }
            let retry_after = wait.map(Duration::from_secs);
            Reply::Answered(StepReply {
                status: Some(503),
                failed: true,
                retry_after,
                ..StepReply::default()
            })
        }
    };
    let seen = run(&fixture("retry"), inputs.clone(), Limits::default(), true, busy(None));
    assert_eq!(seen.waits, [Duration::from_millis(200); 2]);
    assert_eq!(seen.outputs(), json!({"count": 5}));
    let seen = run(&fixture("retry"), inputs.clone(), Limits::default(), true, busy(Some(9)));
    assert_eq!(seen.waits, [Duration::from_secs(9); 2]);
    let seen = run(&fixture("retry"), inputs.clone(), Limits::default(), true, busy(Some(3600)));
    assert_eq!((seen.code(), seen.calls.len()), ("workflow_wait_too_long", 1));
    let seen = run(&fixture("retry"), inputs.clone(), Limits::default(), true, |_, _| {
        status(503, Value::Null)
    });
    assert_eq!((seen.code(), seen.calls.len()), ("workflow_step_failed", 4));
    let seen =
        run(&fixture("retry"), inputs, Limits::default(), true, |_, _| status(404, Value::Null));
    assert_eq!((seen.code(), seen.calls.len()), ("workflow_step_failed", 1));
}

#[test]
fn a_branch_takes_one_way_and_outputs_of_the_other_are_missing() {
    let shop = |count: u32| {
        move |call: &Call, _| match call.step.as_str() {
            "stock" => ok(json!({"count": count})),
            "price" => ok(json!({"cents": 100})),
            _ => status(201, json!({"id": "o1"})),
        }
    };
    let inputs = json!({"article": "pen", "count": 3});
    let seen = run(&fixture("branch"), inputs.clone(), Limits::default(), true, shop(5));
    assert_eq!(
        (seen.calls.as_slice(), seen.outputs()),
        (&["stock".to_owned(), "order".to_owned()][..], json!({"id": "o1"}))
    );
    assert_eq!(
        seen.made[1].body.as_ref().unwrap().value,
        json!({"article": "pen", "count": 3, "note": "for 3 of pen"})
    );
    let seen = run(&fixture("branch"), inputs, Limits::default(), true, shop(2));
    assert_eq!(seen.calls, ["stock", "price"]);
    assert_eq!(
        seen.outcome,
        Outcome::Complete {
            outputs: json!({"cents": 100}).as_object().unwrap().clone(),
            missing: vec!["id".to_owned()]
        }
    );
}

#[test]
fn a_workflow_as_a_step_is_a_call_and_its_outputs_are_the_answer() {
    let seen = run(
        &fixture("sub-workflow"),
        json!({"article": "pen"}),
        Limits::default(),
        true,
        |call, _| match &call.target {
            crate::Target::Workflow(id) => {
                assert_eq!((id.as_str(), shown(call)), ("place", json!({"article": "pen"})));
                ok(json!({"id": "o1"}))
            }
            _ => ok(json!({"state": "new"})),
        },
    );
    assert_eq!(seen.outputs(), json!({"id": "o1", "state": "new"}));
}

#[test]
fn steps_that_only_read_run_side_by_side_and_all_others_in_order() {
    let shop = |call: &Call, _: usize| match call.step.as_str() {
        "stock" => ok(json!({"count": 2})),
        "price" => ok(json!({"cents": 5})),
        _ => ok(json!({"id": "o"})),
    };
    let inputs = json!({"article": "pen"});
    let seen = run(&fixture("parallel"), inputs.clone(), Limits::default(), true, shop);
    assert_eq!((seen.most, seen.outputs()), (2, json!({"count": 2, "cents": 5, "id": "o"})));
    assert_eq!(seen.made[2].body.as_ref().unwrap().value["note"], "2 at 5");
    let seen = run(&fixture("parallel"), inputs.clone(), Limits::default(), false, shop);
    assert_eq!(seen.most, 1);
    let one = Limits { breadth: 1, ..Limits::default() };
    assert_eq!(run(&fixture("parallel"), inputs, one, true, shop).most, 1);
}

#[test]
fn a_graph_lets_even_writing_steps_run_side_by_side() {
    let seen =
        run(&fixture("graph"), json!({"article": "pen"}), Limits::default(), false, |call, _| {
            match call.step.as_str() {
                "stock" => ok(json!({"count": 2})),
                step => status(201, json!({"id": step})),
            }
        });
    assert_eq!((seen.most, seen.calls.len()), (2, 3));
    assert_eq!(seen.made[0].timeout, Some(Duration::from_secs(5)));
    assert_eq!(seen.outputs(), json!({"first": "first", "second": "second"}));
    // What the first step does not allow does not begin.
    let seen =
        run(&fixture("graph"), json!({"article": "pen"}), Limits::default(), false, |_, _| {
            ok(json!({"count": 1}))
        });
    assert_eq!((seen.code(), seen.calls.len()), ("workflow_step_failed", 1));
}

#[test]
fn a_refusal_ends_the_workflow_whatever_the_document_says() {
    let seen = run(&fixture("retry"), json!({"article": "a"}), Limits::default(), true, |_, _| {
        Reply::Refused { code: "policy_denied".to_owned(), message: "no".to_owned() }
    });
    assert_eq!(
        seen.outcome,
        Outcome::Failed {
            step: Some("stock".to_owned()),
            code: "policy_denied".to_owned(),
            message: "no".to_owned()
        }
    );
    assert_eq!(seen.calls.len(), 1);
}

#[test]
fn values_from_answers_are_data_and_stay_data() {
    // The payload of `place` is JSON text: a value cannot get out of its quotes, nor is it an expression.
    let text = fixture("sub-workflow");
    let document = Arc::new(Document::parse(text.as_bytes()).unwrap());
    for evil in ["\", \"count\": 99, \"x\": \"", "{$inputs.article}", "$steps.order.outputs.id"] {
        let inputs = json!({"article": evil});
        let mut engine =
            Engine::new(document.clone(), "place", inputs, Limits::default(), |_| false).unwrap();
        let Next::Call(call) = engine.advance() else { panic!() };
        assert_eq!(call.body.unwrap().value, json!({"article": evil, "count": 1}));
    }
}

#[test]
fn kept_values_are_bounded() {
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let big = json!({"article": "x".repeat(2000)});
    assert_eq!(
        run(&fixture("retry"), big, limits, true, |_, _| ok(json!({}))).code(),
        "workflow_too_large"
    );
    let seen = run(&fixture("retry"), json!({"article": "a"}), limits, true, |_, _| {
        ok(json!({"count": "x".repeat(2000)}))
    });
    assert_eq!(seen.code(), "workflow_too_large");
}

/// A workflow of steps that go where chance leads them.
fn random() -> impl Strategy<Value = Value> {
    let action = (0..4_u8, 0..6_usize, any::<bool>()).prop_map(|(kind, to, conditional)| {
        let mut action = match kind {
            0 => json!({"type": "end"}),
            1 | 2 => json!({"type": "goto", "stepId": format!("s{to}")}),
            _ => json!({"type": "retry", "retryLimit": to, "retryAfter": to}),
        };
        action["name"] = format!("a{kind}{to}{conditional}").into();
        if conditional {
            action["criteria"] = json!([{"condition": "$response.body#/n > 4"}]);
        }
        action
    });
    let step = (
        prop::collection::vec(action.clone(), 0..3),
        prop::collection::vec(action, 0..3),
        prop::collection::vec(0..6_usize, 0..2),
    );
    prop::collection::vec(step, 6).prop_map(|steps| {
        let steps: Vec<Value> = steps
            .into_iter()
            .enumerate()
            .map(|(n, (good, bad, reads))| {
                let good: Vec<Value> = good.into_iter().filter(|a| a["type"] != "retry").collect();
                let depends: Vec<String> = reads.iter().filter(|r| **r < n).map(|r| format!("s{r}")).collect();
                let mut step = json!({"stepId": format!("s{n}"), "operationId": "x",
                    "outputs": {"n": "$response.body#/n"}, "onSuccess": good, "onFailure": bad});
                if !depends.is_empty() {
                    step["dependsOn"] = depends.into();
                }
                step
            })
            .collect();
        json!({"arazzo": "1.1.0", "info": {"title": "t", "version": "1"},
            "sourceDescriptions": [{"name": "s", "url": "u"}],
            "workflows": [{"workflowId": "w", "steps": steps, "outputs": {"n": "$steps.s0.outputs.n"}}]})
    })
}

proptest! {
    #[test]
    fn no_document_makes_the_engine_go_beyond_its_bounds(
        document in random(),
        answers in prop::collection::vec((0..10_u8, any::<bool>()), 1..20),
        overlaps: bool,
    ) {
        // Two actions of one name are refused at load; such a document is none.
        prop_assume!(Document::parse(document.to_string().as_bytes()).is_ok());
        let limits = Limits { steps: 30, breadth: 3, ..Limits::default() };
        let mut turn = 0;
        let seen = run(&document.to_string(), json!({}), limits, overlaps, |_, _| {
            turn += 1;
            let (n, good) = answers[turn % answers.len()];
            status(if good { 200 } else { 500 }, json!({"n": n}))
        });
        prop_assert!(seen.calls.len() <= 30 && seen.most <= 3);
    }
}
