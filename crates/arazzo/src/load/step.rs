use std::time::Duration;

use serde_json::Value;

use super::fields::Fields;
use super::workflow::{Common, outputs};
use super::{Whole, action, id};
use crate::embed::{Embedded, Language};
use crate::error::{Errors, LoadCode};
use crate::expression::Expression;
use crate::model::{Action, Body, Parameter, Place, SourceKind, Step, Target};
use crate::names;
use crate::pointer::Pointer;
use crate::template::Template;

const KNOWN: [&str; 11] = [
    "stepId",
    "description",
    "operationId",
    "operationPath",
    "workflowId",
    "parameters",
    "requestBody",
    "successCriteria",
    "onSuccess",
    "onFailure",
    "outputs",
];
const FROM_1_1: [&str; 2] = ["timeout", "dependsOn"];
/// Parts of Arazzo 1.1 that speak of messages.
const MESSAGES: [&str; 3] = ["channelPath", "correlationId", "action"];

pub(super) fn read(
    value: &Value,
    place: &str,
    whole: &Whole<'_>,
    common: &Common<'_>,
    errors: &mut Errors,
) -> Option<Step> {
    let fields = Fields::of(value, place, errors)?;
    for name in MESSAGES.into_iter().filter(|name| fields.get(name).is_some()) {
        let message = "steps that send or receive messages (AsyncAPI) are not done";
        errors.add(LoadCode::Unsupported, &fields.at(name), message);
    }
    let known: Vec<&str> = KNOWN.into_iter().chain(MESSAGES).chain(["x-portcullis-tool"]).collect();
    fields.only(&known, &FROM_1_1, whole.version, errors);
    let step_id = fields.needed("stepId", errors);
    id(step_id, &fields.at("stepId"), errors);
    let target = target(&fields, whole, errors)?;
    let mut parameters = parameters(&fields, "parameters", whole, errors);
    let own = parameters.len();
    for inherited in &common.parameters {
        let same = |p: &Parameter| p.name == inherited.name && p.place == inherited.place;
        let fits =
            inherited.place.is_some() == wants_places(&target) || matches!(target, Target::Tool(_));
        if fits && !parameters.iter().take(own).any(same) {
            parameters.push(inherited.clone());
        }
    }
    refuse_places(&fields, &target, &parameters, errors);
    let on_success = action::success(&fields, "onSuccess", whole, &common.steps, errors);
    let on_failure = action::failure(&fields, "onFailure", whole, &common.steps, errors);
    Some(Step {
        id: step_id.to_owned(),
        body: body(&fields, &target, whole, errors),
        criteria: action::criteria(&fields, "successCriteria", whole, errors),
        on_success: overridden(on_success, &common.on_success),
        on_failure: overridden(on_failure, &common.on_failure),
        outputs: outputs(&fields, whole, errors),
        timeout: timeout(&fields, errors),
        depends_on: depends_on(&fields, common, errors),
        target,
        parameters,
        reads: Vec::new(),
        carried: Vec::new(),
    })
}

/// The step's own actions, then those of the workflow that it does not override by name.
fn overridden(own: Vec<Action>, inherited: &[Action]) -> Vec<Action> {
    let mut all = own;
    let count = all.len();
    for action in inherited {
        if !all.iter().take(count).any(|a| a.name == action.name) {
            all.push(action.clone());
        }
    }
    all
}

/// Whether parameters of a call of it say where they go.
fn wants_places(target: &Target) -> bool {
    matches!(target, Target::Operation { .. } | Target::Path { .. })
}

fn target(fields: &Fields<'_>, whole: &Whole<'_>, errors: &mut Errors) -> Option<Target> {
    let operation = fields.text("operationId", errors);
    let path = fields.text("operationPath", errors);
    let workflow = fields.text("workflowId", errors);
    let tool = fields.text("x-portcullis-tool", errors);
    let named = [operation, path, workflow].into_iter().flatten().count();
    if named > 1 || (named == 0 && tool.is_none()) {
        let message = "a step has exactly one of operationId, operationPath, workflowId and \
            x-portcullis-tool (which may stand beside one of the others and then counts)";
        errors.add(LoadCode::Malformed, &fields.place, message);
        return None;
    }
    let described = match (operation, path, workflow) {
        (Some(id), ..) => operation_target(id, &fields.at("operationId"), whole, errors),
        (_, Some(path), _) => path_target(path, &fields.at("operationPath"), whole, errors),
        (.., Some(id)) => workflow_target(id, &fields.at("workflowId"), whole, errors),
        _ => None,
    };
    match tool {
        Some(tool) if tool.is_empty() || tool.len() > 128 || names::is_poison(tool) => {
            let message = "the name of a tool belongs here, as agents know it";
            errors.add(LoadCode::BadName, &fields.at("x-portcullis-tool"), message);
            None
        }
        Some(tool) => Some(Target::Tool(tool.to_owned())),
        None => described,
    }
}

fn operation_target(
    text: &str,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Target> {
    if let Named::There(source, id) = qualified(text, place, whole, errors)? {
        return Some(Target::Operation { source: Some(source), id });
    }
    if whole.sources.iter().filter(|s| s.kind == SourceKind::OpenApi).count() > 1 {
        let message =
            format!("there are several sources: write `$sourceDescriptions.<name>.{text}`");
        errors.add(LoadCode::UnknownReference, place, message);
        return None;
    }
    let source = whole.sources.iter().find(|s| s.kind == SourceKind::OpenApi);
    Some(Target::Operation { source: source.map(|s| s.name.clone()), id: text.to_owned() })
}

/// A workflow of this document or, as `$sourceDescriptions.<name>.<id>`, of another.
pub(super) fn workflow_target(
    text: &str,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Target> {
    if let Named::There(source, id) = qualified(text, place, whole, errors)? {
        return Some(Target::Foreign { source, id });
    }
    if !whole.workflows.contains(&text) {
        let message = format!("there is no workflow `{text}` in this document");
        errors.add(LoadCode::UnknownReference, place, message);
        return None;
    }
    Some(Target::Workflow(text.to_owned()))
}

/// Where something named is to be looked for.
enum Named {
    /// By the text itself.
    Here,
    /// In that source description, by that id.
    There(String, String),
}

/// `$sourceDescriptions.<name>.<id>` taken apart; none if it is not right.
fn qualified(text: &str, place: &str, whole: &Whole<'_>, errors: &mut Errors) -> Option<Named> {
    if !text.starts_with('$') {
        if text.is_empty() || names::is_poison(text) {
            errors.add(LoadCode::BadName, place, "a name belongs here");
            return None;
        }
        return Some(Named::Here);
    }
    let Ok(Expression::Source { name, reference }) = Expression::parse(text) else {
        let message = "an expression here is `$sourceDescriptions.<name>.<id>`";
        errors.add(LoadCode::BadExpression, place, message);
        return None;
    };
    known_source(&name, place, whole, errors)?;
    Some(Named::There(name, reference))
}

fn known_source(name: &str, place: &str, whole: &Whole<'_>, errors: &mut Errors) -> Option<()> {
    if whole.source(name).is_none() {
        let message = format!("there is no source description `{name}`");
        errors.add(LoadCode::UnknownReference, place, message);
        return None;
    }
    Some(())
}

/// `{$sourceDescriptions.<name>.url}#/paths/…`
fn path_target(text: &str, place: &str, whole: &Whole<'_>, errors: &mut Errors) -> Option<Target> {
    let parts = text.strip_prefix('{').and_then(|rest| rest.split_once("}#"));
    let read = parts.and_then(|(expression, pointer)| {
        let Ok(Expression::Source { name, reference }) = Expression::parse(expression) else {
            return None;
        };
        let pointer = Pointer::parse(pointer).ok()?;
        (reference == "url").then_some((name, pointer))
    });
    let Some((source, pointer)) = read else {
        let message = "an operationPath is `{$sourceDescriptions.<name>.url}#/paths/…`";
        errors.add(LoadCode::BadExpression, place, message);
        return None;
    };
    known_source(&source, place, whole, errors)?;
    Some(Target::Path { source, pointer })
}

/// A list of parameters, reused ones resolved.
pub(super) fn parameters(
    fields: &Fields<'_>,
    member: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = Vec::new();
    for (value, place) in fields.list(member, errors) {
        let Some(read) = parameter(value, &place, whole, errors) else { continue };
        if all.iter().any(|p| p.name == read.name && p.place == read.place) {
            let message = format!("there are two of the parameter `{}`", read.name);
            errors.add(LoadCode::Duplicate, &place, message);
        }
        all.push(read);
    }
    all
}

fn parameter(
    value: &Value,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Parameter> {
    let fields = Fields::of(value, place, errors)?;
    if let Some(reference) = fields.text("reference", errors) {
        fields.only(&["reference", "value"], &[], whole.version, errors);
        let at = fields.at("reference");
        let (component, at) = whole.component("parameters", reference, &at, errors)?;
        let mut read = parameter_itself(&Fields::of(component, &at, errors)?, whole, errors)?;
        if let Some(other) = fields.get("value") {
            let at = fields.at("value");
            read.value = Template::read_or_select(other, &at, whole.is_1_1(), errors);
        }
        return Some(read);
    }
    parameter_itself(&fields, whole, errors)
}

fn parameter_itself(
    fields: &Fields<'_>,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Parameter> {
    fields.only(&["name", "in", "value"], &[], whole.version, errors);
    let name = fields.needed("name", errors);
    if name.is_empty() || names::is_poison(name) {
        errors.add(LoadCode::BadName, &fields.at("name"), "the name of a parameter belongs here");
    }
    let place = match fields.text("in", errors) {
        None => None,
        Some("path") => Some(Place::Path),
        Some("query") => Some(Place::Query),
        Some("header") => Some(Place::Header),
        Some("cookie") => Some(Place::Cookie),
        Some(other) => {
            let message = format!("`in: {other}` is not done: path, query, header or cookie");
            errors.add(LoadCode::Unsupported, &fields.at("in"), message);
            return None;
        }
    };
    let Some(value) = fields.get("value") else {
        errors.add(LoadCode::Malformed, &fields.place, "`value` is missing");
        return None;
    };
    let value = Template::read_or_select(value, &fields.at("value"), whole.is_1_1(), errors);
    Some(Parameter { name: name.to_owned(), place, value })
}

fn refuse_places(
    fields: &Fields<'_>,
    target: &Target,
    parameters: &[Parameter],
    errors: &mut Errors,
) {
    if matches!(target, Target::Tool(_)) {
        return;
    }
    let wanted = wants_places(target);
    for parameter in parameters.iter().filter(|p| p.place.is_some() != wanted) {
        let name = &parameter.name;
        let message = if wanted {
            format!("`{name}` says nothing of where it goes: `in` is missing")
        } else {
            format!("`{name}` is an input of a workflow and has no `in`")
        };
        errors.add(LoadCode::Malformed, &fields.at("parameters"), message);
    }
}

fn body(
    fields: &Fields<'_>,
    target: &Target,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Body> {
    let body = Fields::of(fields.get("requestBody")?, &fields.at("requestBody"), errors)?;
    if matches!(target, Target::Workflow(_) | Target::Foreign { .. }) {
        errors.add(LoadCode::Malformed, &body.place, "a workflow has inputs and no request body");
    }
    body.only(&["contentType", "payload", "replacements"], &[], whole.version, errors);
    let content_type = body.text("contentType", errors).map(str::to_owned);
    let payload = match body.get("payload") {
        Some(value) => payload(value, content_type.as_deref(), &body.at("payload"), errors),
        None => Template::Literal(Value::Null),
    };
    let mut replacements = Vec::new();
    for (value, place) in body.list("replacements", errors) {
        replacements.extend(replacement(value, &place, whole, errors));
    }
    Some(Body { content_type, payload, replacements })
}

/// A payload. A text that is JSON with expressions in it becomes JSON once the values are in their places.
fn payload(
    value: &Value,
    content_type: Option<&str>,
    place: &str,
    errors: &mut Errors,
) -> Template {
    let is_json = content_type.is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    let text = value.as_str().filter(|t| is_json && t.trim_start().starts_with(['{', '[']));
    let Some(text) = text.filter(|t| !t.trim_start().starts_with("{$")) else {
        return Template::read(value, place, errors);
    };
    match Embedded::parse(text) {
        Ok(embedded) => {
            let sample = embedded.sample(Language::Json);
            let limits = protocol::json::Limits::REQUEST;
            if let Err(e) = protocol::json::value(sample.as_bytes(), limits) {
                let message = format!("the payload is no JSON with values in its places: {e}");
                errors.add(LoadCode::Malformed, place, message);
            }
            Template::Json(embedded)
        }
        Err(e) => {
            errors.add(LoadCode::BadExpression, place, e.to_string());
            Template::Literal(Value::Null)
        }
    }
}

fn replacement(
    value: &Value,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<(Pointer, Template)> {
    let fields = Fields::of(value, place, errors)?;
    fields.only(&["target", "value"], &["targetSelectorType"], whole.version, errors);
    let kind = crate::selector::kind(fields.get("targetSelectorType"));
    if fields.get("targetSelectorType").is_some() && kind != Some("jsonpointer") {
        let message = "only JSON Pointers are done as targets";
        errors.add(LoadCode::Unsupported, &fields.at("targetSelectorType"), message);
        return None;
    }
    let pointer = match Pointer::parse(fields.needed("target", errors)) {
        Ok(pointer) => pointer,
        Err(e) => {
            let message = format!("the target is no JSON Pointer (XPath is not done): {e}");
            errors.add(LoadCode::BadCondition, &fields.at("target"), message);
            return None;
        }
    };
    let Some(value) = fields.get("value") else {
        errors.add(LoadCode::Malformed, &fields.place, "`value` is missing");
        return None;
    };
    let value = Template::read_or_select(value, &fields.at("value"), whole.is_1_1(), errors);
    Some((pointer, value))
}

/// Milliseconds.
fn timeout(fields: &Fields<'_>, errors: &mut Errors) -> Option<Duration> {
    let millis = fields.get("timeout")?.as_u64().filter(|m| (1..=86_400_000).contains(m));
    if millis.is_none() {
        let message = "a timeout is in milliseconds, from 1 to 86400000";
        errors.add(LoadCode::Malformed, &fields.at("timeout"), message);
    }
    millis.map(Duration::from_millis)
}

fn depends_on(fields: &Fields<'_>, common: &Common<'_>, errors: &mut Errors) -> Option<Vec<usize>> {
    fields.get("dependsOn")?;
    let mut all = Vec::new();
    for (value, place) in fields.list("dependsOn", errors) {
        let text = value.as_str().unwrap_or_default();
        let name = text.strip_prefix("$steps.").unwrap_or(text);
        let at = common.steps.iter().position(|id| *id == name);
        if at.is_none() {
            let message = format!("there is no step `{name}` in this workflow");
            errors.add(LoadCode::UnknownReference, &place, message);
        }
        all.extend(at);
    }
    Some(all)
}
