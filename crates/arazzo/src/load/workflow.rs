use serde_json::Value;

use super::fields::Fields;
use super::{Whole, action, id, inputs, key, refuse_twice, step};
use crate::error::{Errors, LoadCode};
use crate::limits::MAX_STEPS;
use crate::model::{Action, Parameter, Workflow};
use crate::template::Template;

/// What stands at a workflow and holds for all its steps.
pub(super) struct Common<'a> {
    /// Ids of its steps, as they stand.
    pub(super) steps: Vec<&'a str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) on_success: Vec<Action>,
    pub(super) on_failure: Vec<Action>,
}

pub(super) fn read(
    value: &Value,
    place: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Option<Workflow> {
    let fields = Fields::of(value, place, errors)?;
    let known = [
        "workflowId",
        "summary",
        "description",
        "inputs",
        "dependsOn",
        "steps",
        "successActions",
        "failureActions",
        "outputs",
        "parameters",
        "x-portcullis-sequential",
    ];
    fields.only(&known, &[], whole.version, errors);
    let workflow_id = fields.needed("workflowId", errors);
    id(workflow_id, &fields.at("workflowId"), errors);
    let items = fields.list("steps", errors);
    if items.is_empty() || items.len() > MAX_STEPS {
        let message = format!("one to {MAX_STEPS} steps belong here");
        errors.add(LoadCode::Malformed, &fields.at("steps"), message);
    }
    let step_id = |value: &'_ Value| value.get("stepId").and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<String> = items.iter().filter_map(|(value, _)| step_id(value)).collect();
    refuse_twice(ids.iter().map(String::as_str), &fields.at("steps"), "step", errors);
    let steps: Vec<&str> = ids.iter().map(String::as_str).collect();
    let common = Common {
        parameters: step::parameters(&fields, "parameters", whole, errors),
        on_success: action::success(&fields, "successActions", whole, &steps, errors),
        on_failure: action::failure(&fields, "failureActions", whole, &steps, errors),
        steps,
    };
    let steps =
        items.iter().filter_map(|(v, at)| step::read(v, at, whole, &common, errors)).collect();
    Some(Workflow {
        id: workflow_id.to_owned(),
        summary: fields.text("summary", errors).map(str::to_owned),
        description: fields.text("description", errors).map(str::to_owned),
        inputs: inputs::schema(fields.get("inputs"), &fields.at("inputs"), whole, errors),
        depends_on: depends_on(&fields, workflow_id, whole, errors),
        steps,
        outputs: outputs(&fields, whole, errors),
        sequential: flag(&fields, "x-portcullis-sequential", errors),
    })
}

/// Outputs of a workflow or step, in order.
pub(super) fn outputs(
    fields: &Fields<'_>,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Vec<(String, Template)> {
    let members = fields.members("outputs", errors);
    members
        .into_iter()
        .map(|(name, value, place)| {
            key(name, &place, errors);
            let fits = value.is_string() || whole.is_1_1() && value.is_object();
            if !fits {
                let message = "an output is an expression, or from 1.1.0 a Selector Object";
                errors.add(LoadCode::Malformed, &place, message);
            }
            let template = Template::read_or_select(value, &place, whole.is_1_1(), errors);
            (name.to_owned(), template)
        })
        .collect()
}

fn depends_on(
    fields: &Fields<'_>,
    own: &str,
    whole: &Whole<'_>,
    errors: &mut Errors,
) -> Vec<String> {
    let mut all = Vec::new();
    for (value, place) in fields.list("dependsOn", errors) {
        let Some(name) = value.as_str() else {
            errors.add(LoadCode::Malformed, &place, "the id of a workflow belongs here");
            continue;
        };
        if name == own {
            errors.add(LoadCode::Cycle, &place, "a workflow cannot wait for itself");
        } else if !whole.workflows.contains(&name) {
            let message = format!("there is no workflow `{name}` in this document");
            errors.add(LoadCode::UnknownReference, &place, message);
        }
        all.push(name.to_owned());
    }
    all
}

fn flag(fields: &Fields<'_>, name: &str, errors: &mut Errors) -> bool {
    match fields.get(name) {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            errors.add(LoadCode::Malformed, &fields.at(name), "true or false belongs here");
            false
        }
    }
}
