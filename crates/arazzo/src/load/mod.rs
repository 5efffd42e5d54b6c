//! From a tree to a document, with everything that is wrong with it.

mod action;
mod check;
mod cycles;
mod fields;
mod inputs;
mod step;
mod workflow;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde_json::Value;

use crate::error::{Errors, LoadCode, LoadError};
use crate::expression::Expression;
use crate::limits::MAX_WORKFLOWS;
use crate::model::{Document, SourceDescription, SourceKind, Version};
use crate::{names, read};
use fields::Fields;

/// What the parts of a document need to know of the whole.
struct Whole<'a> {
    version: Version,
    sources: Vec<SourceDescription>,
    /// Ids of all workflows, as they stand.
    workflows: Vec<&'a str>,
    components: Option<&'a Value>,
}

/// Reads and checks a document.
pub(crate) fn load(text: &[u8]) -> Result<Document, Vec<LoadError>> {
    let tree = read::read(text).map_err(|e| vec![e])?;
    let mut errors = Errors::default();
    refuse_poison(&tree, "", &mut errors);
    let Some(root) = Fields::of(&tree, "", &mut errors) else {
        return errors.into_result(Document::default());
    };
    let Some(version) = version(&root, &mut errors) else {
        return errors.into_result(Document::default());
    };
    let known = ["arazzo", "info", "sourceDescriptions", "workflows", "components"];
    root.only(&known, &["$self"], version, &mut errors);
    let document = document(&root, version, &mut errors);
    if errors.is_empty() {
        let mut document = document;
        cycles::refuse(&document, &mut errors);
        check::references(&mut document, &mut errors);
        return errors.into_result(document);
    }
    errors.into_result(document)
}

fn version(root: &Fields<'_>, errors: &mut Errors) -> Option<Version> {
    match root.needed("arazzo", errors) {
        "1.0.0" => Some(Version::V1_0_0),
        "1.0.1" => Some(Version::V1_0_1),
        "1.1.0" => Some(Version::V1_1_0),
        other => {
            let message = format!("`{other}` is not read here: it is 1.0.0, 1.0.1 or 1.1.0");
            errors.add(LoadCode::UnsupportedVersion, "/arazzo", message);
            None
        }
    }
}

fn document(root: &Fields<'_>, version: Version, errors: &mut Errors) -> Document {
    let (title, description) = info(root, version, errors);
    let sources = sources(root, version, errors);
    let items = root.list("workflows", errors);
    if items.is_empty() {
        errors.add(LoadCode::Malformed, "/workflows", "at least one workflow belongs here");
    }
    if items.len() > MAX_WORKFLOWS {
        errors.add(LoadCode::TooLarge, "/workflows", format!("{MAX_WORKFLOWS} at most"));
    }
    let id = |value: &'_ Value| value.get("workflowId").and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<String> = items.iter().filter_map(|(value, _)| id(value)).collect();
    refuse_twice(ids.iter().map(String::as_str), "/workflows", "workflow", errors);
    components(root, version, errors);
    let whole = Whole {
        version,
        sources,
        workflows: ids.iter().map(String::as_str).collect(),
        components: root.get("components"),
    };
    let workflows = items
        .iter()
        .filter_map(|(value, place)| workflow::read(value, place, &whole, errors))
        .collect();
    let own_uri = root.text("$self", errors).map(str::to_owned);
    Document { version, title, description, sources: whole.sources, workflows, own_uri }
}

fn info(root: &Fields<'_>, version: Version, errors: &mut Errors) -> (String, Option<String>) {
    let Some(info) = root.get("info").and_then(|info| Fields::of(info, "/info", errors)) else {
        errors.add(LoadCode::Malformed, "", "`info` is missing");
        return (String::new(), None);
    };
    info.only(&["title", "summary", "description", "version"], &[], version, errors);
    let _ = info.needed("version", errors);
    let title = info.needed("title", errors).to_owned();
    let description = info.text("description", errors).or(info.text("summary", errors));
    (title, description.map(str::to_owned))
}

fn sources(root: &Fields<'_>, version: Version, errors: &mut Errors) -> Vec<SourceDescription> {
    let items = root.list("sourceDescriptions", errors);
    if items.is_empty() {
        let message = "at least one source description belongs here";
        errors.add(LoadCode::Malformed, "/sourceDescriptions", message);
    }
    let mut sources = Vec::new();
    for (value, place) in items {
        let Some(fields) = Fields::of(value, &place, errors) else { continue };
        fields.only(&["name", "url", "type"], &[], version, errors);
        let name = fields.needed("name", errors);
        id(name, &fields.at("name"), errors);
        let kind = match fields.text("type", errors) {
            None | Some("openapi") => SourceKind::OpenApi,
            Some("arazzo") => SourceKind::Arazzo,
            Some(other) => {
                let message = format!("sources of type `{other}` are not done: openapi or arazzo");
                errors.add(LoadCode::Unsupported, &fields.at("type"), message);
                continue;
            }
        };
        let url = fields.needed("url", errors).to_owned();
        sources.push(SourceDescription { name: name.to_owned(), url, kind });
    }
    let all = sources.iter().map(|s| s.name.as_str());
    refuse_twice(all, "/sourceDescriptions", "source description", errors);
    sources
}

/// Kinds and keys of components; what is in them is read where it is used.
fn components(root: &Fields<'_>, version: Version, errors: &mut Errors) {
    let Some(value) = root.get("components") else { return };
    let Some(fields) = Fields::of(value, "/components", errors) else { return };
    let kinds = ["inputs", "parameters", "successActions", "failureActions"];
    fields.only(&kinds, &[], version, errors);
    for kind in kinds {
        for (name, _, place) in fields.members(kind, errors) {
            key(name, &place, errors);
        }
    }
}

impl<'a> Whole<'a> {
    /// A component by the reference to it (`$components.parameters.page`), and its place.
    fn component(
        &self,
        kind: &str,
        reference: &str,
        place: &str,
        errors: &mut Errors,
    ) -> Option<(&'a Value, String)> {
        let found = match Expression::parse(reference) {
            Ok(Expression::Component { kind: named, name }) if named == kind => {
                let within = self.components.and_then(|all| all.get(kind));
                within.and_then(|all| all.get(&name)).map(|v| (v, name))
            }
            _ => {
                let message = format!("a reference here is `$components.{kind}.<name>`");
                errors.add(LoadCode::BadExpression, place, message);
                return None;
            }
        };
        if found.is_none() {
            let message = format!("there is no `{reference}`");
            errors.add(LoadCode::UnknownReference, place, message);
        }
        found.map(|(value, name)| (value, format!("/components/{kind}/{name}")))
    }

    fn is_1_1(&self) -> bool {
        self.version >= Version::V1_1_0
    }

    fn source(&self, name: &str) -> Option<&SourceDescription> {
        self.sources.iter().find(|s| s.name == name)
    }
}

/// An id of a step, workflow or source.
fn id(name: &str, place: &str, errors: &mut Errors) {
    let message = if names::is_reserved(name) {
        format!("`{name}` means something to programs; choose another name")
    } else if names::is_id(name) {
        return;
    } else {
        format!("`{name}` is no name: letters, digits, `-` and `_`, 128 at most")
    };
    errors.add(LoadCode::BadName, place, message);
}

/// The name of an output or component.
fn key(name: &str, place: &str, errors: &mut Errors) {
    let message = if names::is_reserved(name) {
        format!("`{name}` means something to programs; choose another name")
    } else if names::is_key(name) {
        return;
    } else {
        format!("`{name}` is no name: letters, digits, `.`, `-` and `_`, 128 at most")
    };
    errors.add(LoadCode::BadName, place, message);
}

fn refuse_twice<'n>(
    all: impl Iterator<Item = &'n str>,
    place: &str,
    what: &str,
    errors: &mut Errors,
) {
    let mut seen = HashSet::new();
    for name in all {
        if !seen.insert(name) {
            let message = format!("there are two of the {what} `{name}`");
            errors.add(LoadCode::Duplicate, place, message);
        }
    }
}

/// `__proto__` may be the name of nothing, at any depth.
fn refuse_poison(value: &Value, place: &str, errors: &mut Errors) {
    match value {
        Value::Array(list) => {
            for (n, item) in list.iter().enumerate() {
                refuse_poison(item, &format!("{place}/{n}"), errors);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                if names::is_poison(name) {
                    errors.add(LoadCode::BadName, place, "no member may be called `__proto__`");
                }
                refuse_poison(item, &format!("{place}/{name}"), errors);
            }
        }
        _ => {}
    }
}
