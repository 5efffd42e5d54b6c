use std::sync::Arc;
use std::time::Duration;

use approvals::Binding;
use model::Credential;
use protocol::json::Object;
use protocol::mcp::{Level, Method};
use serde_json::{Map, Value};

use crate::Client;

/// A call that may be made: the proof that it was identified, looked up, decided, limited and has a place in the log.
///
/// Only this room can make one, and a [`crate::port::Source`] takes it by value: a call cannot reach a source in any
/// other way, nor twice by one clearance.
///
/// ```compile_fail
/// fn twice(cleared: gate::Cleared) -> (gate::Cleared, gate::Cleared) {
///     (cleared.clone(), cleared)
/// }
/// ```
///
/// ```compile_fail
/// fn forged(parts: gate::Clearance) -> gate::Cleared {
///     gate::Cleared(parts)
/// }
/// ```
pub struct Cleared(Clearance);

/// What the record of a call says of it, for whoever keeps records of its own about the same call.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The exposed name of what is called.
    pub exposed: String,
    /// SHA-256 of the canonical arguments; zeros where there are none.
    pub digest: [u8; 32],
    /// The arguments as JSON text, masked, where the settings want them recorded.
    pub masked: Option<String>,
    /// The JSON-RPC id, as the client gave it.
    pub request_id: Option<String>,
    /// The W3C trace id, where the client sent one.
    pub trace_id: Option<String>,
}

/// What a clearance says.
pub struct Clearance {
    /// On whose behalf.
    pub client: Arc<Client>,
    /// `tools/call`, `resources/read`, `prompts/get`, `completion/complete`, `tasks/*`, or one passed by a setting.
    pub method: Method,
    /// The upstream's own name for what is called: tool, prompt, URI or task id; empty if the method has none.
    pub target: String,
    /// Params as the client wrote them (its own names, its own `_meta`); `target` goes in where a name stands.
    pub params: Object,
    /// The arguments of a tool as they were checked, numbers digit for digit; only for a source that reads them
    /// ([`crate::port::Source::reads`]).
    pub arguments: Map<String, Value>,
    /// `Mcp-Param-*` headers for a modern upstream over HTTP, checked against the arguments.
    pub param_headers: Vec<(String, String)>,
    /// Whether the client wants progress; its token stays on its own hop.
    pub progress: bool,
    /// From which level on it wants log messages of this request.
    pub level: Option<Level>,
    /// The upstream's own `requestState`, when this call continues one that asked for input.
    pub state: Option<String>,
    /// How long the whole call may take.
    pub deadline: Duration,
    /// What its record says of it.
    pub about: About,
    /// What an approval of this call is bound to; there only for a source that asks ([`crate::port::Source::asks`]).
    pub approval: Option<Box<Approval>>,
}

/// What a source needs to ask a person about a call.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The call. The source adds the terms.
    pub binding: Binding,
    /// How the caller proved who it is.
    pub credential: Credential,
    /// The arguments as JSON text, secrets masked.
    pub arguments: String,
    /// The question of the source that the client says this call belongs to, for
    /// [`Desk::take`](approvals::Desk::take).
    pub named: Option<String>,
}

impl Cleared {
    pub(crate) const fn new(clearance: Clearance) -> Self {
        Self(clearance)
    }

    /// What it says; taking it apart uses the clearance up.
    pub fn into_parts(self) -> Clearance {
        self.0
    }

    /// What it says.
    pub const fn get(&self) -> &Clearance {
        &self.0
    }
}
