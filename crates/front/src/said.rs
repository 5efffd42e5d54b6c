use std::time::Duration;

use gate::Vetted;
use protocol::Rope;
use protocol::mcp::Era;
use protocol::rpc::{Id, result};

/// An answer in the words of its transport: one JSON-RPC message and what HTTP adds.
pub(crate) struct Said {
    pub(crate) text: Rope,
    pub(crate) status: u16,
    pub(crate) wait: Option<Duration>,
    pub(crate) challenge: Option<String>,
}

impl Said {
    /// What the gate answers.
    pub(crate) fn vetted(vetted: Vetted, era: Era, id: Option<&Id>) -> Self {
        Self {
            status: vetted.status(era),
            wait: vetted.wait(),
            challenge: vetted.www_authenticate().map(str::to_owned),
            text: vetted.into_message(id),
        }
    }

    /// A result that is about the connection alone: an opening, a ping, an acknowledgement.
    pub(crate) fn own(id: &Id, raw: impl Into<Rope>) -> Self {
        Self { text: result(id, raw.into()), status: 200, wait: None, challenge: None }
    }

    pub(crate) const fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
