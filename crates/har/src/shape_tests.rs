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
fn the_order_of_samples_says_nothing() {
    let values =
        [json!({"a": 1, "b": null}), json!({"a": 1.5}), json!([1, "x"]), json!({"b": [true]})];
    let mut back = values.clone();
    back.reverse();
    assert_eq!(of(&values), of(&back));
}

#[test]
fn members_that_hold_secrets_are_named_apart_and_their_values_handed_over() {
    let value = json!({"user": "ada", "password": "hunter2", "deep": {"api_key": ["k1", 22]}});
    let mut kept = Vec::new();
    let shape = Shape::of(&value, &mut |text| kept.push(text.to_owned()));
    kept.sort();
    assert_eq!(kept, ["22", "hunter2", "k1"]);
    let object = shape.only_object().unwrap();
    let shown: Vec<_> = object.shown().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(shown, ["deep", "user"]);
    // A word that also means other things hides a text, and no more.
    let session = of(&[json!({"session": {"room": 1}, "pass": true, "auth": "x"})]);
    let shown: Vec<_> = session.only_object().unwrap().shown().map(|(n, ..)| n.as_str()).collect();
    assert_eq!(shown, ["pass", "session"]);
    // A member that held a secret once is hidden, whatever it held another time.
    let twice =
        of(&[json!({"x": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}), json!({"x": "plain"})]);
    assert_eq!(twice.only_object().unwrap().shown().count(), 0);
}

#[test]
fn objects_whose_names_are_values_are_tables_and_the_names_are_not_kept() {
    let table = of(&[json!({"ada@example.com": 1, "0a1b2c3d-0000-4000-8000-000000000000": 2})]);
    assert!(table.only_object().unwrap().is_table());
    assert!(!format!("{table:?}").contains("ada"));
    let people = of(&[json!({"ada": 1, "bob": 2}), json!({"eve": 1}), json!({"joe": 7, "tim": 1})]);
    assert!(people.only_object().unwrap().is_table());
    let record = of(&[json!({"id": 1, "name": "x"}), json!({"id": 2, "name": "y", "tag": 1})]);
    assert!(!record.only_object().unwrap().is_table());
}

#[test]
fn shapes_are_held_against_one_another_by_names_two_levels_deep() {
    let shape = of(&[
        json!({"data": {"id": 1, "of": {"x": 1}}, "ok": true, "rows": [{"a": 1}], "none": []}),
    ]);
    let names: Vec<_> = shape.features().into_iter().collect();
    assert_eq!(names, [".data.id", ".data.of", ".none", ".ok", ".rows[].a"]);
}
