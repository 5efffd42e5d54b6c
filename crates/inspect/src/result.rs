use serde_json::Value;

use crate::context::Context;
use crate::definition::split_over_items;
use crate::finding::{Finding, Severity, join};
use crate::text::scan_result_text;
use crate::walk::{Met, strings};

/// What is suspicious about a result, an error or a notification: labels for its strings and member names, at every
/// depth, and for lists whose items only together make an order.
pub fn scan_result(result: &Value, context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    strings(result, |met| {
        if !is_binary(met) {
            let here = scan_result_text(met.text, context);
            found.extend(here.into_iter().map(|f| f.at(met.path(""))));
        }
    });
    found.extend(split_over_items(result, &|text| scan_result_text(text, context)));
    found
}

/// What is suspicious about the result of `prompts/get`: as for any result, and each message that a source puts into
/// the assistant's mouth.
pub fn scan_prompt_result(result: &Value, context: &Context<'_>) -> Vec<Finding> {
    let mut found = scan_result(result, context);
    let messages = result.get("messages").and_then(Value::as_array).into_iter().flatten();
    for (index, message) in messages.enumerate() {
        if message.get("role").and_then(Value::as_str) == Some("assistant") {
            let at = join("/messages", &index.to_string());
            found.push(Finding::new(Severity::Label, "assistant-turn", "role assistant").at(at));
        }
    }
    found
}

/// Pictures, sound and files travel as base64 (`data` of image and audio content, `blob` of resources).
fn is_binary(met: &Met<'_, '_>) -> bool {
    !met.is_name
        && matches!(met.member(), Some("data" | "blob"))
        && met.text.len() > 64
        && met.text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}
