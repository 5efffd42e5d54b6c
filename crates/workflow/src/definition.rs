use arazzo::{Document, Workflow};
use bytes::Bytes;
use serde_json::{Map, Value};

/// The definitions of all workflows as one raw array, in the words of the modern era.
pub(crate) fn list(document: &Document) -> Bytes {
    let all: Vec<Value> = document.workflows.iter().map(definition).collect();
    Value::Array(all).to_string().into()
}

fn definition(workflow: &Workflow) -> Value {
    let mut out = Map::new();
    out.insert("name".to_owned(), workflow.id.clone().into());
    let description = workflow.description.as_ref().or(workflow.summary.as_ref());
    if let (Some(title), Some(_)) = (&workflow.summary, &workflow.description) {
        out.insert("title".to_owned(), title.clone().into());
    }
    if let Some(description) = description {
        out.insert("description".to_owned(), description.clone().into());
    }
    out.insert("inputSchema".to_owned(), workflow.inputs.clone());
    Value::Object(out)
}
