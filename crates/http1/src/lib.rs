//! HTTP/1.1 (RFC 9112) as either side speaks it: what a head says, where a body ends, what is read and written at once.
//!
//! Nothing here opens a connection or waits by itself. What can be read in two ways is refused.
//!
//! - [`Request`], [`Reply`]: heads, taken off the front of what has been read
//! - [`Framing`]: a body, piece by piece, to its end and no further
//! - [`Inbox`], [`Outbox`]: what has been read and not yet taken, what is to be written

mod body;
mod head;
mod inbox;
mod outbox;
mod reply;
mod request;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use body::{At, Framing, Piece};
pub use head::Bounds;
pub use inbox::Inbox;
pub use outbox::{Follows, Outbox};
pub use reply::Reply;
pub use request::Request;

/// How a message is not what it has to be. The connection goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which way.
    pub kind: Kind,
    /// The sentence, without its subject, which is whoever sent the message.
    pub detail: Cow<'static, str>,
}

/// In which way a message is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It cannot be read, or in more than one way.
    Malformed,
    /// There is more of it than there may be.
    TooLarge,
}

impl Fault {
    fn malformed(detail: &'static str) -> Self {
        Self { kind: Kind::Malformed, detail: detail.into() }
    }

    fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::TooLarge, detail: detail.into() }
    }
}
