use thiserror::Error;

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// A stable code: `bad_event`, `bad_signature`, `bad_key`, `too_large`, `bad_payload`, `encryption`, `bad_message` for events
    /// and payloads; `uri`, `tls`, `relay`, `secret`, `encryption` for connections; `bad_response` for answers.
    pub code: &'static str,
    /// A sentence. Nothing of what was read is in it.
    pub message: &'static str,
}

impl Fault {
    pub(crate) const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message }
    }
}
