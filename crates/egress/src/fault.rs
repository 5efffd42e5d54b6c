use std::borrow::Cow;

use crate::{Kind, Violation};

/// How a connection, or what came over it, is not what it has to be. The connection goes with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// The sentence, without its subject, which is the peer.
    pub(crate) detail: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn reset(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Reset, detail: detail.into() }
    }
}

impl From<http1::Fault> for Fault {
    fn from(fault: http1::Fault) -> Self {
        let kind = match fault.kind {
            http1::Kind::Malformed => Kind::Protocol(Violation::Http),
            http1::Kind::TooLarge => Kind::TooLarge,
        };
        Self { kind, detail: fault.detail }
    }
}
