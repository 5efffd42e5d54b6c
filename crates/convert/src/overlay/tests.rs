#![expect(
    clippy::needless_pass_by_value,
    reason = "what `json!` makes reads best where it is passed"
)]

use serde_json::{Value, json};

use super::*;
use crate::{Options, openapi_value};

fn shop() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "tags": [{"name": "old"}],
        "paths": {
            "/items": {
                "get": {"operationId": "list", "description": "x", "tags": ["a", "b", "a"],
                    "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]},
                "post": {"operationId": "add"}},
            "/admin": {"delete": {"operationId": "wipe"}}},
    })
}

fn applied(actions: Value) -> Result<(Value, Vec<String>), BadOverlay> {
    let overlay =
        json!({"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": actions});
    let mut document = shop();
    let nothing = Overlay::read(overlay.to_string().as_bytes())?.apply(&mut document)?;
    Ok((document, nothing))
}

#[test]
fn descriptions_and_effects_are_changed_before_tools_are_made() {
    let overlay = br"
overlay: 1.0.0
info: { title: Ours, version: 1 }
actions:
  - target: $.paths['/items'].get
    update: { description: Finds what is for sale., x-mcp: { effect: write } }
  - target: $.paths.*[?@.operationId == 'wipe']
    remove: true
";
    let mut document = shop();
    assert_eq!(Overlay::read(overlay).unwrap().apply(&mut document).unwrap(), [""; 0]);
    let tools = openapi_value(&document, &Options::default()).unwrap().tools;
    let told: Vec<_> =
        tools.iter().map(|t| (t.name.as_str(), t.description.as_str(), t.effect)).collect();
    assert_eq!(
        told,
        [
            ("add", "POST /items", model::Effect::Write),
            ("list", "Finds what is for sale.", model::Effect::Write)
        ]
    );
}

#[test]
fn members_are_merged_elements_added_and_plain_values_replaced() {
    let (made, nothing) = applied(json!([
        {"target": "$.info", "update": {"title": "Other", "contact": {"name": "us"}}},
        {"target": "$.tags", "update": {"name": "one"}},
        {"target": "$.tags", "update": [{"name": "two"}, {"name": "three"}]},
        {"target": "$.paths['/items'].get.description", "update": "y"},
        {"target": "$.paths['/items']", "update": {"get": {"tags": ["c"]}}},
        {"target": "$.paths.*.patch", "update": {"summary": "none"}},
        {"target": "$.paths", "update": {"/copy": {}}},
        {"target": "$.paths['/copy']", "copy": "$.paths['/admin']"}]))
    .unwrap();
    assert_eq!(made["info"], json!({"title": "Other", "version": "1", "contact": {"name": "us"}}));
    let names = json!([{"name": "old"}, {"name": "one"}, {"name": "two"}, {"name": "three"}]);
    assert_eq!(made["tags"], names);
    assert_eq!(made["paths"]["/items"]["get"]["description"], "y");
    assert_eq!(made["paths"]["/items"]["get"]["tags"], json!(["a", "b", "a", "c"]));
    assert_eq!(made["paths"]["/copy"], made["paths"]["/admin"]);
    assert_eq!(nothing, ["$.paths.*.patch"]);
}

#[test]
fn what_is_removed_takes_nothing_else_with_it() {
    let (made, _) = applied(json!([
        {"target": "$.paths['/items'].get.tags[?@ == 'a']", "remove": true, "update": "ignored"},
        {"target": "$..parameters", "remove": true},
        {"target": "$['paths']['/admin', '/items']['delete']", "remove": true}]))
    .unwrap();
    assert_eq!(made["paths"]["/items"]["get"]["tags"], json!(["b"]));
    assert_eq!(made["paths"]["/items"]["get"].get("parameters"), None);
    assert_eq!(made["paths"]["/admin"], json!({}));
    // What is within what is removed goes with it, and elements keep their places until the last has gone.
    let (made, _) = applied(json!([{"target": "$.tags..*", "remove": true}])).unwrap();
    assert_eq!(made["tags"], json!([]));
}

#[test]
fn what_is_no_overlay_or_does_not_fit_is_refused_with_its_code() {
    let code = |actions| applied(actions).unwrap_err().code;
    assert_eq!(code(json!([{"target": "$.info.title", "update": {"a": 1}}])), "does_not_fit");
    assert_eq!(code(json!([{"target": "$.info", "update": "text"}])), "does_not_fit");
    assert_eq!(code(json!([{"target": "$", "update": {"tags": "text"}}])), "does_not_fit");
    assert_eq!(code(json!([{"target": "$", "remove": true}])), "bad_action");
    assert_eq!(code(json!([{"target": "$.info", "remove": "yes"}])), "bad_action");
    assert_eq!(code(json!([{"target": "$.info", "copy": "$.paths.*"}])), "bad_action");
    assert_eq!(code(json!([{"target": "$.info", "copy": "$.tags", "update": {}}])), "bad_action");
    assert_eq!(code(json!([{"target": "$.info[", "update": {}}])), "bad_target");
    assert_eq!(code(json!([{"update": {}}])), "bad_target");
    for (text, code) in [
        ("{}", "not_an_overlay"),
        ("[", "not_an_overlay"),
        (r#"{"overlay": "1.0.0"}"#, "not_an_overlay"),
        (r#"{"overlay": "2.0.0", "actions": []}"#, "unknown_version"),
        (r#"{"overlay": "1.10.0", "actions": []}"#, "unknown_version"),
    ] {
        assert_eq!(Overlay::read(text.as_bytes()).unwrap_err().code, code, "{text}");
    }
}

#[test]
fn copies_of_copies_end_at_a_limit() {
    let double = json!({"target": "$.tags", "copy": "$.tags"});
    assert_eq!(applied(json!(vec![double; 40])).unwrap_err().code, "too_large");
}
