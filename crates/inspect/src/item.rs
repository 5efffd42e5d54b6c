use serde_json::Value;

use crate::context::{Context, Place};
use crate::definition::{Owner, icons, name, texts, ui_owner};
use crate::finding::{Finding, Severity};
use crate::text::scan_text;

/// What is suspicious about the instructions a server gives (`initialize`, `server/discover`). Quarantine withholds the
/// instructions; the tools are not affected.
pub fn scan_instructions(instructions: &str, context: &Context<'_>) -> Vec<Finding> {
    scan_text(instructions, &Context { place: Place::Definition, ..*context })
}

/// What is suspicious about the definition of a prompt: its name, icons and every string.
pub fn scan_prompt(prompt: &Value, context: &Context<'_>) -> Vec<Finding> {
    let Value::Object(members) = prompt else {
        return vec![Finding::new(Severity::Reject, "definition", "a prompt is a JSON object")];
    };
    let mut found = name(members);
    found.extend(icons(members));
    found.extend(texts(prompt, context));
    found
}

/// What is suspicious about a resource or resource template: its URI, icons and every string.
///
/// A `ui://` resource of an authority that belongs to another source is rejected.
pub fn scan_resource(resource: &Value, context: &Context<'_>) -> Vec<Finding> {
    let Value::Object(members) = resource else {
        return vec![Finding::new(Severity::Reject, "definition", "a resource is a JSON object")];
    };
    let mut found = Vec::new();
    match members.get("uri").or_else(|| members.get("uriTemplate")) {
        Some(Value::String(uri)) => found.extend(resource_uri(uri, context)),
        _ => found.push(Finding::new(Severity::Reject, "definition", "a resource without a URI")),
    }
    found.extend(icons(members));
    found.extend(texts(resource, context));
    found
}

fn resource_uri(uri: &str, context: &Context<'_>) -> Option<Finding> {
    let is_ui = uri.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("ui:"));
    let foreign = is_ui && !matches!(ui_owner(uri, context), Some(Owner::Own | Owner::Nobody));
    foreign.then(|| Finding::new(Severity::Reject, "foreign-ui", uri).at("/uri"))
}
