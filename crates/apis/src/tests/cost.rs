//! What a call costs: the room it carries, and, when asked for, its instructions.

use std::mem::size_of_val;

use convert::{Body, BodyKind};

use super::*;

/// `POST` of a JSON object with one text.
fn echo() -> Tool {
    let mut echo = tool("echo", "POST", "/echo", &[]);
    echo.recipe.body = Some(Body {
        media_type: "application/json".to_owned(),
        kind: BodyKind::Json,
        required: true,
        members: vec![("text".to_owned(), "text".to_owned())],
        whole: None,
        constants: Vec::new(),
    });
    echo
}

#[tokio::test]
async fn a_call_carries_no_room_for_what_most_calls_do_not_need() {
    let bench = Plan::of(vec![echo()]).build(Server::start(|_, _| answer(200, "{}")).await);
    let call = bench.api.carry_out(clearance("echo", &json!({"text": "x"}), "ada"));
    // It is moved, and its room is allocated anew, for each call.
    assert!(size_of_val(&call) <= 3072, "{} bytes", size_of_val(&call));
}

/// Makes so many calls of 1 KB: 1,000, or as `CALLS` says. To count one of them, run the test's program with two numbers
/// under `valgrind --tool=callgrind` and take the difference.
#[tokio::test]
#[ignore = "for counting"]
async fn calls_of_one_kilobyte() {
    let body = json!({ "text": "x".repeat(1000) });
    let said = body.to_string();
    let server = Server::start(move |_, _| answer(200, &said)).await;
    let bench = Plan::of(vec![echo()]).build(server);
    let calls = ambient::env("CALLS").and_then(|text| text.parse().ok()).unwrap_or(1000);
    for _ in 0..calls {
        let result = bench.call("echo", body.clone()).await;
        assert_eq!(result["structuredContent"], body);
    }
}
