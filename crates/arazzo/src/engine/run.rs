use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Call, Next, Outcome, Reply};
use crate::limits::Limits;
use crate::model::{Document, Step, Workflow};
use crate::scope::{Kept, Scope, size};

/// One run of one workflow.
#[derive(Debug)]
pub struct Engine {
    pub(super) document: Arc<Document>,
    pub(super) flow: usize,
    pub(super) limits: Limits,
    pub(super) kept: Kept,
    pub(super) runs: Vec<Run>,
    /// Steps that may overlap with others that may, because they change nothing.
    pub(super) overlaps: Vec<bool>,
    /// Workflows that have to run first, the next one last.
    pub(super) needed: Vec<String>,
    pub(super) open: Vec<Open>,
    /// Calls that are in the books and still to be handed out.
    pub(super) asked: VecDeque<Call>,
    pub(super) tickets: u64,
    pub(super) made: u32,
    pub(super) outcome: Option<Outcome>,
}

/// How far a step is.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) status: Status,
    /// How often each of its retries has been taken, by the place of the action.
    pub(super) retries: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Status {
    #[default]
    Pending,
    /// To be tried again, first of all.
    Again,
    /// To be tried again after so long.
    Later(Duration),
    Busy,
    Done,
    Skipped,
}

impl Status {
    pub(super) fn is_settled(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }
}

/// Something under way.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) ticket: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A step's own call, with what was sent.
    Step(usize, Call),
    /// A step that is run once before another is tried again.
    Before { step: usize, again: usize, after: Duration, call: Call },
    /// A workflow that is run before a step is tried again.
    WorkflowBefore { again: usize, after: Duration },
    /// A workflow that this one has to wait for.
    Needed { id: String, inputs: Value },
    /// The workflow that takes over.
    Transfer(usize),
    /// A wait.
    Sleep(usize),
}

impl Engine {
    /// A run of the workflow of that id; none if there is no such workflow. `overlaps` says of a step whether what it
    /// calls changes nothing, so that it may run beside others like it.
    pub fn new(
        document: Arc<Document>,
        workflow: &str,
        inputs: Value,
        limits: Limits,
        overlaps: impl Fn(&Step) -> bool,
    ) -> Option<Self> {
        let flow = document.workflows.iter().position(|w| w.id == workflow)?;
        let this = document.workflows.get(flow)?;
        let runs = vec![Run::default(); this.steps.len()];
        let overlaps = this.steps.iter().map(|s| !this.sequential && overlaps(s)).collect();
        let needed = this.depends_on.iter().rev().cloned().collect();
        let too_large = size(&inputs) > limits.bytes;
        let kept = Kept { inputs, ..Kept::default() };
        let mut engine = Self {
            document,
            flow,
            limits,
            kept,
            runs,
            overlaps,
            needed,
            open: Vec::new(),
            asked: VecDeque::new(),
            tickets: 0,
            made: 0,
            outcome: None,
        };
        if too_large {
            engine.fail(None, "workflow_too_large", engine.too_large());
        }
        Some(engine)
    }

    /// How many calls it has asked for.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// What is to be done next. To be asked again until it says [`Next::Idle`] or [`Next::Done`].
    pub fn advance(&mut self) -> Next {
        loop {
            if let Some(outcome) = &self.outcome {
                return Next::Done(outcome.clone());
            }
            if let Some(wait) = self.next_wait() {
                return wait;
            }
            if let Some(call) = self.asked.pop_front() {
                return Next::Call(call);
            }
            if self.open_calls() >= self.limits.breadth {
                return Next::Idle;
            }
            if let Some(id) = self.needed.last().cloned() {
                if !self.open.is_empty() {
                    return Next::Idle;
                }
                self.call_needed(&id);
                continue;
            }
            match self.startable() {
                Some(at) => self.call_step(at),
                None if self.open.is_empty() => self.finish(),
                None => return Next::Idle,
            }
        }
    }

    /// What came of a call. An answer to what was not asked changes nothing.
    pub fn answer(&mut self, ticket: u64, reply: Reply) {
        let Some(at) = self.open.iter().position(|open| open.ticket == ticket) else { return };
        if matches!(self.open.get(at).map(|o| &o.what), Some(What::Sleep(_))) {
            return;
        }
        let open = self.open.swap_remove(at);
        if self.outcome.is_none() {
            self.settle(open.what, reply);
        }
    }

    /// A wait is over.
    pub fn woke(&mut self, ticket: u64) {
        let Some(at) = self.open.iter().position(|open| open.ticket == ticket) else { return };
        if let Some(What::Sleep(step)) = self.open.get(at).map(|o| &o.what) {
            let step = *step;
            self.open.swap_remove(at);
            self.set(step, Status::Again);
        }
    }

    pub(super) fn workflow(&self) -> Option<&Workflow> {
        self.document.workflows.get(self.flow)
    }

    pub(super) fn step(&self, at: usize) -> Option<&Step> {
        self.workflow()?.steps.get(at)
    }

    pub(super) fn set(&mut self, at: usize, status: Status) {
        if let Some(run) = self.runs.get_mut(at) {
            run.status = status;
        }
    }

    pub(super) fn status(&self, at: usize) -> Status {
        self.runs.get(at).map_or(Status::Skipped, |run| run.status)
    }

    /// Ends it badly.
    pub(super) fn fail(&mut self, step: Option<&str>, code: &str, message: impl Into<String>) {
        self.outcome.get_or_insert_with(|| Outcome::failed(step, code, message));
    }

    pub(super) fn fail_at(&mut self, at: usize, code: &str, message: impl Into<String>) {
        let step = self.step(at).map(|s| s.id.clone());
        self.fail(step.as_deref(), code, message);
    }

    pub(super) fn too_large(&self) -> String {
        format!("a workflow keeps values of {} bytes at most", self.limits.bytes)
    }

    /// Takes a call into the books, to be handed out next.
    pub(super) fn ask_for(&mut self, mut call: Call, what: impl FnOnce(Call) -> What) {
        self.tickets += 1;
        call.ticket = self.tickets;
        self.open.push(Open { ticket: call.ticket, what: what(call.clone()) });
        self.asked.push_back(call);
    }

    /// One call more, unless there were too many.
    pub(super) fn counts(&mut self, step: Option<&str>) -> bool {
        self.made += 1;
        if self.made > self.limits.steps {
            let limit = self.limits.steps;
            let message = format!("a workflow makes {limit} calls at most, loops included");
            self.fail(step, "workflow_step_limit", message);
            return false;
        }
        true
    }

    fn open_calls(&self) -> usize {
        self.open.iter().filter(|open| !matches!(open.what, What::Sleep(_))).count()
    }

    fn next_wait(&mut self) -> Option<Next> {
        let waits = |run: &Run| match run.status {
            Status::Later(after) => Some(after),
            _ => None,
        };
        let (at, after) =
            self.runs.iter().enumerate().find_map(|(at, run)| Some((at, waits(run)?)))?;
        if after > self.limits.wait {
            let most = self.limits.wait.as_secs();
            let message = format!(
                "the next try would be in {} seconds; {most} is the most that is waited",
                after.as_secs()
            );
            self.fail_at(at, "workflow_wait_too_long", message);
            return None;
        }
        self.set(at, Status::Busy);
        self.tickets += 1;
        let ticket = self.tickets;
        self.open.push(Open { ticket, what: What::Sleep(at) });
        Some(Next::Wait { ticket, after })
    }

    /// Ends it well, if every step has ended.
    fn finish(&mut self) {
        let stuck = self.runs.iter().position(|run| !run.status.is_settled());
        if let Some(at) = stuck {
            let message = "the step waits for a step that was passed over";
            return self.fail_at(at, "workflow_stuck", message);
        }
        self.complete();
    }

    /// Ends it well, with the outputs there are.
    pub(super) fn complete(&mut self) {
        let document = self.document.clone();
        let Some(workflow) = document.workflows.get(self.flow) else { return };
        let mut missing = Vec::new();
        self.kept.outputs = Map::new();
        let mut used = 0;
        for (name, template) in &workflow.outputs {
            let room = self.limits.bytes.saturating_sub(used);
            let value = template.fill(&Scope::new(&document, &self.kept, room));
            match value {
                Ok(value) => {
                    used += size(&value);
                    self.kept.outputs.insert(name.clone(), value);
                }
                Err(crate::scope::Unresolved::TooLarge(_)) => {
                    return self.fail(None, "workflow_too_large", self.too_large());
                }
                Err(_) => missing.push(name.clone()),
            }
        }
        let outputs = std::mem::take(&mut self.kept.outputs);
        self.outcome.get_or_insert(Outcome::Complete { outputs, missing });
    }

    /// Bytes of what is kept.
    pub(super) fn kept_bytes(&self) -> usize {
        let of = |map: &Map<String, Value>| map.values().map(size).sum::<usize>();
        size(&self.kept.inputs) + of(&self.kept.steps) + of(&self.kept.workflows)
    }
}
