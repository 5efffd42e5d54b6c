use serde_json::Value;

/// Most messages that are told of one answer.
const MOST: usize = 5;
/// Most characters of one message.
const LONGEST: usize = 300;

/// Why an answer counts as failed: its `errors` is not null. Its `data`, if any, may still be handed on.
///
/// A service answers a failed operation with status 200, and may answer part of it; so the status says nothing. The
/// text is the service's own: untrusted. An empty list breaks the rules of GraphQL, and counts as failed.
pub fn errors(body: &Value) -> Option<String> {
    let errors = body.get("errors").filter(|errors| !errors.is_null())?;
    let Some(list) = errors.as_array() else {
        return Some("the service answered with `errors` that are no list".to_owned());
    };
    if list.is_empty() {
        return Some("the service answered with `errors`, but names none".to_owned());
    }
    let mut told: Vec<String> = list.iter().take(MOST).map(one).collect();
    if list.len() > MOST {
        told.push(format!("and {} more", list.len() - MOST));
    }
    Some(told.join("; "))
}

fn one(error: &Value) -> String {
    let message =
        error.get("message").and_then(Value::as_str).unwrap_or("an error without a message");
    let mut text: String = message.chars().take(LONGEST).collect();
    if text.len() < message.len() {
        text.push('…');
    }
    match error.get("path").and_then(Value::as_array) {
        Some(path) if !path.is_empty() => format!("{text} (at {})", place(path)),
        _ => text,
    }
}

fn place(path: &[Value]) -> String {
    let steps = path.iter().take(16).map(|step| match step {
        Value::String(name) => name.chars().take(64).collect(),
        other => other.to_string().chars().take(64).collect::<String>(),
    });
    steps.collect::<Vec<_>>().join(".")
}
