//! Several schemas that hold at once, as one.

use serde_json::{Map, Value, json};

/// Adds what `from` asks for to `into`.
pub(crate) fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match into.get_mut(&name) {
            None => {
                into.insert(name, value);
            }
            Some(own) if *own == value => {}
            Some(own) => join(&name, own, value),
        }
    }
}

fn join(name: &str, own: &mut Value, value: Value) {
    match name {
        "properties" => {
            let (Value::Object(own), Value::Object(others)) = (own, value) else { return };
            for (name, other) in others {
                let both = match own.shift_remove(&name) {
                    Some(first) if first != other => json!({ "allOf": [first, other] }),
                    _ => other,
                };
                own.insert(name, both);
            }
        }
        "required" => {
            let (Value::Array(own), Value::Array(others)) = (own, value) else { return };
            let new: Vec<Value> = others.into_iter().filter(|n| !own.contains(n)).collect();
            own.extend(new);
        }
        "type" => *own = common(&kinds(own), &kinds(&value)),
        "enum" => {
            if let (Some(a), Some(b)) = (own.as_array(), value.as_array()) {
                *own = common(a, b);
            }
        }
        "items" => *own = json!({ "allOf": [own.take(), value] }),
        "additionalProperties" => {
            *own = match (own.take(), value) {
                (Value::Bool(false), _) | (_, Value::Bool(false)) => json!(false),
                (first, second) => json!({ "allOf": [first, second] }),
            };
        }
        _ if is_least(name) && value.as_f64() > own.as_f64() => *own = value,
        _ if is_most(name) && value.as_f64() < own.as_f64() => *own = value,
        // Of what cannot be joined the first counts; the check at the end decides.
        _ => {}
    }
}

fn is_least(name: &str) -> bool {
    name.starts_with("min") || name == "exclusiveMinimum"
}

fn is_most(name: &str) -> bool {
    name.starts_with("max") || name == "exclusiveMaximum"
}

fn kinds(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// What both lists have; an integer is a number.
fn common(own: &[Value], others: &[Value]) -> Value {
    let mut both: Vec<Value> = own.iter().filter(|v| others.contains(v)).cloned().collect();
    let number = |list: &[Value]| list.iter().any(|v| v == "number");
    let integer = |list: &[Value]| list.iter().any(|v| v == "integer");
    if (number(own) && integer(others)) || (integer(own) && number(others)) {
        both.push(json!("integer"));
    }
    Value::Array(both)
}
