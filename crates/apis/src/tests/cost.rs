//! What a call costs: the room it carries.

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
