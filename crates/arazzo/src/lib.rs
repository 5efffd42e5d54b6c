//! Arazzo documents: workflows, expressions, criteria, and the order of steps. Pure.
//!
//! [`Document::parse`] reads JSON or YAML of versions 1.0.0, 1.0.1 and 1.1.0 and refuses, with the place, whatever
//! could only fail later: unknown steps, cycles, inputs that nobody declared, criteria that cannot be read. An
//! [`Engine`] then runs one workflow of it without doing anything itself: it says which call is to be made and is told
//! the answer. Values are data throughout: what an answer holds is never read as an expression, and is quoted where
//! it goes into a pattern, a path or a JSON text.

mod condition;
mod criterion;
mod decimal;
mod embed;
mod engine;
mod error;
mod expression;
mod limits;
mod load;
mod model;
mod names;
mod pointer;
mod read;
mod scope;
mod selector;
mod template;

pub use engine::{Argument, Call, Engine, Next, Outcome, Payload, Reply, StepReply};
pub use error::{LoadCode, LoadError};
pub use expression::{Expression, ExpressionError, Member, MessagePart, Part, Side};
pub use limits::Limits;
pub use model::{Document, Place, SourceDescription, SourceKind, Step, Target, Version, Workflow};
pub use pointer::{BadPointer, Pointer};
