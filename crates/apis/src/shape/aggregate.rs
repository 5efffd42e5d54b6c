use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::Path;

/// A figure about an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// How many elements a list has, or how many values there are at places with `*`.
    Count(Path),
    /// The sum of the numbers there; exact for integers.
    Sum(Path),
    /// Fields, types and counts of the elements of a list.
    Summary(Path),
}

impl Aggregate {
    pub(super) fn of(&self, whole: &Value) -> Value {
        match self {
            Self::Count(path) => json!(count(path, whole)),
            Self::Sum(path) => sum(&path.all(whole)),
            Self::Summary(path) => path.first(whole).map_or(Value::Null, summary),
        }
    }
}

fn count(path: &Path, whole: &Value) -> usize {
    match path.first(whole) {
        Some(Value::Array(elements)) if path.is_single() => elements.len(),
        _ => path.all(whole).len(),
    }
}

fn sum(values: &[&Value]) -> Value {
    let numbers = || values.iter().filter_map(|v| v.as_number());
    let exact = numbers().try_fold(0_i128, |sum, n| sum.checked_add(n.as_i128()?));
    match exact {
        Some(sum) => Number::from_i128(sum).map_or(Value::Null, Value::Number),
        None => json!(numbers().filter_map(Number::as_f64).sum::<f64>()),
    }
}

fn summary(value: &Value) -> Value {
    let Value::Array(elements) = value else {
        return json!({ "type": kind(value) });
    };
    let mut fields: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for element in elements {
        match element {
            Value::Object(members) => {
                for (name, member) in members {
                    *fields.entry(name).or_default().entry(kind(member)).or_default() += 1;
                }
            }
            other => *others.entry(kind(other)).or_default() += 1,
        }
    }
    let mut summary = Map::new();
    summary.insert("count".into(), json!(elements.len()));
    if !fields.is_empty() {
        summary.insert("fields".into(), json!(fields));
    }
    if !others.is_empty() {
        summary.insert("types".into(), json!(others));
    }
    Value::Object(summary)
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
