//! HTTP/1.1 as a client speaks it (RFC 9112): bytes in, bytes out, no socket.

mod body;
mod head;
mod request;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use body::{At, Framing, Piece};
pub use head::{Bounds, Head};
pub(crate) use request::Outbox;

use crate::{Kind, Violation};

/// How a reply is not what it has to be. The connection goes with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: Kind,
    /// The sentence, without its subject, which is the peer.
    pub detail: Cow<'static, str>,
}

impl Fault {
    fn broken(detail: &'static str) -> Self {
        Self { kind: Kind::Protocol(Violation::Http), detail: detail.into() }
    }

    fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::TooLarge, detail: detail.into() }
    }

    pub(crate) fn reset(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Reset, detail: detail.into() }
    }
}
