use std::fmt;

use gate::port::Trouble;
use model::Code;

/// Why an exchange with an upstream came to nothing. For the operator: none of its text reaches a client.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) detail: String,
    /// HTTP status of the upstream, where there was one.
    pub(crate) status: Option<u16>,
    /// Whether the upstream may have acted although no answer came.
    pub(crate) unknown: bool,
    /// Whether it tells of the upstream's health. A caller's mistakes and the gate's own limits do not.
    pub(crate) blamed: bool,
}

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Out of reach, broken off, or nonsense.
    Failed,
    /// Too slow.
    Timeout,
    /// Left alone: the circuit is open or a cap is reached.
    Down,
    /// Larger than allowed.
    TooLarge,
    /// Not to be said in the client's era.
    Untranslatable,
    /// It has forgotten our session; nothing was carried out.
    SessionGone,
    /// It does not speak this era; nothing was carried out.
    OtherEra,
    /// A secret was not given out; nothing was sent or started.
    Secret,
}

impl Fault {
    fn new(kind: FaultKind, detail: impl Into<String>, blamed: bool) -> Self {
        Self { kind, detail: detail.into(), status: None, unknown: false, blamed }
    }

    /// The upstream is out of reach or broke off.
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Failed, detail, true)
    }

    /// The upstream said something that it must not say.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::failed(detail) }
    }

    /// The upstream refused in a way that need not be its fault (4xx).
    pub(crate) fn refused(status: u16) -> Self {
        let fault = Self::new(FaultKind::Failed, format!("answered with HTTP {status}"), false);
        Self { status: Some(status), ..fault }
    }

    pub(crate) fn timeout(detail: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::new(FaultKind::Timeout, detail, true) }
    }

    pub(crate) fn down(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Down, detail, false)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::new(FaultKind::TooLarge, detail, false) }
    }

    pub(crate) fn untranslatable(detail: impl Into<String>) -> Self {
        Self { unknown: true, ..Self::new(FaultKind::Untranslatable, detail, false) }
    }

    pub(crate) fn session_gone() -> Self {
        Self::new(FaultKind::SessionGone, "the upstream has ended our session", false)
    }

    pub(crate) fn other_era(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::OtherEra, detail, false)
    }

    /// A secret that is needed was not given out.
    pub(crate) fn secret(detail: impl Into<String>) -> Self {
        Self::new(FaultKind::Secret, detail, false)
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Marks that the request had left when it happened.
    pub(crate) fn after_sending(self, sent: bool) -> Self {
        Self { unknown: sent, ..self }
    }

    pub(crate) fn is(&self, kind: FaultKind) -> bool {
        self.kind == kind
    }
}

impl From<egress::EgressError> for Fault {
    fn from(error: egress::EgressError) -> Self {
        let detail = error.to_string();
        let fault = match error.kind() {
            egress::Kind::Timeout(_) => Self::timeout(detail),
            egress::Kind::TooLarge => Self::too_large(detail),
            egress::Kind::Secret => Self::secret(detail),
            _ => Self::failed(detail),
        };
        fault.after_sending(error.sent())
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        let code = match fault.kind {
            FaultKind::Failed | FaultKind::SessionGone | FaultKind::OtherEra => {
                Code::UpstreamFailed
            }
            FaultKind::Timeout => Code::UpstreamTimeout,
            FaultKind::Down => Code::UpstreamDown,
            FaultKind::TooLarge => Code::ResultTooLarge,
            FaultKind::Untranslatable => Code::NotTranslatable,
            FaultKind::Secret => Code::SecretUnavailable,
        };
        let Fault { detail, status, unknown, .. } = fault;
        Self::Failed { code, detail, status, unknown }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
