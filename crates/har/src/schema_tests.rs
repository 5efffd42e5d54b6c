use serde_json::json;

use super::*;

fn of(values: &[Value]) -> Shape {
    let mut all = Shape::default();
    for value in values {
        all.merge(Shape::of(value, &mut |_| {}));
    }
    all
}

#[test]
fn members_missing_once_are_optional_and_types_are_joined() {
    let shape = of(&[
        json!({"a": 1, "b": "x"}),
        json!({"a": null}),
        json!({"a": 2.5, "b": "y", "c": [1, "z"]}),
    ]);
    assert_eq!(
        Writer::sent(&Vault::default()).write(&shape),
        json!({
            "type": "object",
            "properties": {
                "a": {"type": ["number", "null"]},
                "b": {"type": "string"},
                "c": {"type": "array", "items": {"type": ["string", "integer"]}},
            },
            "required": ["a"],
        })
    );
}

#[test]
fn few_results_prove_neither_that_a_member_is_always_there_nor_that_it_is_never_null() {
    let shape = of(&[json!({"id": 1, "at": "2026-07-28"}), json!({"id": 2, "at": "2026-07-29"})]);
    let loose = Writer::received(&Vault::default(), 2).result(&shape).unwrap();
    assert_eq!(loose["properties"]["id"], json!({"type": ["number", "null"]}));
    assert_eq!(loose.get("required"), None);
    let sure = Writer::received(&Vault::default(), 5).result(&shape).unwrap();
    assert_eq!(sure["properties"]["at"], json!({"type": "string", "format": "date"}));
    assert_eq!(sure["required"], json!(["at", "id"]));
}

#[test]
fn a_result_that_is_no_object_stands_under_body_and_one_that_may_be_both_has_no_schema() {
    let vault = Vault::default();
    let list = Writer::received(&vault, 5).result(&of(&[json!([1])])).unwrap();
    assert_eq!(list["properties"]["body"], json!({"type": "array", "items": {"type": "integer"}}));
    assert_eq!(Writer::received(&vault, 5).result(&of(&[json!([1]), json!({"a": 1})])), None);
    assert_eq!(Writer::received(&vault, 5).result(&of(&[json!(null)])), None);
}

#[test]
fn a_schema_is_bounded_and_says_what_is_left_open() {
    let wide: Map<String, Value> =
        (0..5000).map(|n| (format!("member_{n}x"), json!("v"))).collect();
    let vault = Vault::default();
    let mut writer = Writer::received(&vault, 5);
    let out = writer.result(&of(&[Value::Object(wide)])).unwrap();
    assert!(out["properties"].as_object().unwrap().len() <= 200 && out["$comment"].is_string());
}

#[test]
fn a_name_that_was_a_secret_elsewhere_is_not_written() {
    let mut vault = Vault::default();
    vault.keep("hunter2hunter2", 8);
    let out = Writer::sent(&vault).write(&of(&[json!({"hunter2hunter2": 1, "a": 1})]));
    assert!(!out.to_string().contains("hunter2"), "{out}");
}
