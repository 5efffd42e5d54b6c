//! What is written of each request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convert::{Location, Tool, request};
use serde_json::{Map, Value, json};

use crate::value::Seed;

/// Texts that show whether a value is encoded once, and whole.
const SPICES: [&str; 6] = ["two words", "a&b=c", "50% +1", "Zürich", "x%2Fy", "q?r#s"];

/// The arguments with texts that need encoding, wherever the schema takes any text.
pub(crate) fn spiced(tool: &Tool, arguments: Value, schema: &inspect::Schema) -> Value {
    let mut arguments = arguments;
    for (n, parameter) in tool.recipe.parameters.iter().enumerate() {
        if !matches!(parameter.location, Location::Query | Location::Path)
            || parameter.content.is_some()
        {
            continue;
        }
        let before = arguments.clone();
        let free = tool
            .input_schema
            .pointer("/properties")
            .and_then(|p| p.get(&parameter.argument))
            .and_then(Value::as_object)
            .is_some_and(|s| {
                s.get("type") == Some(&json!("string"))
                    && !["pattern", "format", "enum", "contentEncoding", "maxLength", "allOf"]
                        .iter()
                        .any(|k| s.contains_key(*k))
            });
        let Some(own) = arguments.get_mut(&parameter.argument).filter(|_| free) else { continue };
        *own = json!(SPICES[Seed::of(&tool.name).with(n).pick(SPICES.len())]);
        if schema.validate(&arguments).is_err() {
            arguments = before;
        }
    }
    arguments
}

fn head(place: &str, tool: &Tool, rich: bool) -> Value {
    json!({
        "document": place,
        "method": tool.recipe.method,
        "path": tool.recipe.path,
        "operation": tool.operation_id,
        "tool": tool.name,
        "rich": rich,
    })
}

/// A tool that no arguments could be made for.
pub(crate) fn failed(place: &str, tool: &Tool, rich: bool, reason: &str) -> Value {
    let mut line = head(place, tool, rich);
    line["no_arguments"] = json!(reason);
    line
}

/// The request of a call, or why there is none.
pub(crate) fn made(place: &str, tool: &Tool, rich: bool, arguments: &Map<String, Value>) -> Value {
    let mut line = head(place, tool, rich);
    match request(&tool.recipe, arguments) {
        Err(e) => line["refused"] = json!({ "code": e.code, "message": e.message }),
        Ok(made) => {
            line["url"] = json!(made.url.as_str());
            line["headers"] = json!(made.headers);
            if let Some(body) = made.body {
                line["type"] = json!(body.content_type);
                line["body"] = json!(STANDARD.encode(&body.bytes));
            }
            line["sent"] = sent(tool, arguments);
        }
    }
    line
}

/// The plain values, by place and name on the wire: what must come out where the request is taken apart.
fn sent(tool: &Tool, arguments: &Map<String, Value>) -> Value {
    let plain = |parameter: &&convert::Parameter| parameter.content.is_none();
    let texts = tool.recipe.parameters.iter().filter(plain).filter_map(|parameter| {
        let value = parameter.fixed.as_ref().or_else(|| arguments.get(&parameter.argument))?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return None,
        };
        let place = match parameter.location {
            Location::Path => "path",
            Location::Query => "query",
            Location::Header => "header",
            Location::Cookie => "cookie",
        };
        Some(json!([place, parameter.wire, text]))
    });
    Value::Array(texts.collect())
}
