use bytes::Bytes;
use convert::Tool;
use model::Effect;
use serde_json::{Map, Value, json};

use crate::api::Operation;
use crate::view::{VIEW, View};

/// The definitions of all tools as one raw array, in the words of the modern era.
pub(crate) fn list<'a>(operations: impl Iterator<Item = &'a Operation>) -> Bytes {
    let all: Vec<Value> = operations.map(definition).collect();
    Value::Array(all).to_string().into()
}

fn definition(operation: &Operation) -> Value {
    let tool = &operation.tool;
    let mut out = Map::new();
    out.insert("name".into(), json!(tool.name));
    if let Some(title) = &tool.title {
        out.insert("title".into(), json!(title));
    }
    out.insert("description".into(), json!(tool.description));
    out.insert("inputSchema".into(), input(operation));
    // A result of which parts are left out need not fit the schema of the whole.
    if let (Some(schema), None) = (&tool.output_schema, &operation.shape) {
        out.insert("outputSchema".into(), schema.clone());
    }
    out.insert("annotations".into(), annotations(tool));
    Value::Object(out)
}

fn annotations(tool: &Tool) -> Value {
    json!({
        "readOnlyHint": tool.effect == Effect::Read,
        "destructiveHint": tool.effect == Effect::Destructive,
        "idempotentHint": tool.idempotent,
        "openWorldHint": true,
    })
}

fn input(operation: &Operation) -> Value {
    let mut schema = operation.tool.input_schema.clone();
    let pages = operation.paging.as_ref().map(|_| operation.pages);
    if !operation.has_view() {
        return schema;
    }
    let view = View::schema(operation.shape.is_some(), pages);
    if let Some(properties) = schema
        .as_object_mut()
        .map(|s| s.entry("properties").or_insert_with(|| json!({})))
        .and_then(Value::as_object_mut)
    {
        properties.insert(VIEW.to_owned(), view);
    }
    schema
}
