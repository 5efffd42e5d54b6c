//! Runtime expressions: `$steps.login.outputs.token`, `$response.body#/items/0`, … (Arazzo 1.1.0, section 4.7).

mod parse;

use std::fmt;

use thiserror::Error;

use crate::pointer::{BadPointer, Pointer};

/// A runtime expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expression {
    /// `$url`
    Url,
    /// `$method`
    Method,
    /// `$statusCode`
    StatusCode,
    /// `$self`
    OwnUri,
    /// `$request.…`
    Request(Part),
    /// `$response.…`
    Response(Part),
    /// `$message.…`
    Message(MessagePart),
    /// `$inputs.…`
    Inputs(Member),
    /// `$outputs.…`
    Outputs(Member),
    /// `$steps.<step>.outputs.…`
    Step {
        /// The step.
        step: String,
        /// Which of its outputs.
        output: Member,
    },
    /// `$workflows.<workflow>.inputs.…` or `$workflows.<workflow>.outputs.…`
    Workflow {
        /// The workflow.
        workflow: String,
        /// What it was given, or what it gave.
        side: Side,
        /// Which of these.
        field: Member,
    },
    /// `$sourceDescriptions.<name>.<reference>`
    Source {
        /// The source description.
        name: String,
        /// `url`, or an operation or workflow of it.
        reference: String,
    },
    /// `$components.<kind>.<name>`
    Component {
        /// `inputs`, `parameters`, `successActions`, `failureActions`.
        kind: String,
        /// Its key.
        name: String,
    },
}

/// A part of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// `header.<token>`: the name ignores case.
    Header(String),
    /// `query.<name>`
    Query(String),
    /// `path.<name>`
    Path(String),
    /// `body`, or `body#<pointer>`
    Body(Option<Pointer>),
}

/// A part of a message (AsyncAPI).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MessagePart {
    /// `header.<token>`
    Header(String),
    /// `payload`, or `payload#<pointer>`
    Payload(Option<Pointer>),
}

/// A named value, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// Its name; may have dots in it.
    pub name: String,
    /// What of it.
    pub pointer: Option<Pointer>,
}

/// What a workflow was given, or what it gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// `inputs`
    Inputs,
    /// `outputs`
    Outputs,
}

/// Why a text is no expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ExpressionError {
    /// It begins with no word that expressions begin with.
    #[error("no runtime expression begins like this")]
    Root,
    /// More is needed behind the first word.
    #[error("the runtime expression names nothing: {0}")]
    Incomplete(&'static str),
    /// A character that may not stand there.
    #[error("a runtime expression has no such character here")]
    Character,
    /// What stands behind `#`.
    #[error(transparent)]
    Pointer(BadPointer),
    /// Longer than expressions may be.
    #[error("a runtime expression is at most 4096 bytes long")]
    TooLong,
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str("$url"),
            Self::Method => f.write_str("$method"),
            Self::StatusCode => f.write_str("$statusCode"),
            Self::OwnUri => f.write_str("$self"),
            Self::Request(part) => write!(f, "$request.{part}"),
            Self::Response(part) => write!(f, "$response.{part}"),
            Self::Message(MessagePart::Header(name)) => write!(f, "$message.header.{name}"),
            Self::Message(MessagePart::Payload(pointer)) => {
                write!(f, "$message.payload{}", Behind(pointer.as_ref()))
            }
            Self::Inputs(member) => write!(f, "$inputs.{member}"),
            Self::Outputs(member) => write!(f, "$outputs.{member}"),
            Self::Step { step, output } => write!(f, "$steps.{step}.outputs.{output}"),
            Self::Workflow { workflow, side, field } => {
                write!(f, "$workflows.{workflow}.{side}.{field}")
            }
            Self::Source { name, reference } => {
                write!(f, "$sourceDescriptions.{name}.{reference}")
            }
            Self::Component { kind, name } => write!(f, "$components.{kind}.{name}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Query(name) => write!(f, "query.{name}"),
            Self::Path(name) => write!(f, "path.{name}"),
            Self::Body(pointer) => write!(f, "body{}", Behind(pointer.as_ref())),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, Behind(self.pointer.as_ref()))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        })
    }
}

/// What stands behind a `#`, with it.
struct Behind<'a>(Option<&'a Pointer>);

impl fmt::Display for Behind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pointer| write!(f, "#{pointer}"))
    }
}
