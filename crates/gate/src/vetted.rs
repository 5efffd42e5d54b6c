use std::time::Duration;

use bytes::Bytes;
use protocol::Rope;
use protocol::mcp::Era;
use protocol::rpc::{Id, RpcError, error, result};

/// An answer that may leave: it passed the outbound guards and its record is durable.
///
/// Only this room can make one, and fronts can write nothing else.
///
/// ```compile_fail
/// let forged = gate::Vetted { outcome: Ok(protocol::Rope::new()), status: 200, retry_after: None };
/// ```
#[derive(Debug, Clone)]
pub struct Vetted {
    outcome: Result<Rope, RpcError>,
    status: u16,
    transport: bool,
    retry_after: Option<Duration>,
    challenge: Option<String>,
}

impl Vetted {
    pub(crate) const fn result(result: Rope) -> Self {
        Self {
            outcome: Ok(result),
            status: 200,
            transport: false,
            retry_after: None,
            challenge: None,
        }
    }

    pub(crate) const fn error(error: RpcError, status: u16, transport: bool) -> Self {
        Self { outcome: Err(error), status, transport, retry_after: None, challenge: None }
    }

    pub(crate) fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    pub(crate) fn challenge(mut self, challenge: Option<String>) -> Self {
        self.challenge = challenge;
        self
    }

    /// The HTTP status. A legacy client gets JSON-RPC errors with 200 (404 would mean to it that its session is
    /// gone), unless the refusal is HTTP's own: credentials, scopes, origins, sessions, sizes.
    pub const fn status(&self, era: Era) -> u16 {
        match era {
            Era::Legacy if !self.transport => 200,
            _ => self.status,
        }
    }

    /// When to try again, for `Retry-After`.
    pub const fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The value for `WWW-Authenticate`, where one is due.
    pub fn www_authenticate(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    /// Bytes of the result, or of the error's text.
    pub fn size(&self) -> usize {
        match &self.outcome {
            Ok(result) => result.len(),
            Err(error) => error.message.len() + error.data.as_ref().map_or(0, Bytes::len),
        }
    }

    /// Whether it is a JSON-RPC error.
    pub const fn is_error(&self) -> bool {
        self.outcome.is_err()
    }

    /// The message for the client, under its own request id.
    pub fn into_message(self, id: Option<&Id>) -> Rope {
        match (self.outcome, id) {
            (Ok(body), Some(id)) => result(id, body),
            (Ok(_), None) => Rope::from(Bytes::new()),
            (Err(e), id) => Rope::from(error(id, &e)),
        }
    }
}
