//! What follows from an answer.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::call::code_of;
use super::run::{Engine, Run, Status, What};
use super::{Call, Outcome, Reply, StepReply};
use crate::criterion::Criterion;
use crate::model::{Document, First, Step, Target, Then, Transfer};
use crate::scope::{Exchange, Kept, Scope, Unresolved, size};

/// Most of an answer's body that an error quotes, in characters.
const QUOTED: usize = 200;

impl Engine {
    pub(super) fn settle(&mut self, what: What, reply: Reply) {
        let reply = match reply {
            Reply::Answered(reply) => reply,
            Reply::Refused { code, message } => {
                let step = self.name_of(&what);
                return self.fail(step.as_deref(), &code, message);
            }
        };
        if size(&reply.body) > self.limits.bytes {
            let step = self.name_of(&what);
            return self.fail(step.as_deref(), "workflow_too_large", self.too_large());
        }
        match what {
            What::Step(at, call) => self.settle_step(at, &call, &reply),
            What::Before { step, again, after, call } => {
                self.settle_before(step, (again, after), &call, &reply);
            }
            What::WorkflowBefore { again, after } if !reply.failed => {
                self.set(again, Status::Later(after));
            }
            What::WorkflowBefore { again: at, .. } => {
                self.fail_at(at, "workflow_step_failed", failure(&reply));
            }
            What::Needed { id, inputs } => self.settle_needed(&id, &inputs, &reply),
            What::Transfer(at) if reply.failed => {
                self.fail_at(at, "workflow_step_failed", failure(&reply));
            }
            What::Transfer(_) => {
                let outputs = reply.body.as_object().cloned().unwrap_or_default();
                self.outcome = Some(Outcome::Complete { outputs, missing: Vec::new() });
            }
            What::Sleep(_) => {}
        }
    }

    fn name_of(&self, what: &What) -> Option<String> {
        match what {
            What::Step(at, _)
            | What::Before { step: at, .. }
            | What::WorkflowBefore { again: at, .. }
            | What::Transfer(at)
            | What::Sleep(at) => self.step(*at).map(|s| s.id.clone()),
            What::Needed { id, .. } => Some(id.clone()),
        }
    }

    fn settle_step(&mut self, at: usize, call: &Call, reply: &StepReply) {
        let document = self.document.clone();
        let Some(step) = document.workflows.get(self.flow).and_then(|w| w.steps.get(at)) else {
            return;
        };
        if !self.is_good(&document, step, call, reply) {
            return self.after_failure(&document, at, step, call, reply);
        }
        if self.keep(&document, at, step, call, reply) {
            self.after_success(&document, at, step, call, reply);
        }
    }

    /// Whether a step has succeeded: by its own criteria, or else by what the answer says of itself.
    fn is_good(&self, document: &Document, step: &Step, call: &Call, reply: &StepReply) -> bool {
        if step.criteria.is_empty() {
            return !reply.failed && reply.status.is_none_or(|status| status < 400);
        }
        self.all_met(&step.criteria, document, call, reply)
    }

    fn all_met(
        &self,
        criteria: &[Criterion],
        document: &Document,
        call: &Call,
        reply: &StepReply,
    ) -> bool {
        criteria.iter().all(|criterion| {
            criterion.is_met(&scope(document, &self.kept, call, reply, self.limits.bytes))
        })
    }

    /// Keeps a step's outputs. One that has no value is left out; reading it fails then. False if it was too much.
    fn keep(
        &mut self,
        document: &Document,
        at: usize,
        step: &Step,
        call: &Call,
        reply: &StepReply,
    ) -> bool {
        let mut outputs = Map::new();
        for (name, template) in &step.outputs {
            match template.fill(&scope(document, &self.kept, call, reply, self.limits.bytes)) {
                Ok(value) => {
                    outputs.insert(name.clone(), value);
                }
                Err(e @ Unresolved::TooLarge(_)) => {
                    self.fail_at(at, code_of(&e), e.to_string());
                    return false;
                }
                Err(_) => {}
            }
        }
        self.kept.steps.insert(step.id.clone(), Value::Object(outputs));
        if let Target::Workflow(id) = &step.target {
            let given = call.arguments.iter().map(|a| (a.name.clone(), a.value.clone()));
            let inputs: Map<String, Value> = given.collect();
            let sides = json!({"inputs": inputs, "outputs": reply.body});
            self.kept.workflows.insert(id.clone(), sides);
        }
        if self.kept_bytes() > self.limits.bytes {
            self.fail_at(at, "workflow_too_large", self.too_large());
            return false;
        }
        true
    }

    fn after_success(
        &mut self,
        document: &Document,
        at: usize,
        step: &Step,
        call: &Call,
        reply: &StepReply,
    ) {
        self.runs[at] = Run { status: Status::Done, retries: Vec::new() };
        let fits = |a: &&crate::model::Action| self.all_met(&a.criteria, document, call, reply);
        match step.on_success.iter().find(fits).map(|action| &action.then) {
            None | Some(Then::Retry { .. }) => {}
            Some(Then::End) => self.complete(),
            Some(Then::Step(to)) => self.go_to(*to),
            Some(Then::Workflow(transfer)) => self.hand_over(at, transfer),
        }
    }

    fn after_failure(
        &mut self,
        document: &Document,
        at: usize,
        step: &Step,
        call: &Call,
        reply: &StepReply,
    ) {
        for (n, action) in step.on_failure.iter().enumerate() {
            if !self.all_met(&action.criteria, document, call, reply) {
                continue;
            }
            match &action.then {
                Then::End => break,
                Then::Step(to) => {
                    self.set(at, Status::Done);
                    return self.go_to(*to);
                }
                Then::Workflow(transfer) => return self.hand_over(at, transfer),
                Then::Retry { after, limit, first } => {
                    if self.takes_retry(at, n, *limit) {
                        let after = reply.retry_after.unwrap_or(*after);
                        return self.try_again(at, after, first.as_ref());
                    }
                }
            }
        }
        self.fail_at(at, "workflow_step_failed", failure(reply));
    }

    /// Counts a retry; false if there were enough.
    fn takes_retry(&mut self, at: usize, action: usize, limit: u32) -> bool {
        let Some(run) = self.runs.get_mut(at) else { return false };
        if run.retries.len() <= action {
            run.retries.resize(action + 1, 0);
        }
        let Some(taken) = run.retries.get_mut(action) else { return false };
        *taken += 1;
        *taken <= limit
    }

    fn try_again(&mut self, at: usize, after: Duration, first: Option<&First>) {
        self.set(at, Status::Later(after));
        match first {
            None => {}
            Some(First::Step(step)) => {
                let step = *step;
                let Some(call) = self.build(step) else { return };
                self.set(at, Status::Busy);
                self.ask_for(call, |call| What::Before { step, again: at, after, call });
            }
            Some(First::Workflow(transfer)) => {
                let Some(call) = self.transfer_call(at, transfer) else { return };
                self.set(at, Status::Busy);
                self.ask_for(call, |_| What::WorkflowBefore { again: at, after });
            }
        }
    }

    fn settle_before(
        &mut self,
        at: usize,
        again: (usize, Duration),
        call: &Call,
        reply: &StepReply,
    ) {
        let document = self.document.clone();
        let Some(step) = document.workflows.get(self.flow).and_then(|w| w.steps.get(at)) else {
            return;
        };
        if !self.is_good(&document, step, call, reply) {
            return self.fail_at(at, "workflow_step_failed", failure(reply));
        }
        if self.keep(&document, at, step, call, reply) {
            self.set(at, Status::Done);
            self.set(again.0, Status::Later(again.1));
        }
    }

    fn settle_needed(&mut self, id: &str, inputs: &Value, reply: &StepReply) {
        if reply.failed {
            return self.fail(Some(id), "workflow_step_failed", failure(reply));
        }
        self.needed.pop();
        let sides = json!({"inputs": inputs, "outputs": reply.body});
        self.kept.workflows.insert(id.to_owned(), sides);
        if self.kept_bytes() > self.limits.bytes {
            self.fail(Some(id), "workflow_too_large", self.too_large());
        }
    }

    /// Goes on at a step: it and all behind it run (again), what is passed over does not.
    fn go_to(&mut self, to: usize) {
        for (at, run) in self.runs.iter_mut().enumerate() {
            if at >= to {
                *run = Run::default();
            } else if !run.status.is_settled() {
                run.status = Status::Skipped;
            }
        }
    }

    fn hand_over(&mut self, at: usize, transfer: &Transfer) {
        let Some(call) = self.transfer_call(at, transfer) else { return };
        self.set(at, Status::Busy);
        self.ask_for(call, |_| What::Transfer(at));
    }
}

fn scope<'a>(
    document: &'a Document,
    kept: &'a Kept,
    call: &'a Call,
    reply: &'a StepReply,
    room: usize,
) -> Scope<'a> {
    let body = call.body.as_ref().map(|b| &b.value);
    let (target, arguments) = (&call.target, call.arguments.as_slice());
    Scope::new(document, kept, room).with(Exchange { target, arguments, body, reply })
}

/// What a failed step says of its answer.
fn failure(reply: &StepReply) -> String {
    let status = reply.status.map_or_else(|| "no status".to_owned(), |s| format!("status {s}"));
    let body = crate::embed::text_of(&reply.body);
    let quoted: String = body.chars().take(QUOTED).collect();
    if reply.body.is_null() {
        return format!("the step did not succeed: {status}");
    }
    format!("the step did not succeed: {status}, {quoted}")
}
