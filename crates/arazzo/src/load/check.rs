//! Whether every expression names something that will have a value where it stands, and which steps a step reads.

use super::inputs;
use crate::error::{Errors, LoadCode};
use crate::expression::{Expression, Part, Side};
use crate::model::{Action, Document, First, Step, Target, Then, Transfer, Workflow};

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq)]
enum Stand {
    /// Before the call: what is sent.
    Before,
    /// With the answer at hand: criteria and outputs.
    Answer,
    /// With the step's own outputs at hand, too: what follows.
    After,
    /// Outputs of the workflow.
    End,
}

pub(super) fn references(document: &mut Document, errors: &mut Errors) {
    let mut found = Vec::new();
    for (n, workflow) in document.workflows.iter().enumerate() {
        found.push(of_workflow(document, workflow, &format!("/workflows/{n}"), errors));
    }
    for (workflow, found) in document.workflows.iter_mut().zip(found) {
        for (step, (reads, carried)) in workflow.steps.iter_mut().zip(found) {
            (step.reads, step.carried) = (reads, carried);
        }
    }
}

/// For every step, the earlier steps it reads, and the ones of which it reads an earlier round.
type Found = Vec<(Vec<usize>, Vec<String>)>;

fn of_workflow(
    document: &Document,
    workflow: &Workflow,
    place: &str,
    errors: &mut Errors,
) -> Found {
    let mut all = Vec::new();
    for (at, step) in workflow.steps.iter().enumerate() {
        let place = format!("{place}/steps/{at}");
        order(workflow, at, &place, errors);
        let mut check =
            Check { document, workflow, at: Some(at), place, ..Check::new(document, workflow) };
        check.step(step, errors);
        check.reads.sort_unstable();
        check.reads.dedup();
        all.push((check.reads, check.carried));
    }
    let mut check = Check { place: format!("{place}/outputs"), ..Check::new(document, workflow) };
    for (_, template) in &workflow.outputs {
        template.expressions(&mut |e| check.expression(e, Stand::End, errors));
    }
    all
}

/// A step waits for earlier ones only; anything else would never begin.
fn order(workflow: &Workflow, at: usize, place: &str, errors: &mut Errors) {
    let Some(step) = workflow.steps.get(at) else { return };
    for other in step.depends_on.iter().flatten().filter(|other| **other >= at) {
        let back = workflow.steps.get(*other).and_then(|s| s.depends_on.as_ref());
        let cycle = *other == at || back.is_some_and(|back| back.contains(&at));
        let (code, message) = if cycle {
            (LoadCode::Cycle, "steps that wait for each other never begin")
        } else {
            (LoadCode::Unreachable, "a step waits for steps that stand before it; move this one")
        };
        errors.add(code, &format!("{place}/dependsOn"), message);
    }
}

struct Check<'a> {
    document: &'a Document,
    workflow: &'a Workflow,
    at: Option<usize>,
    place: String,
    reads: Vec<usize>,
    carried: Vec<String>,
}

impl<'a> Check<'a> {
    fn new(document: &'a Document, workflow: &'a Workflow) -> Self {
        let place = String::new();
        Self { document, workflow, at: None, place, reads: Vec::new(), carried: Vec::new() }
    }

    fn step(&mut self, step: &Step, errors: &mut Errors) {
        let mut before = |e: &Expression| self.expression(e, Stand::Before, errors);
        step.parameters.iter().for_each(|p| p.value.expressions(&mut before));
        if let Some(body) = &step.body {
            body.payload.expressions(&mut before);
            body.replacements.iter().for_each(|(_, value)| value.expressions(&mut before));
        }
        let mut answer = |e: &Expression| self.expression(e, Stand::Answer, errors);
        step.criteria.iter().for_each(|c| c.expressions(&mut answer));
        step.outputs.iter().for_each(|(_, value)| value.expressions(&mut answer));
        step.on_failure.iter().for_each(|action| of_action(action, &mut answer));
        let mut after = |e: &Expression| self.expression(e, Stand::After, errors);
        step.on_success.iter().for_each(|action| of_action(action, &mut after));
    }

    fn expression(&mut self, expression: &Expression, stand: Stand, errors: &mut Errors) {
        if let Err((code, why)) = self.reach(expression, stand) {
            errors.add(code, &self.place, format!("`{expression}`: {why}"));
        }
    }

    fn reach(&mut self, expression: &Expression, stand: Stand) -> Result<(), (LoadCode, String)> {
        let unreachable = |why: &str| Err((LoadCode::Unreachable, why.to_owned()));
        let unsupported = |why: &str| Err((LoadCode::Unsupported, why.to_owned()));
        let exchange = matches!(stand, Stand::Answer | Stand::After);
        match expression {
            Expression::Inputs(m) if inputs::declares(&self.workflow.inputs, &m.name) => Ok(()),
            Expression::Inputs(_) => unreachable("the workflow declares no such input"),
            Expression::Step { step, output } => self.output_of(step, &output.name, stand),
            Expression::Workflow { workflow, side, field } => {
                self.of_other(workflow, *side, &field.name, stand)
            }
            Expression::Outputs(m) => self.own_output(&m.name, stand),
            Expression::Response(Part::Query(_) | Part::Path(_)) => {
                unreachable("a response has a header and a body only")
            }
            Expression::Url
            | Expression::Method
            | Expression::StatusCode
            | Expression::Request(_)
            | Expression::Response(_)
                if !exchange =>
            {
                unreachable(
                    "there is no answer here: it can stand in criteria, outputs and actions",
                )
            }
            Expression::OwnUri if self.document.own_uri.is_none() => {
                unreachable("the document has no `$self`")
            }
            Expression::Source { name, reference } => match self.document.source(name) {
                None => Err((LoadCode::UnknownReference, "there is no such source".to_owned())),
                Some(_) if reference == "url" => Ok(()),
                Some(_) => unsupported("of a source only `url` has a value"),
            },
            Expression::Message(_) => unsupported("messages (AsyncAPI) are not done"),
            Expression::Component { .. } => unsupported("components are used by `reference`"),
            _ => Ok(()),
        }
    }

    fn output_of(
        &mut self,
        id: &str,
        output: &str,
        stand: Stand,
    ) -> Result<(), (LoadCode, String)> {
        let unknown = |why: String| Err((LoadCode::UnknownReference, why));
        let Some(other) = self.workflow.steps.iter().position(|s| s.id == id) else {
            return unknown(format!("there is no step `{id}` in this workflow"));
        };
        let declared = self.workflow.steps.get(other).map(|s| names(&s.outputs));
        if !declared.is_some_and(|names| has(&names, output)) {
            return unknown(format!("the step `{id}` has no such output"));
        }
        let Some(at) = self.at else { return Ok(()) };
        if other < at {
            self.reads.push(other);
        } else if !(other == at && stand == Stand::After) {
            if !self.comes_round(at, other) {
                let why =
                    format!("the step `{id}` has not run yet, and no goto leads back from it");
                return Err((LoadCode::Unreachable, why));
            }
            self.carried.push(id.to_owned());
        }
        Ok(())
    }

    /// Whether a loop leads from behind the one step to before the other.
    fn comes_round(&self, at: usize, other: usize) -> bool {
        let steps = self.workflow.steps.iter().enumerate().skip(other);
        steps.into_iter().any(|(_, step)| {
            step.on_success
                .iter()
                .chain(&step.on_failure)
                .any(|action| matches!(action.then, Then::Step(to) if to <= at))
        })
    }

    fn of_other(
        &mut self,
        id: &str,
        side: Side,
        field: &str,
        stand: Stand,
    ) -> Result<(), (LoadCode, String)> {
        let Some(other) = self.document.workflow(id) else {
            return Err((LoadCode::UnknownReference, format!("there is no workflow `{id}`")));
        };
        let declared = match side {
            Side::Outputs => has(&names(&other.outputs), field),
            Side::Inputs => inputs::declares(&other.inputs, field),
        };
        if !declared {
            let why = format!("the workflow `{id}` has no such {side}");
            return Err((LoadCode::UnknownReference, why));
        }
        if self.workflow.depends_on.iter().any(|d| d == id) {
            return Ok(());
        }
        let is_it = |s: &Step| matches!(&s.target, Target::Workflow(target) if target == id);
        let ran = self.workflow.steps.iter().position(is_it);
        let here = self.at.unwrap_or(usize::MAX);
        match ran {
            Some(before) if before < here => {
                if self.at.is_some() {
                    self.reads.push(before);
                }
                Ok(())
            }
            Some(same) if same == here && stand != Stand::Before => Ok(()),
            _ => {
                let why = format!("the workflow `{id}` has not run: name it in dependsOn");
                Err((LoadCode::Unreachable, why))
            }
        }
    }

    fn own_output(&self, name: &str, stand: Stand) -> Result<(), (LoadCode, String)> {
        let of_step = self.at.and_then(|at| self.workflow.steps.get(at)).map(|s| &s.target);
        let declared = match (stand, of_step) {
            (Stand::End, _) => has(&names(&self.workflow.outputs), name),
            (Stand::Answer | Stand::After, Some(Target::Workflow(id))) => {
                self.document.workflow(id).is_some_and(|w| has(&names(&w.outputs), name))
            }
            (Stand::Answer | Stand::After, Some(Target::Foreign { .. })) => true,
            _ => false,
        };
        if declared {
            return Ok(());
        }
        Err((LoadCode::Unreachable, "no workflow has given such an output here".to_owned()))
    }
}

fn of_action(action: &Action, visit: &mut dyn FnMut(&Expression)) {
    action.criteria.iter().for_each(|c| c.expressions(visit));
    let mut of_transfer = |transfer: &Transfer| {
        transfer.parameters.iter().for_each(|p| p.value.expressions(visit));
    };
    match &action.then {
        Then::Workflow(transfer) | Then::Retry { first: Some(First::Workflow(transfer)), .. } => {
            of_transfer(transfer);
        }
        _ => {}
    }
}

fn names<T>(outputs: &[(String, T)]) -> Vec<&str> {
    outputs.iter().map(|(name, _)| name.as_str()).collect()
}

/// Whether an output is there, whole or as the beginning of a dotted name.
fn has(names: &[&str], wanted: &str) -> bool {
    names.iter().any(|name| {
        wanted == *name || wanted.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    })
}
