//! Running a workflow without doing anything: the engine says what to do next and is told what came of it.

mod call;
mod order;
mod run;
mod settle;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Place, Target};

pub use run::Engine;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Make this call, and hand what comes of it to [`Engine::answer`].
    Call(Call),
    /// Wait so long before the step is tried again, then say [`Engine::woke`].
    Wait {
        /// What to say then.
        ticket: u64,
        /// How long.
        after: Duration,
    },
    /// Nothing, until something that is under way has ended.
    Idle,
    /// It is over.
    Done(Outcome),
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What to answer with.
    pub ticket: u64,
    /// The step it is made for.
    pub step: String,
    /// What is called.
    pub target: Target,
    /// With what.
    pub arguments: Vec<Argument>,
    /// The body of a request.
    pub body: Option<Payload>,
    /// The step's own time limit.
    pub timeout: Option<Duration>,
}

/// One argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name: on the wire if it has a place, of an input or of an argument if it has none.
    pub name: String,
    /// Where it goes.
    pub place: Option<Place>,
    /// Its value.
    pub value: Value,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// Its media type, where the document names one.
    pub content_type: Option<String>,
    /// Its value.
    pub value: Value,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// An answer, good or bad: criteria decide.
    Answered(StepReply),
    /// The call was not made because it may not be. No action of a document goes on from there.
    Refused {
        /// The stable code of the refusal.
        code: String,
        /// Its sentence.
        message: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepReply {
    /// The HTTP status, or what stands for it.
    pub status: Option<u16>,
    /// Header fields, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body; of a workflow, its outputs.
    pub body: Value,
    /// Whether whoever answered calls it a failure. It decides where the step has no criteria of its own.
    pub failed: bool,
    /// How long the answer asks to wait before the next try (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Where the request went, if that is known.
    pub url: Option<String>,
    /// Its method, if that is known.
    pub method: Option<String>,
}

/// How a workflow ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// As it should.
    Complete {
        /// Its outputs.
        outputs: Map<String, Value>,
        /// Outputs that have no value, because what they come from did not run or did not say.
        missing: Vec<String>,
    },
    /// Otherwise.
    Failed {
        /// The step at which it ended, where it was one.
        step: Option<String>,
        /// A stable code.
        code: String,
        /// A sentence.
        message: String,
    },
}

impl Outcome {
    pub(crate) fn failed(step: Option<&str>, code: &str, message: impl Into<String>) -> Self {
        let step = step.map(str::to_owned);
        Self::Failed { step, code: code.to_owned(), message: message.into() }
    }
}
