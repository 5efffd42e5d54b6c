//! From a step and the values so far to a call.

use serde_json::{Map, Value};

use super::run::{Engine, Status, What};
use super::{Argument, Call, Payload};
use crate::model::{Body, Parameter, Step, Target, Transfer};
use crate::scope::{Scope, Unresolved};
use crate::template::Template;

impl Engine {
    /// Calls a step that may begin. What cannot be put together ends the workflow.
    pub(super) fn call_step(&mut self, at: usize) {
        let Some(call) = self.build(at) else { return };
        self.set(at, Status::Busy);
        self.ask_for(call, |call| What::Step(at, call));
    }

    /// The call of a step, counted, without a ticket yet.
    pub(super) fn build(&mut self, at: usize) -> Option<Call> {
        let id = self.step(at)?.id.clone();
        if !self.counts(Some(&id)) {
            return None;
        }
        let built = {
            let scope = Scope::new(&self.document, &self.kept, self.limits.bytes);
            self.step(at).map(|step| fill(step, &scope))?
        };
        match built {
            Ok(call) => Some(call),
            Err(e) => {
                let message = format!("the call cannot be put together: {e}");
                self.fail_at(at, code_of(&e), message);
                None
            }
        }
    }

    /// Calls a workflow that has to run first. It gets those of the inputs here that it declares.
    pub(super) fn call_needed(&mut self, id: &str) {
        if !self.counts(None) {
            return;
        }
        let declared = self.document.workflow(id).and_then(|w| w.inputs.get("properties"));
        let declared = declared.and_then(Value::as_object);
        let mut inputs = Map::new();
        for name in declared.into_iter().flat_map(Map::keys) {
            if let Some(value) = self.kept.inputs.get(name) {
                inputs.insert(name.clone(), value.clone());
            }
        }
        let arguments = inputs
            .iter()
            .map(|(name, value)| Argument { name: name.clone(), place: None, value: value.clone() })
            .collect();
        let inputs = Value::Object(inputs);
        let (id, target) = (id.to_owned(), Target::Workflow(id.to_owned()));
        let step = id.clone();
        let call = Call { ticket: 0, step, target, arguments, body: None, timeout: None };
        self.ask_for(call, |_| What::Needed { id, inputs });
    }

    /// The call of a workflow that an action leads to, without a ticket yet.
    pub(super) fn transfer_call(&mut self, at: usize, transfer: &Transfer) -> Option<Call> {
        let step = self.step(at)?.id.clone();
        if !self.counts(Some(&step)) {
            return None;
        }
        let scope = Scope::new(&self.document, &self.kept, self.limits.bytes);
        match arguments(&transfer.parameters, &[], &scope) {
            Ok(arguments) => {
                let target = transfer.target.clone();
                Some(Call { ticket: 0, step, target, arguments, body: None, timeout: None })
            }
            Err(e) => {
                let message = format!("the call cannot be put together: {e}");
                self.fail_at(at, code_of(&e), message);
                None
            }
        }
    }
}

/// The code of a call that cannot be put together.
pub(super) fn code_of(e: &Unresolved) -> &'static str {
    match e {
        Unresolved::TooLarge(_) => "workflow_too_large",
        _ => "workflow_no_value",
    }
}

fn fill(step: &Step, scope: &Scope<'_>) -> Result<Call, Unresolved> {
    Ok(Call {
        ticket: 0,
        step: step.id.clone(),
        target: step.target.clone(),
        arguments: arguments(&step.parameters, &step.carried, scope)?,
        body: step.body.as_ref().map(|body| payload(body, scope)).transpose()?,
        timeout: step.timeout,
    })
}

/// Arguments with their values. One whose whole value comes from an earlier round of a loop is left out in the first.
fn arguments(
    parameters: &[Parameter],
    carried: &[String],
    scope: &Scope<'_>,
) -> Result<Vec<Argument>, Unresolved> {
    let mut all = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let first_round = match &parameter.value {
            Template::Whole(crate::expression::Expression::Step { step, .. }) => {
                carried.contains(step) && !scope.kept.steps.contains_key(step)
            }
            _ => false,
        };
        if first_round {
            continue;
        }
        let value = parameter.value.fill(scope)?;
        all.push(Argument { name: parameter.name.clone(), place: parameter.place, value });
    }
    Ok(all)
}

fn payload(body: &Body, scope: &Scope<'_>) -> Result<Payload, Unresolved> {
    let mut value = body.payload.fill(scope)?;
    for (target, template) in &body.replacements {
        if !target.set(&mut value, template.fill(scope)?) {
            return Err(Unresolved::Nothing(format!("the place `{target}` of the payload")));
        }
    }
    Ok(Payload { content_type: body.content_type.clone(), value })
}
