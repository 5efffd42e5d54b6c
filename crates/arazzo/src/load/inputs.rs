use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Whole;
use crate::error::{Errors, LoadCode};

/// Where reusable inputs stand in a document.
const SHARED: &str = "#/components/inputs/";

/// The schema of a workflow's inputs as one that stands alone: shared inputs go into its `$defs`.
pub(super) fn schema(
    value: Option<&Value>,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Value {
    let Some(value) = value else {
        return json!({"type": "object", "properties": {}, "additionalProperties": false});
    };
    let shared = whole.components.and_then(|all| all.get("inputs"));
    let shared = shared.and_then(Value::as_object);
    let own = whole_reference(value, shared).unwrap_or(value);
    let Value::Object(own) = own else {
        errors.add(LoadCode::Malformed, place, "a JSON Schema of an object belongs here");
        return Value::Null;
    };
    if !matches!(own.get("type").and_then(Value::as_str), Some("object") | None)
        || own.get("type").is_some_and(|t| !t.is_string())
    {
        errors.add(LoadCode::Malformed, place, "inputs are an object: `type: object`");
    }
    let mut wanted = BTreeSet::new();
    let mut schema = own.clone();
    for part in schema.values_mut() {
        redirect(part, place, &mut wanted, errors);
    }
    schema.entry("type").or_insert_with(|| "object".into());
    define(&mut schema, wanted, shared, place, errors);
    Value::Object(schema)
}

/// Inputs that are nothing but a reference to shared ones.
fn whole_reference<'a>(value: &Value, shared: Option<&'a Map<String, Value>>) -> Option<&'a Value> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    shared?.get(map.get("$ref")?.as_str()?.strip_prefix(SHARED)?)
}

/// Puts the shared inputs that are wanted, and those that they want, into `$defs`.
fn define(
    schema: &mut Map<String, Value>,
    wanted: BTreeSet<String>,
    shared: Option<&Map<String, Value>>,
    place: &str,
    errors: &mut Errors,
) {
    let mut open: Vec<String> = wanted.into_iter().collect();
    let mut defined = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !defined.insert(name.clone()) {
            continue;
        }
        let Some(found) = shared.and_then(|all| all.get(&name)) else {
            let message = format!("there is no `{SHARED}{name}`");
            errors.add(LoadCode::UnknownReference, place, message);
            continue;
        };
        let mut found = found.clone();
        let mut more = BTreeSet::new();
        redirect(&mut found, place, &mut more, errors);
        open.extend(more);
        let defs = schema.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(defs) = defs else {
            errors.add(LoadCode::Malformed, place, "`$defs` is an object");
            return;
        };
        if defs.insert(name.clone(), found).is_some() {
            let message = format!("`{name}` stands in `$defs` and in the shared inputs");
            errors.add(LoadCode::Duplicate, place, message);
        }
    }
}

/// Leads references to shared inputs into `$defs`. Nothing outside the document is ever fetched.
fn redirect(value: &mut Value, place: &str, wanted: &mut BTreeSet<String>, errors: &mut Errors) {
    match value {
        Value::Array(list) => {
            for item in list {
                redirect(item, place, wanted, errors);
            }
        }
        Value::Object(map) => {
            for (name, item) in map.iter_mut() {
                match item {
                    Value::String(text) if name == "$ref" || name == "$dynamicRef" => {
                        if let Some(rest) = text.strip_prefix(SHARED) {
                            let key = rest.split('/').next().unwrap_or_default();
                            wanted.insert(key.to_owned());
                            *text = format!("#/$defs/{rest}");
                        } else if !text.starts_with("#/$defs/") && text != "#" {
                            let message = format!(
                                "`{text}` leads out of the inputs; references lead to \
                                 `{SHARED}…` or `#/$defs/…`"
                            );
                            errors.add(LoadCode::Unsupported, place, message);
                        }
                    }
                    item => redirect(item, place, wanted, errors),
                }
            }
        }
        _ => {}
    }
}

/// Whether the schema describes an input of that name, or may.
pub(super) fn declares(schema: &Value, name: &str) -> bool {
    let has = |name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
    let dotted = name.match_indices('.').any(|(at, _)| name.get(..at).is_some_and(has));
    has(name) || dotted || is_open(schema)
}

fn is_open(schema: &Value) -> bool {
    let says = |name: &str| schema.get(name).is_some();
    ["$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"].into_iter().any(says)
        || schema.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false))
}
