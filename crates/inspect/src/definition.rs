use serde_json::{Map, Value};

use crate::context::{Context, Place};
use crate::finding::{Finding, Severity, join};
use crate::lookalike::disguised_word;
use crate::param_header::param_headers;
use crate::text::scan_text;
use crate::walk::{Met, strings};

/// Everything suspicious about the definition of a tool, as its source sent it.
///
/// Reads every string and every member name at every depth, and what has a meaning of its own: the name, the icons,
/// `_meta.ui.resourceUri`, `x-mcp-header`. Whether the schema compiles is for [`crate::Schema::compile`].
pub fn scan_definition(tool: &Value, context: &Context<'_>) -> Vec<Finding> {
    let Value::Object(members) = tool else {
        return vec![Finding::new(Severity::Reject, "definition", "a tool is a JSON object")];
    };
    let mut found = name(members);
    found.extend(input_schema(members));
    if let Some(schema) = members.get("inputSchema") {
        found.extend(param_headers(schema));
        for side in ["inputSchema", "outputSchema"] {
            found.extend(
                members.get(side).into_iter().flat_map(|s| schema_members(s, &join("", side))),
            );
        }
    }
    found.extend(icons(members));
    found.extend(ui_resource(members, context));
    found.extend(texts(tool, context));
    found
}

/// Findings in every string and member name of `value`.
pub(crate) fn texts(value: &Value, context: &Context<'_>) -> Vec<Finding> {
    let context = Context { place: Place::Definition, ..*context };
    let mut found = Vec::new();
    strings(value, |met| {
        if is_image(met) {
            return;
        }
        found.extend(scan_text(met.text, &context).into_iter().map(|f| f.at(met.path(""))));
        if met.is_name && !met.text.is_ascii() {
            let disguise = disguised_word(met.text)
                .map(|w| Finding::new(Severity::Quarantine, "look-alike", w).at(met.path("")));
            found.extend(disguise);
        }
    });
    found.extend(split_over_items(value, &|text| scan_text(text, &context)));
    found
}

/// Pictures travel as text; there is nothing in them to read.
fn is_image(met: &Met<'_, '_>) -> bool {
    !met.is_name
        && met.is_under("icons")
        && met.member() == Some("src")
        && met.text.starts_with("data:image/")
}

/// Orders spread over the items of one list, where no item alone says anything.
pub(crate) fn split_over_items(value: &Value, scan: &dyn Fn(&str) -> Vec<Finding>) -> Vec<Finding> {
    const MOST: usize = 64;
    let mut found = Vec::new();
    let mut stack = vec![(value, String::new())];
    while let Some((value, path)) = stack.pop() {
        match value {
            Value::Array(items) => {
                let parts: Vec<&str> = items.iter().take(MOST).filter_map(Value::as_str).collect();
                if parts.len() > 1 && !parts.iter().any(|p| p.len() > 1024 || !scan(p).is_empty()) {
                    let joined = scan(&parts.join(" "));
                    found.extend(
                        joined
                            .into_iter()
                            .filter(|f| f.rule != "encoded-payload")
                            .map(|f| f.at(path.clone())),
                    );
                }
                stack.extend(
                    items
                        .iter()
                        .enumerate()
                        .filter(|(_, v)| !v.is_string())
                        .map(|(i, v)| (v, join(&path, &i.to_string()))),
                );
            }
            Value::Object(members) => {
                stack.extend(
                    members
                        .iter()
                        .filter(|(_, v)| !v.is_string())
                        .map(|(n, v)| (v, join(&path, n))),
                );
            }
            _ => {}
        }
    }
    found
}

/// A name that cannot be exposed (2026-07-28, server/tools: 1 to 128 of `[A-Za-z0-9_.-]`; `/` is met in the wild).
pub(crate) fn name(members: &Map<String, Value>) -> Vec<Finding> {
    let reason = match members.get("name") {
        Some(Value::String(name)) => match model::expose(None, name) {
            Ok(_) => return Vec::new(),
            Err(_) => name.as_str(),
        },
        _ => "the name is missing or is no string",
    };
    vec![Finding::new(Severity::Reject, "name", reason).at("/name")]
}

/// What `inputSchema` must be: an object that describes an object.
fn input_schema(members: &Map<String, Value>) -> Vec<Finding> {
    let wrong = |reason: &str| {
        vec![Finding::new(Severity::Reject, "input-schema", reason).at("/inputSchema")]
    };
    let Some(Value::Object(schema)) = members.get("inputSchema") else {
        return wrong("inputSchema is missing or is no JSON object");
    };
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "object" => Vec::new(),
        Some(_) => wrong("inputSchema does not describe an object"),
        None => vec![
            Finding::new(
                Severity::Label,
                "input-schema",
                "inputSchema does not say that it describes an object",
            )
            .at("/inputSchema"),
        ],
    }
}

/// In every `properties` of a schema: members called `__proto__`; in every `required`: names without a property. Both
/// are left out of what agents are shown.
fn schema_members(schema: &Value, root: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut stack = vec![(schema, root.to_owned())];
    while let Some((value, path)) = stack.pop() {
        let Value::Object(members) = value else { continue };
        let properties = members.get("properties").and_then(Value::as_object);
        if properties.is_some_and(|p| p.contains_key("__proto__")) {
            let at = join(&join(&path, "properties"), "__proto__");
            found.push(Finding::new(Severity::Strip, "reserved-property", "__proto__").at(at));
        }
        found.extend(required_without_property(members, properties, &path));
        crate::schema::each_subschema(members, |steps, sub| {
            stack.push((sub, steps.iter().fold(path.clone(), |p, s| join(&p, s))));
        });
    }
    found
}

/// Lawful JSON Schema, but nobody can know what to send. Not said where properties may be described elsewhere.
fn required_without_property(
    members: &Map<String, Value>,
    properties: Option<&Map<String, Value>>,
    path: &str,
) -> Vec<Finding> {
    const ELSEWHERE: [&str; 8] = [
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "patternProperties",
        "additionalProperties",
    ];
    let elsewhere = |k: &str| members.get(k).is_some_and(|v| !v.is_boolean());
    let required = members.get("required").and_then(Value::as_array);
    let (Some(properties), Some(required)) = (properties, required) else { return Vec::new() };
    if ELSEWHERE.iter().any(|k| elsewhere(k)) {
        return Vec::new();
    }
    let named = required.iter().enumerate().filter_map(|(at, name)| Some((at, name.as_str()?)));
    named
        .filter(|(_, name)| *name == "__proto__" || !properties.contains_key(*name))
        .map(|(at, name)| {
            Finding::new(Severity::Strip, "required-unknown", name)
                .at(join(&join(path, "required"), &at.to_string()))
        })
        .collect()
}

/// Icons whose source is neither `https:` nor `data:` (2025-11-25 and later, icons).
pub(crate) fn icons(members: &Map<String, Value>) -> Vec<Finding> {
    let Some(icons) = members.get("icons") else { return Vec::new() };
    let strip =
        |path: String, reason: &str| Finding::new(Severity::Strip, "unsafe-icon", reason).at(path);
    let Value::Array(icons) = icons else {
        return vec![strip("/icons".to_owned(), "icons is no list")];
    };
    let unsafe_icon = |(index, icon): (usize, &Value)| {
        let at = join("/icons", &index.to_string());
        match icon.get("src").and_then(Value::as_str) {
            Some(src) if is_safe_icon(src) => None,
            Some(src) => Some(strip(at, src)),
            None => Some(strip(at, "an icon without src")),
        }
    };
    icons.iter().enumerate().filter_map(unsafe_icon).collect()
}

fn is_safe_icon(src: &str) -> bool {
    let scheme_is = |s: &str| src.get(..s.len()).is_some_and(|head| head.eq_ignore_ascii_case(s));
    let plain = src.bytes().all(|b| b.is_ascii_graphic());
    plain && (scheme_is("https://") || scheme_is("data:image/"))
}

/// `_meta.ui.resourceUri` (and its older spelling): a `ui://` resource of this source, never another's.
fn ui_resource(members: &Map<String, Value>, context: &Context<'_>) -> Vec<Finding> {
    let Some(meta) = members.get("_meta") else { return Vec::new() };
    let places = [
        ("/_meta/ui/resourceUri", meta.get("ui").and_then(|ui| ui.get("resourceUri"))),
        ("/_meta/ui~1resourceUri", meta.get("ui/resourceUri")),
    ];
    let judge = |(at, uri): (&'static str, Option<&Value>)| {
        let finding = match uri? {
            Value::String(uri) => match ui_owner(uri, context) {
                Some(Owner::Own) => return None,
                Some(Owner::Nobody) => Finding::new(Severity::Label, "ui-unclaimed", uri),
                Some(Owner::Other) | None => Finding::new(Severity::Quarantine, "foreign-ui", uri),
            },
            _ => Finding::new(Severity::Quarantine, "foreign-ui", "resourceUri is no string"),
        };
        Some(finding.at(at))
    };
    places.into_iter().filter_map(judge).collect()
}

/// Whose a `ui://` URI is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The source's: its own name, or an authority among its resources.
    Own,
    /// Another source's.
    Other,
    /// Nobody has claimed the authority yet.
    Nobody,
}

/// Whose `uri` is; `None` when it is no plain `ui://authority/path` URI.
pub(crate) fn ui_owner(uri: &str, context: &Context<'_>) -> Option<Owner> {
    let rest = uri.strip_prefix("ui://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest).to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if authority.is_empty()
        || !authority.bytes().all(plain)
        || !rest.bytes().all(|b| b.is_ascii_graphic())
    {
        return None;
    }
    Some(if authority == context.source.to_ascii_lowercase() {
        Owner::Own
    } else if context.others.owns_ui(&authority) {
        Owner::Other
    } else if context.own_ui.iter().any(|own| own.eq_ignore_ascii_case(&authority)) {
        Owner::Own
    } else {
        Owner::Nobody
    })
}
