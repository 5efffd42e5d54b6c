use std::collections::HashSet;

use serde_json::Value;

use crate::finding::{Finding, Severity, join};
use crate::schema::each_subschema;

/// Annotations `x-mcp-header` of an input schema that a client must not honour (2026-07-28, server/tools): each is an
/// RFC 9110 token, unlike every other without regard to case, on a string, integer or boolean that is reached through
/// `properties` alone. One bad annotation rejects the tool: its headers would be forged or ambiguous.
pub(crate) fn param_headers(schema: &Value) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut stack = vec![(schema, "/inputSchema".to_owned(), false, true)];
    while let Some((schema, path, is_property, reachable)) = stack.pop() {
        let Value::Object(members) = schema else { continue };
        if let Some(annotation) = members.get("x-mcp-header") {
            let reason = if !is_property || !reachable {
                Some("not reached through properties alone")
            } else if !is_primitive(schema) {
                Some("not on a string, integer or boolean")
            } else {
                misnamed(annotation, &mut seen)
            };
            if let Some(reason) = reason {
                let at = join(&path, "x-mcp-header");
                let shown = annotation.as_str().unwrap_or_default();
                found.push(
                    Finding::new(Severity::Reject, "param-header", &format!("{reason}: {shown}"))
                        .at(at),
                );
            }
        }
        each_subschema(members, |steps, sub| {
            let via_properties = steps.first() == Some(&"properties");
            let at = steps.iter().fold(path.clone(), |p, s| join(&p, s));
            stack.push((sub, at, via_properties, reachable && via_properties));
        });
    }
    found
}

fn is_primitive(schema: &Value) -> bool {
    let lawful = |kind: &str| matches!(kind, "string" | "integer" | "boolean");
    match schema.get("type") {
        Some(Value::String(kind)) => lawful(kind),
        // A nullable one: null means no header.
        Some(Value::Array(kinds)) => {
            let mut named = kinds.iter().map(Value::as_str).filter(|k| *k != Some("null"));
            named.next().is_some_and(|k| k.is_some_and(lawful)) && named.next().is_none()
        }
        _ => false,
    }
}

fn misnamed(annotation: &Value, seen: &mut HashSet<String>) -> Option<&'static str> {
    let Value::String(name) = annotation else { return Some("no text") };
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        Some("no RFC 9110 token")
    } else if !seen.insert(name.to_ascii_lowercase()) {
        Some("the same header twice")
    } else {
        None
    }
}
