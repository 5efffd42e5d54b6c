//! What came of a step, in the words of a workflow.

use std::time::Duration;

use arazzo::{Reply, StepReply};
use gate::Vetted;
use protocol::json::{Limits, value};
use protocol::rpc::Id;
use serde_json::Value;

/// Status and header fields that a converted API gives beside its result.
const HTTP: &str = "portcullis/http";
/// What a workflow says of how it ended.
pub(crate) const WORKFLOW: &str = "portcullis/workflow";

/// Codes of calls that were made, or might be made later: the document may try again. All others end the workflow.
const TRIABLE: [(&str, u16); 6] = [
    ("rate_limited", 429),
    ("too_many_concurrent", 429),
    ("upstream_failed", 502),
    ("upstream_timeout", 504),
    ("upstream_down", 503),
    ("result_too_large", 502),
];

/// What came of a step. Criteria of the document see of an MCP tool: its structured result, or its text read as JSON,
/// or its text; the status that an API gave, and else 200, or 500 for a failure.
pub(crate) fn reply(vetted: Vetted) -> Reply {
    let wait = vetted.wait();
    let text = vetted.into_message(Some(&Id::number(1))).into_bytes();
    let Ok(message) = value(&text, Limits::REPLY) else {
        return refused("internal", "the answer of a step cannot be read");
    };
    match (message.get("result"), message.get("error")) {
        (Some(result), _) => of_result(result),
        (_, Some(error)) => of_error(error, wait),
        _ => refused("internal", "the answer of a step cannot be read"),
    }
}

fn refused(code: &str, message: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), message: message.to_owned() }
}

fn of_error(error: &Value, wait: Option<Duration>) -> Reply {
    let message = error.get("message").and_then(Value::as_str).unwrap_or("refused");
    let code = error.get("data").and_then(|data| data.get("code")).and_then(Value::as_str);
    let Some(code) = code else {
        // The words of whoever stands behind the gate: an answer, if no good one.
        let body = Value::String(message.to_owned());
        return answered(StepReply {
            status: Some(500),
            body,
            failed: true,
            ..StepReply::default()
        });
    };
    match TRIABLE.into_iter().find(|(triable, _)| *triable == code) {
        Some((_, status)) => answered(StepReply {
            status: Some(status),
            body: Value::String(format!("{code}: {message}")),
            failed: true,
            retry_after: wait,
            ..StepReply::default()
        }),
        None => refused(code, message),
    }
}

fn of_result(result: &Value) -> Reply {
    let beside = |key: &str| result.get("_meta").and_then(|meta| meta.get(key));
    if result.get("resultType").and_then(Value::as_str) == Some("input_required") {
        return refused("workflow_step_asks", "the step asks for something, and nobody can answer");
    }
    let failed = result.get("isError") == Some(&Value::Bool(true));
    if failed && let Some(inner) = beside(WORKFLOW).filter(|w| w.get("refused").is_some()) {
        let code = inner.get("code").and_then(Value::as_str).unwrap_or("workflow_step_failed");
        return refused(code, &text_of(result));
    }
    let http = beside(HTTP);
    let status = http.and_then(|h| h.get("status")).and_then(Value::as_u64);
    let status = status.and_then(|s| u16::try_from(s).ok());
    let headers = http.and_then(|h| h.get("headers")).and_then(Value::as_object);
    let headers: Vec<(String, String)> = headers
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let retry_after = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .map(Duration::from_secs);
    answered(StepReply {
        status: status.or(Some(if failed { 500 } else { 200 })),
        body: body(result, http.is_some(), failed),
        headers,
        failed,
        retry_after,
        ..StepReply::default()
    })
}

fn answered(reply: StepReply) -> Reply {
    Reply::Answered(reply)
}

fn body(result: &Value, is_api: bool, failed: bool) -> Value {
    let text = text_of(result);
    let Some(structured) = result.get("structuredContent") else {
        // A converted API puts its status before the words of an error.
        let words = match text.split_once(": ") {
            Some((said, words)) if is_api && failed && said.starts_with("HTTP ") => words,
            _ => text.as_str(),
        };
        return as_json(words).unwrap_or_else(|| Value::String(words.to_owned()));
    };
    // What is no object stands under `body` in a structured result, and as it is in the text.
    let wrapped = structured.as_object().filter(|s| is_api && s.len() == 1);
    match wrapped.and_then(|s| s.get("body")) {
        Some(inner) if as_json(&text).as_ref() == Some(inner) => inner.clone(),
        _ => structured.clone(),
    }
}

/// The text of a result: of its first block, if that is text.
fn text_of(result: &Value) -> String {
    let blocks = result.get("content").and_then(Value::as_array);
    let first = blocks.and_then(|blocks| blocks.first());
    first.and_then(|b| b.get("text")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn as_json(text: &str) -> Option<Value> {
    value(text.as_bytes(), Limits::REPLY).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(result: &Value) -> StepReply {
        match of_result(result) {
            Reply::Answered(reply) => reply,
            Reply::Refused { code, message } => panic!("{code}: {message}"),
        }
    }

    #[test]
    fn a_result_is_seen_as_structure_or_json_or_text() {
        let text = |t: &str| json!({"content": [{"type": "text", "text": t}]});
        assert_eq!(answer(&text("hello")).body, json!("hello"));
        assert_eq!(answer(&text("{\"a\":1}")).body, json!({"a": 1}));
        let mut both = text("something else");
        both["structuredContent"] = json!({"b": 2});
        assert_eq!(answer(&both).body, json!({"b": 2}));
        assert_eq!((answer(&both).status, answer(&both).failed), (Some(200), false));
        both["isError"] = json!(true);
        assert_eq!((answer(&both).status, answer(&both).failed), (Some(500), true));
    }

    #[test]
    fn an_api_tells_its_status_and_headers_and_a_list_is_a_list() {
        let of_api = answer(&json!({
            "content": [{"type": "text", "text": "[1]"}],
            "structuredContent": {"body": [1]},
            "_meta": {HTTP: {"status": 206, "headers": {"retry-after": "7", "x-a": "b"}}},
        }));
        assert_eq!((of_api.status, &of_api.body), (Some(206), &json!([1])));
        assert_eq!(of_api.retry_after, Some(Duration::from_secs(7)));
        let with_a_body = answer(&json!({
            "content": [{"type": "text", "text": "{\"body\":[1]}"}],
            "structuredContent": {"body": [1]},
            "_meta": {HTTP: {"status": 200}},
        }));
        assert_eq!(with_a_body.body, json!({"body": [1]}));
        let error = answer(&json!({
            "content": [{"type": "text", "text": "HTTP 404 Not Found: {\"why\":\"gone\"}"}],
            "isError": true,
            "_meta": {HTTP: {"status": 404}},
        }));
        assert_eq!((error.status, error.body), (Some(404), json!({"why": "gone"})));
    }

    #[test]
    fn a_refusal_ends_and_a_trouble_may_be_tried_again() {
        let error = |code: &str| json!({"code": -1, "message": "no", "data": {"code": code}});
        for code in [
            "policy_denied",
            "unavailable",
            "approval_unavailable",
            "quarantined",
            "audit_unavailable",
        ] {
            assert_eq!(of_error(&error(code), None), refused(code, "no"), "{code}");
        }
        for (code, status) in TRIABLE {
            let Reply::Answered(reply) = of_error(&error(code), Some(Duration::from_secs(1)))
            else {
                panic!("{code}");
            };
            assert_eq!((reply.status, reply.failed), (Some(status), true), "{code}");
            assert_eq!(reply.retry_after, Some(Duration::from_secs(1)));
        }
    }
}
