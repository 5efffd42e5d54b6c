//! Single keywords of a schema, in the words of 2020-12.

use serde_json::{Map, Value, json};

use super::operation::Reader;
use super::schema::Direction;

/// `nullable` of 3.0: null is allowed beside whatever else is told.
pub(super) fn nullable(out: &mut Map<String, Value>) {
    const ELSEWHERE: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];
    const TEXTS: [&str; 4] = ["title", "description", "deprecated", "default"];
    if ELSEWHERE.iter().any(|k| out.contains_key(*k)) {
        let (texts, rules): (Map<_, _>, Map<_, _>) =
            std::mem::take(out).into_iter().partition(|(name, _)| TEXTS.contains(&name.as_str()));
        *out = texts;
        out.insert("anyOf".into(), json!([rules, { "type": "null" }]));
        return;
    }
    match out.get_mut("type") {
        Some(Value::Array(many)) if !many.iter().any(|k| k == "null") => many.push(json!("null")),
        Some(kind) if kind.is_string() => *kind = json!([kind.take(), "null"]),
        _ => {}
    }
    if let Some(Value::Array(values)) = out.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

pub(super) fn kind(value: &Value) -> Option<Value> {
    const KINDS: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
    let known = |kind: &Value| kind.as_str().is_some_and(|k| KINDS.contains(&k));
    match value {
        Value::String(_) if known(value) => Some(value.clone()),
        Value::Array(many) => {
            let mut kinds: Vec<Value> = many.iter().filter(|k| known(k)).cloned().collect();
            kinds.dedup();
            (!kinds.is_empty()).then_some(Value::Array(kinds))
        }
        _ => None,
    }
}

/// The values, as the type wants them: YAML reads `on` and `1` as something else than text.
pub(super) fn enumeration(value: &Value, all: &Map<String, Value>) -> Option<Value> {
    let values = value.as_array().filter(|v| !v.is_empty())?;
    let text = all.get("type").and_then(Value::as_str) == Some("string");
    let mut out: Vec<Value> = Vec::new();
    for value in values {
        let value = match value {
            Value::Number(_) | Value::Bool(_) if text => json!(value.to_string()),
            other => other.clone(),
        };
        if !out.contains(&value) {
            out.push(value);
        }
    }
    Some(Value::Array(out))
}

/// Required names that can be there: what is not sent, or neither described nor allowed, cannot be asked for.
pub(super) fn names(
    value: &Value,
    all: &Map<String, Value>,
    direction: Direction,
    reader: &Reader<'_>,
) -> Option<Value> {
    let properties = all.get("properties").and_then(Value::as_object);
    let hidden = |name: &str| {
        properties.and_then(|p| p.get(name)).is_some_and(|s| is_hidden(s, direction, reader))
    };
    let composed = ["allOf", "anyOf", "oneOf"].iter().any(|k| all.contains_key(*k));
    // What must be sent must be sent even where the description does not say what it is, unless it forbids it.
    let open =
        direction == Direction::Sent && all.get("additionalProperties") != Some(&json!(false));
    let known = |name: &str| composed || open || properties.is_none_or(|p| p.contains_key(name));
    let mut names: Vec<&str> = Vec::new();
    for name in value.as_array()?.iter().filter_map(Value::as_str) {
        if known(name) && !hidden(name) && name != "__proto__" && !names.contains(&name) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| json!(names))
}

/// Whether a member does not go this way, by what stands beside its reference, where that leads, or what it is made of.
pub(super) fn is_hidden(schema: &Value, direction: Direction, reader: &Reader<'_>) -> bool {
    let flag = match direction {
        Direction::Sent => "readOnly",
        Direction::Received => "writeOnly",
    };
    let set = |s: &Value| s.get(flag) == Some(&Value::Bool(true));
    let told = |s: &Value| set(s) || reader.resolved(s).is_ok_and(set);
    let parts = reader.resolved(schema).ok().and_then(|s| s.get("allOf")?.as_array());
    told(schema) || parts.into_iter().flatten().any(told)
}

/// Members that must be sent and are not described: anything goes, but something has to.
pub(super) fn describe_required(out: &mut Map<String, Value>) {
    let Some(Value::Array(required)) = out.get("required").cloned() else { return };
    let Some(Value::Object(properties)) = out.get_mut("properties") else { return };
    for name in required.iter().filter_map(Value::as_str) {
        if !properties.contains_key(name) {
            properties.insert(name.to_owned(), json!({}));
        }
    }
}

pub(super) fn whole(value: &Value) -> Option<Value> {
    if value.as_u64().is_some() {
        return Some(value.clone());
    }
    let number = value.as_f64().filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 9e15)?;
    format!("{number:.0}").parse::<u64>().ok().map(|n| json!(n))
}

/// Bytes that one compiled pattern may take: what is larger is refused where arguments are held against it.
const PATTERN: usize = 1 << 18;

/// Whether a pattern can be matched in linear time: no look-around, no reference to what was matched before, and no
/// counted repetition that makes it huge.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let lawful = pattern.len() <= 1000 && regex_syntax::Parser::new().parse(pattern).is_ok();
    lawful && (repetitions(pattern) <= 100 || fits(pattern))
}

/// What all counted repetitions come to if they stand within each other.
fn repetitions(pattern: &str) -> u64 {
    let counts = pattern.split('{').skip(1).filter_map(|rest| {
        let inside = rest.split('}').next()?;
        inside.rsplit(',').find_map(|n| n.trim().parse::<u64>().ok())
    });
    counts.fold(1, |all, n| all.saturating_mul(n.max(1)))
}

fn fits(pattern: &str) -> bool {
    regex::RegexBuilder::new(pattern).size_limit(PATTERN).build().is_ok()
}
