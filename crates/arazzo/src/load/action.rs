use std::time::Duration;

use serde_json::Value;

use super::fields::Fields;
use super::{Whole, key, step};
use crate::condition::Condition;
use crate::criterion::Criterion;
use crate::error::{Errors, LoadCode};
use crate::expression::Expression;
use crate::model::{Action, First, Parameter, Then, Transfer};
use crate::selector::{self, Path, XPATH};

/// Most times that one failed step is tried again.
const MAX_RETRIES: u64 = 100;
/// Longest time between two tries, in seconds.
const MAX_AFTER: f64 = 86_400.0;

/// What follows success.
pub(super) fn success(
    fields: &Fields<'_>,
    member: &str,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Vec<Action> {
    list(fields, member, "successActions", whole, steps, errors)
}

/// What follows failure.
pub(super) fn failure(
    fields: &Fields<'_>,
    member: &str,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Vec<Action> {
    list(fields, member, "failureActions", whole, steps, errors)
}

fn list(
    fields: &Fields<'_>,
    member: &str,
    kind: &str,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Vec<Action> {
    let mut all: Vec<Action> = Vec::new();
    for (value, place) in fields.list(member, errors) {
        let Some(read) = action(value, &place, kind, whole, steps, errors) else { continue };
        if all.iter().any(|a| a.name == read.name) {
            let message = format!("there are two of the action `{}`", read.name);
            errors.add(LoadCode::Duplicate, &place, message);
        }
        all.push(read);
    }
    all
}

fn action(
    value: &Value,
    place: &str,
    kind: &str,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Option<Action> {
    let fields = Fields::of(value, place, errors)?;
    let Some(reference) = fields.text("reference", errors) else {
        return action_itself(&fields, kind, whole, steps, errors);
    };
    fields.only(&["reference"], &[], whole.version, errors);
    let (component, at) = whole.component(kind, reference, &fields.at("reference"), errors)?;
    action_itself(&Fields::of(component, &at, errors)?, kind, whole, steps, errors)
}

fn action_itself(
    fields: &Fields<'_>,
    kind: &str,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Option<Action> {
    let of_failure = kind == "failureActions";
    let mut known = vec!["name", "type", "workflowId", "stepId", "criteria"];
    if of_failure {
        known.extend(["retryAfter", "retryLimit"]);
    }
    fields.only(&known, &["parameters"], whole.version, errors);
    let name = fields.needed("name", errors);
    key(name, &fields.at("name"), errors);
    let criteria = criteria(fields, "criteria", whole, errors);
    let Ok(leads_to) = destination(fields, whole, steps, errors) else { return None };
    let then = match (fields.needed("type", errors), leads_to) {
        ("end", None) => Then::End,
        ("goto", Some(First::Step(at))) => Then::Step(at),
        ("goto", Some(First::Workflow(transfer))) => Then::Workflow(transfer),
        ("retry", first) if of_failure => retry(fields, first, errors),
        ("goto", None) => {
            return wrong(fields, "a goto names a stepId or a workflowId", errors);
        }
        ("end", Some(_)) => return wrong(fields, "an end leads nowhere", errors),
        _ => return wrong(fields, "the type is end or goto, after a failure also retry", errors),
    };
    Some(Action { name: name.to_owned(), criteria, then })
}

fn wrong(fields: &Fields<'_>, message: &str, errors: &mut Errors) -> Option<Action> {
    errors.add(LoadCode::Malformed, &fields.place, message);
    None
}

/// What is wrong has been told.
struct Told;

/// Where an action leads, if anywhere.
fn destination(
    fields: &Fields<'_>,
    whole: &Whole<'_>,
    steps: &[&str],
    errors: &mut Errors,
) -> Result<Option<First>, Told> {
    let parameters: Vec<Parameter> = step::parameters(fields, "parameters", whole, errors);
    if let Some(p) = parameters.iter().find(|p| p.place.is_some()) {
        let message = format!("`{}` is an input of a workflow and has no `in`", p.name);
        errors.add(LoadCode::Malformed, &fields.at("parameters"), message);
    }
    match (fields.text("stepId", errors), fields.text("workflowId", errors)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            let message = "an action leads to a step or to a workflow, not to both";
            errors.add(LoadCode::Malformed, &fields.place, message);
            Err(Told)
        }
        (Some(name), None) => {
            let Some(at) = steps.iter().position(|id| *id == name) else {
                let message = format!("there is no step `{name}` in this workflow");
                errors.add(LoadCode::UnknownReference, &fields.at("stepId"), message);
                return Err(Told);
            };
            Ok(Some(First::Step(at)))
        }
        (None, Some(name)) => {
            let target = step::workflow_target(name, &fields.at("workflowId"), whole, errors);
            let target = target.ok_or(Told)?;
            Ok(Some(First::Workflow(Transfer { target, parameters })))
        }
    }
}

fn retry(fields: &Fields<'_>, first: Option<First>, errors: &mut Errors) -> Then {
    let after = match fields.get("retryAfter") {
        None => Duration::ZERO,
        Some(value) => match value.as_f64() {
            Some(seconds) if (0.0..=MAX_AFTER).contains(&seconds) => {
                Duration::from_secs_f64(seconds)
            }
            _ => {
                let message = "retryAfter is in seconds, from 0 to 86400";
                errors.add(LoadCode::Malformed, &fields.at("retryAfter"), message);
                Duration::ZERO
            }
        },
    };
    let limit = match fields.get("retryLimit") {
        None => 1,
        Some(value) => {
            let limit = value.as_u64().filter(|n| *n <= MAX_RETRIES);
            if limit.is_none() {
                let message = format!("retryLimit is a number from 0 to {MAX_RETRIES}");
                errors.add(LoadCode::Malformed, &fields.at("retryLimit"), message);
            }
            limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or_default()
        }
    };
    Then::Retry { after, limit, first }
}

/// A list of criteria.
pub(super) fn criteria(
    fields: &Fields<'_>,
    member: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Vec<Criterion> {
    let items = fields.list(member, errors);
    items.iter().filter_map(|(value, place)| criterion(value, place, whole, errors)).collect()
}

fn criterion(
    value: &Value,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Criterion> {
    let fields = Fields::of(value, place, errors)?;
    fields.only(&["context", "condition", "type"], &[], whole.version, errors);
    let condition = fields.needed("condition", errors);
    let kind = match fields.get("type") {
        None => "simple",
        Some(Value::String(kind)) => kind.as_str(),
        Some(object) => selector::kind(Some(object)).unwrap_or_default(),
    };
    let context = match fields.text("context", errors).map(Expression::parse) {
        None => None,
        Some(Ok(context)) => Some(context),
        Some(Err(e)) => {
            errors.add(LoadCode::BadExpression, &fields.at("context"), e.to_string());
            return None;
        }
    };
    let read = match (kind, context) {
        ("simple", _) => Condition::parse(condition).map(Criterion::Simple),
        ("regex" | "jsonpath", None) => {
            errors.add(LoadCode::Malformed, place, "this type of criterion needs a `context`");
            return None;
        }
        ("regex", Some(context)) => Criterion::regex(context, condition),
        ("jsonpath", Some(context)) => {
            Path::read(condition).map(|path| Criterion::JsonPath(context, path))
        }
        ("xpath", _) => {
            errors.add(LoadCode::Unsupported, &fields.at("type"), XPATH);
            return None;
        }
        _ => {
            let message = "the type of a criterion is simple, regex or jsonpath, the last as a \
                word or with a version that is read here (rfc9535)";
            errors.add(LoadCode::Malformed, &fields.at("type"), message);
            return None;
        }
    };
    match read {
        Ok(criterion) => Some(criterion),
        Err(message) => {
            errors.add(LoadCode::BadCondition, &fields.at("condition"), message);
            None
        }
    }
}
