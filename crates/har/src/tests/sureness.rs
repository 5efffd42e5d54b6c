//! How sure it is of a tool.

use crate::{Confidence, Options, har};

use super::*;

fn item(n: u64) -> Call {
    get(&format!("/items/{n}")).answers(&json!({"id": n, "name": "x"}))
}

fn mark(calls: &[Call]) -> (Confidence, Vec<String>) {
    let converted = converted(calls);
    only(&converted);
    (converted.marks[0].confidence, converted.marks[0].reasons.clone())
}

#[test]
fn a_mark_rises_with_different_calls_and_not_with_the_same_call_again() {
    assert_eq!(mark(&[item(1)]).0, Confidence::Low);
    assert_eq!(mark(&[item(1), item(2), item(3)]).0, Confidence::Medium);
    let five: Vec<Call> = (1..=5).map(item).collect();
    assert_eq!(mark(&five).0, Confidence::High);
    let same: Vec<Call> = (1..=5).map(|_| item(1)).collect();
    let (confidence, reasons) = mark(&same);
    assert_eq!(
        (confidence, reasons[0].as_str()),
        (Confidence::Low, "5 recorded calls, all the same")
    );
    assert_eq!(reasons[1], "`item_id` is a place by its form: a number, 1 value seen");
    // Where nothing can differ, the same call again is all there is.
    let plain: Vec<Call> = (0..5).map(|_| get("/me").answers(&json!({"id": 1}))).collect();
    assert_eq!(mark(&plain).0, Confidence::High);
}

#[test]
fn a_place_that_is_guessed_or_an_answer_that_is_missing_is_never_high() {
    let words = ["ada", "bob", "eve", "joe", "tim", "zoe"];
    let users: Vec<Call> = words
        .iter()
        .map(|n| get(&format!("/users/{n}")).answers(&json!({"a": 1, "b": 2})))
        .collect();
    assert_eq!(mark(&users).0, Confidence::Medium);
    let silent: Vec<Call> = (1..=6).map(|n| get(&format!("/items/{n}"))).collect();
    let (confidence, reasons) = mark(&silent);
    assert_eq!(confidence, Confidence::Medium);
    assert!(reasons.iter().any(|r| r.starts_with("no answer was recorded")), "{reasons:?}");
}

#[test]
fn a_tool_that_lost_a_secret_of_its_body_is_of_low_confidence_and_says_so() {
    let log_in = |n: u64| {
        let body = json!({"user": format!("u{n}"), "password": format!("hunter{n}")});
        call("POST", "https://api.example.com/login").sends(&body).answers(&json!({"ok": true}))
    };
    let calls: Vec<Call> = (0..6).map(log_in).collect();
    let (confidence, reasons) = mark(&calls);
    assert_eq!(confidence, Confidence::Low);
    assert!(
        reasons.iter().any(|r| r.starts_with("the member `password` held a secret")),
        "{reasons:?}"
    );
}

#[test]
fn the_mark_stands_in_the_description_and_an_operator_can_ask_for_more() {
    let mut calls: Vec<Call> = (1..=5).map(item).collect();
    calls.push(get("/once").answers(&json!({"a": 1})));
    let all = converted(&calls);
    let told = &all.tools[0].description;
    assert_eq!(
        told,
        "GET /items/{item_id}\n\nLearned from recorded traffic. Confidence: high (5 recorded calls; `item_id` is a \
         place by its form: a number, 5 values seen)."
    );
    let options = Options { least: Confidence::Medium, ..Options::default() };
    let sure = har(&text(&calls), &options).unwrap();
    assert_eq!(names(&sure), ["get_items_item_id"]);
    assert_eq!(
        (sure.skipped[0].place.as_str(), sure.skipped[0].code),
        ("GET /once", "low_confidence")
    );
    assert_eq!((sure.calls, sure.entries), (5, 6));
}
