//! What expressions see: values kept so far, and the exchange that is being looked at.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::engine::{Argument, StepReply};
use crate::expression::{Expression, Member, Part, Side};
use crate::model::{Document, Place, Target};
use crate::pointer::step;

/// Why something has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unresolved {
    /// Nothing is there.
    #[error("{0} has no value")]
    Nothing(String),
    /// It is of a kind that cannot be used so.
    #[error("{0}")]
    Kind(&'static str),
    /// It would be larger than allowed.
    #[error("the values of this step are larger than {0} bytes together")]
    TooLarge(usize),
}

/// Values of one run.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) inputs: Value,
    /// Outputs by step.
    pub(crate) steps: Map<String, Value>,
    /// Inputs and outputs of workflows that ran before this one.
    pub(crate) workflows: Map<String, Value>,
    /// Outputs of this workflow, while they are put together.
    pub(crate) outputs: Map<String, Value>,
}

/// A request and what came back.
pub(crate) struct Exchange<'a> {
    pub(crate) target: &'a Target,
    pub(crate) arguments: &'a [Argument],
    pub(crate) body: Option<&'a Value>,
    pub(crate) reply: &'a StepReply,
}

/// Everything an expression may name.
pub(crate) struct Scope<'a> {
    pub(crate) document: &'a Document,
    pub(crate) kept: &'a Kept,
    pub(crate) exchange: Option<Exchange<'a>>,
    /// Bytes that may still be taken.
    pub(crate) room: Cell<usize>,
    pub(crate) limit: usize,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(document: &'a Document, kept: &'a Kept, limit: usize) -> Self {
        Self { document, kept, exchange: None, room: Cell::new(limit), limit }
    }

    pub(crate) fn with(mut self, exchange: Exchange<'a>) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// The value of an expression. Taking it uses up room.
    pub(crate) fn get(&self, expression: &Expression) -> Result<Cow<'a, Value>, Unresolved> {
        let found = self.find(expression);
        let found = found.ok_or_else(|| Unresolved::Nothing(expression.to_string()))?;
        self.take(size(&found))?;
        Ok(found)
    }

    pub(crate) fn take(&self, bytes: usize) -> Result<(), Unresolved> {
        let left = self.room.get().checked_sub(bytes).ok_or(Unresolved::TooLarge(self.limit))?;
        self.room.set(left);
        Ok(())
    }

    fn find(&self, expression: &Expression) -> Option<Cow<'a, Value>> {
        let text = |t: &str| Some(Cow::Owned(Value::String(t.to_owned())));
        match expression {
            Expression::Inputs(m) => member(&self.kept.inputs, m).map(Cow::Borrowed),
            Expression::Step { step, output } => {
                member(self.kept.steps.get(step)?, output).map(Cow::Borrowed)
            }
            Expression::Outputs(m) => match self.answer_of_workflow() {
                Some((_, body)) => member(body, m).map(Cow::Borrowed),
                None => named(&self.kept.outputs, m).map(Cow::Borrowed),
            },
            Expression::Workflow { workflow, side, field } => {
                self.of_workflow(workflow, *side, field)
            }
            Expression::StatusCode => {
                self.exchange.as_ref()?.reply.status.map(|s| Cow::Owned(Value::from(s)))
            }
            Expression::Url => text(self.exchange.as_ref()?.reply.url.as_deref()?),
            Expression::Method => text(self.exchange.as_ref()?.reply.method.as_deref()?),
            Expression::OwnUri => text(self.document.own_uri.as_deref()?),
            Expression::Request(part) => self.request(part),
            Expression::Response(part) => self.response(part),
            Expression::Source { name, reference } if reference == "url" => {
                text(&self.document.source(name)?.url)
            }
            Expression::Source { .. } | Expression::Component { .. } | Expression::Message(_) => {
                None
            }
        }
    }

    /// The outputs of a workflow, where one has just answered as a step.
    fn answer_of_workflow(&self) -> Option<(&'a str, &'a Value)> {
        let exchange = self.exchange.as_ref()?;
        match exchange.target {
            Target::Workflow(id) => Some((id, &exchange.reply.body)),
            _ => None,
        }
    }

    fn of_workflow(&self, id: &str, side: Side, field: &Member) -> Option<Cow<'a, Value>> {
        if side == Side::Outputs
            && let Some((answered, body)) = self.answer_of_workflow()
            && answered == id
        {
            return member(body, field).map(Cow::Borrowed);
        }
        let sides = self.kept.workflows.get(id)?;
        member(sides.get(side.to_string())?, field).map(Cow::Borrowed)
    }

    fn request(&self, part: &Part) -> Option<Cow<'a, Value>> {
        let exchange = self.exchange.as_ref()?;
        let argument = |place: Place, name: &str| {
            let is_named = |a: &&Argument| match place {
                Place::Header => a.name.eq_ignore_ascii_case(name),
                _ => a.name == name,
            };
            let of_place = exchange.arguments.iter().filter(|a| a.place == Some(place));
            of_place.into_iter().find(is_named).map(|a| Cow::Borrowed(&a.value))
        };
        match part {
            Part::Header(name) => argument(Place::Header, name),
            Part::Query(name) => argument(Place::Query, name),
            Part::Path(name) => argument(Place::Path, name),
            Part::Body(None) => exchange.body.map(Cow::Borrowed),
            Part::Body(Some(pointer)) => pointer.get(exchange.body?).map(Cow::Borrowed),
        }
    }

    fn response(&self, part: &Part) -> Option<Cow<'a, Value>> {
        let reply = self.exchange.as_ref()?.reply;
        match part {
            Part::Header(name) => {
                let mut fields = reply.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
                fields.next().map(|(_, value)| Cow::Owned(Value::String(value.clone())))
            }
            Part::Body(None) => Some(Cow::Borrowed(&reply.body)),
            Part::Body(Some(pointer)) => pointer.get(&reply.body).map(Cow::Borrowed),
            Part::Query(_) | Part::Path(_) => None,
        }
    }
}

fn member<'v>(of: &'v Value, member: &Member) -> Option<&'v Value> {
    named(of.as_object()?, member)
}

/// A member by its whole name, or by the longest beginning of it that is one; the rest then leads further down.
fn named<'v>(map: &'v Map<String, Value>, member: &Member) -> Option<&'v Value> {
    let found = match map.get(&member.name) {
        Some(found) => found,
        None => dotted(map, &member.name)?,
    };
    match &member.pointer {
        Some(pointer) => pointer.get(found),
        None => Some(found),
    }
}

fn dotted<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let (at, first) =
        name.rmatch_indices('.').find_map(|(at, _)| Some((at, map.get(name.get(..at)?)?)))?;
    name.get(at + 1..)?.split('.').try_fold(first, step)
}

/// About how many bytes a value takes as JSON.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(n) => n.to_string().len(),
        Value::String(s) => s.len() + 2,
        Value::Array(list) => 2 + list.iter().map(|v| size(v) + 1).sum::<usize>(),
        Value::Object(map) => {
            2 + map.iter().map(|(name, v)| name.len() + 4 + size(v)).sum::<usize>()
        }
    }
}
