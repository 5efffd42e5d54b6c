use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Document, LoadCode};

/// A document of two workflows with two steps in the first, changed as a test wants.
fn document(version: &str, change: impl FnOnce(&mut Value)) -> Result<Document, Vec<LoadCode>> {
    let mut tree = json!({
        "arazzo": version,
        "info": {"title": "t", "version": "1"},
        "sourceDescriptions": [{"name": "shop", "url": "s.yaml", "type": "openapi"}],
        "workflows": [
            {
                "workflowId": "main",
                "inputs": {"type": "object", "properties": {"q": {"type": "string"}}},
                "steps": [
                    {"stepId": "one", "operationId": "get", "outputs": {"id": "$response.body#/id"}},
                    {"stepId": "two", "operationId": "get",
                     "parameters": [{"name": "id", "in": "query", "value": "$steps.one.outputs.id"}]},
                ],
                "outputs": {"id": "$steps.one.outputs.id"},
            },
            {"workflowId": "other", "steps": [{"stepId": "only", "operationId": "get"}]},
        ],
    });
    change(&mut tree);
    Document::parse(tree.to_string().as_bytes())
        .map_err(|errors| errors.into_iter().map(|e| e.code).collect())
}

fn step_called(id: &str) -> Result<Document, Vec<LoadCode>> {
    document("1.0.1", |d| d["workflows"][1]["steps"][0]["stepId"] = id.into())
}

#[test]
fn a_plain_document_loads_in_every_version() {
    for version in ["1.0.0", "1.0.1", "1.1.0"] {
        let document = document(version, |_| {}).unwrap();
        assert_eq!(document.workflow("main").unwrap().steps.len(), 2, "{version}");
    }
    for version in ["1.0.2", "1.2.0", "2.0.0", "1.0", ""] {
        assert_eq!(document(version, |_| {}).unwrap_err(), [LoadCode::UnsupportedVersion]);
    }
}

#[test]
fn names_that_mean_something_to_programs_do_not_load() {
    // b-workflow-03
    assert_eq!(step_called("__proto__").unwrap_err(), [LoadCode::BadName]);
    for name in ["constructor", "prototype", "", "a b", "a.b", "a/b"] {
        assert_eq!(step_called(name).unwrap_err(), [LoadCode::BadName], "{name}");
    }
    let hidden = r#"{"arazzo":"1.0.1","x-a":{"\u005f_proto__":1}}"#;
    let errors = Document::parse(hidden.as_bytes()).unwrap_err();
    assert!(errors.iter().any(|e| e.code == LoadCode::BadName && e.place == "/x-a"), "{errors:?}");
}

#[test]
fn names_that_other_programs_use_for_themselves_are_ordinary() {
    // b-workflow-04, b-workflow-05
    for name in ["args", "_chain", "inputs", "steps", "toString"] {
        assert_eq!(step_called(name).unwrap().workflows[1].steps[0].id, name);
    }
}

#[test]
fn what_could_only_fail_later_does_not_load() {
    type Change = fn(&mut Value);
    let cases: [(&str, LoadCode, Change); 26] = [
        ("unknown step", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["outputs"]["id"] = "$steps.none.outputs.id".into();
        }),
        ("unknown output", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["outputs"]["id"] = "$steps.one.outputs.none".into();
        }),
        ("goto to nowhere", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["steps"][0]["onSuccess"] =
                json!([{"name": "g", "type": "goto", "stepId": "none"}]);
        }),
        ("unknown workflow", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["steps"][0] =
                json!({"stepId": "one", "workflowId": "none", "outputs": {"id": "$outputs.id"}});
        }),
        ("unknown source", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["steps"][0]["operationId"] = "$sourceDescriptions.none.get".into();
        }),
        ("unknown component", LoadCode::UnknownReference, |d| {
            d["workflows"][0]["steps"][0]["parameters"] =
                json!([{"reference": "$components.parameters.none"}]);
        }),
        ("unreachable input", LoadCode::Unreachable, |d| {
            d["workflows"][0]["steps"][1]["parameters"][0]["value"] = "$inputs.none".into();
        }),
        ("a later step", LoadCode::Unreachable, |d| {
            d["workflows"][0]["steps"][1]["outputs"] = json!({"x": "$response.body"});
            d["workflows"][0]["steps"][0]["parameters"] =
                json!([{"name": "x", "in": "query", "value": "$steps.two.outputs.x"}]);
        }),
        ("an answer before the call", LoadCode::Unreachable, |d| {
            d["workflows"][0]["steps"][0]["parameters"] =
                json!([{"name": "x", "in": "query", "value": "$response.body"}]);
        }),
        ("a workflow that did not run", LoadCode::Unreachable, |d| {
            d["workflows"][1]["outputs"] = json!({"x": "$steps.only.outputs.x"});
            d["workflows"][1]["steps"][0]["outputs"] = json!({"x": "$response.body"});
            d["workflows"][0]["outputs"]["y"] = "$workflows.other.outputs.x".into();
        }),
        ("two steps of one name", LoadCode::Duplicate, |d| {
            d["workflows"][0]["steps"][1] = json!({"stepId": "one", "operationId": "get"});
        }),
        ("two workflows of one name", LoadCode::Duplicate, |d| {
            d["workflows"][1]["workflowId"] = "main".into();
        }),
        ("two parameters of one name", LoadCode::Duplicate, |d| {
            d["workflows"][0]["parameters"] = json!([
                {"name": "q", "in": "query", "value": 1}, {"name": "q", "in": "query", "value": 2}]);
        }),
        ("a workflow that is its own step", LoadCode::Cycle, |d| {
            d["workflows"][1]["steps"][0] = json!({"stepId": "only", "workflowId": "other"});
        }),
        ("workflows that are steps of each other", LoadCode::Cycle, |d| {
            d["workflows"][1]["steps"][0] = json!({"stepId": "only", "workflowId": "main"});
            d["workflows"][0]["dependsOn"] = json!(["other"]);
        }),
        ("a typing error", LoadCode::UnknownMember, |d| {
            d["workflows"][0]["steps"][0]["sucessCriteria"] = json!([]);
        }),
        ("1.1 in 1.0", LoadCode::UnknownMember, |d| {
            d["workflows"][0]["steps"][0]["timeout"] = 5.into();
        }),
        ("an extension of ours that is none", LoadCode::UnknownMember, |d| {
            d["workflows"][0]["steps"][0]["x-portcullis-tol"] = "x".into();
        }),
        ("two targets", LoadCode::Malformed, |d| {
            d["workflows"][0]["steps"][0]["workflowId"] = "other".into();
        }),
        ("no target", LoadCode::Malformed, |d| {
            d["workflows"][1]["steps"][0] = json!({"stepId": "only"});
        }),
        ("xpath", LoadCode::Unsupported, |d| {
            d["workflows"][0]["steps"][0]["successCriteria"] =
                json!([{"context": "$response.body", "condition": "//a", "type": "xpath"}]);
        }),
        ("a condition that cannot be read", LoadCode::BadCondition, |d| {
            d["workflows"][0]["steps"][0]["successCriteria"] =
                json!([{"condition": "$statusCode = 200"}]);
        }),
        ("an expression that cannot be read", LoadCode::BadExpression, |d| {
            d["workflows"][0]["steps"][0]["outputs"]["id"] = "$response.bdy".into();
        }),
        ("asyncapi", LoadCode::Unsupported, |d| {
            d["sourceDescriptions"][0]["type"] = "asyncapi".into();
        }),
        ("a schema from elsewhere", LoadCode::Unsupported, |d| {
            d["workflows"][0]["inputs"]["properties"]["q"] =
                json!({"$ref": "http://example.org/s"});
        }),
        ("no retry after success", LoadCode::Malformed, |d| {
            d["workflows"][0]["steps"][0]["onSuccess"] = json!([{"name": "r", "type": "retry"}]);
        }),
    ];
    for (what, code, change) in cases {
        let codes = document("1.0.1", change).err().unwrap_or_default();
        assert!(codes.contains(&code), "{what}: {codes:?}");
    }
}

#[test]
fn steps_that_wait_for_each_other_do_not_load() {
    let both = document("1.1.0", |d| {
        d["workflows"][0]["steps"][0]["dependsOn"] = json!(["two"]);
        d["workflows"][0]["steps"][1]["dependsOn"] = json!(["one"]);
    });
    assert!(both.unwrap_err().contains(&LoadCode::Cycle));
    let later = document("1.1.0", |d| {
        d["workflows"][0]["steps"][0]["dependsOn"] = json!(["two"]);
    });
    assert_eq!(later.unwrap_err(), [LoadCode::Unreachable]);
}

#[test]
fn an_error_says_where() {
    let text = "arazzo: 1.0.1\ninfo: {title: t, version: '1'}\nsourceDescriptions: [{name: s, url: u}]\n\
        workflows: [{workflowId: w, steps: [{stepId: a, operationId: x, successCriteria: [{condition: '=='}]}]}]\n";
    let errors = Document::parse(text.as_bytes()).unwrap_err();
    assert_eq!(errors[0].place, "/workflows/0/steps/0/successCriteria/0/condition");
    assert!(errors[0].to_string().ends_with("(arazzo_bad_condition)"), "{}", errors[0]);
}

#[test]
fn shared_inputs_stand_in_the_schema_itself() {
    let document = document("1.0.1", |d| {
        d["components"] = json!({"inputs": {"who": {"type": "object",
            "properties": {"q": {"$ref": "#/components/inputs/name"}}}, "name": {"type": "string"}}});
        d["workflows"][0]["inputs"] = json!({"$ref": "#/components/inputs/who"});
    });
    let inputs = document.unwrap().workflows[0].inputs.clone();
    assert_eq!(
        inputs,
        json!({"type": "object", "properties": {"q": {"$ref": "#/$defs/name"}},
            "$defs": {"name": {"type": "string"}}})
    );
}

fn tree() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "arazzo",
        "1.0.1",
        "1.1.0",
        "info",
        "title",
        "version",
        "sourceDescriptions",
        "name",
        "url",
        "workflows",
        "workflowId",
        "steps",
        "stepId",
        "operationId",
        "parameters",
        "in",
        "value",
        "outputs",
        "onSuccess",
        "type",
        "goto",
        "retry",
        "criteria",
        "condition",
        "$statusCode == 200",
        "$steps.a.outputs.b",
        "{$inputs.x}",
        "requestBody",
        "payload",
        "replacements",
        "target",
        "/a",
        "dependsOn",
        "inputs",
        "$ref",
        "components",
        "jsonpath",
        "regex",
        "context",
        "$response.body",
        "$[?@.a]",
        "a",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|all| all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_makes_the_loader_panic(inner in tree(), at in 0..6_usize) {
        let _ = Document::parse(inner.to_string().as_bytes());
        let _ = document("1.1.0", |d| match at {
            0 => d["workflows"] = inner,
            1 => d["workflows"][0]["steps"] = inner,
            2 => d["workflows"][0]["steps"][0] = inner,
            3 => d["components"] = inner,
            4 => d["workflows"][0]["inputs"] = inner,
            _ => d["workflows"][0]["steps"][0]["onFailure"] = inner,
        });
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "\\PC{0,200}") {
        let _ = Document::parse(text.as_bytes());
    }
}
