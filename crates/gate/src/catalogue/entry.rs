use std::sync::Arc;

use inspect::{Finding, Schema};
use model::{Action, Effect, SourceName};
use protocol::json::Object;
use protocol::mcp::Era;
use protocol::mcp::headers::ParamHeaders;
use serde_json::Value;

use crate::port::{Kind, Source};

/// One definition behind the gate, judged.
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) source: Arc<dyn Source>,
    /// The upstream's own name: tool or prompt name, URI, URI template.
    pub(crate) upstream: String,
    /// The name agents use.
    pub(crate) exposed: String,
    /// The definition as agents see it, in the upstream's era: exposed name in place, unsafe parts stripped.
    pub(crate) definition: Object,
    /// SHA-256 of the canonical upstream definition, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) effect: Effect,
    /// Whether an operator set or accepted the effect.
    pub(crate) accepted: bool,
    pub(crate) state: State,
    pub(crate) findings: Vec<Finding>,
    pub(crate) param_headers: ParamHeaders,
    /// For tools whose schema compiles; the others are quarantined.
    pub(crate) schema: Option<InputSchema>,
    /// The era its upstream said it in.
    pub(crate) era: Era,
}

/// Whether a definition is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    /// Hidden and refused until an operator accepts it; the reason is for the caller as well.
    Quarantined(String),
}

impl Entry {
    pub(crate) fn source_name(&self) -> &SourceName {
        self.source.name()
    }

    pub(crate) fn is_live(&self) -> bool {
        self.state == State::Live
    }

    pub(crate) const fn action(&self) -> Action {
        match self.kind {
            Kind::Tools => Action::Call,
            Kind::Resources | Kind::Templates => Action::Read,
            Kind::Prompts => Action::Prompt,
        }
    }
}

/// What a tool's arguments are held against.
pub(crate) struct InputSchema {
    pub(crate) document: Value,
    pub(crate) compiled: Schema,
}
