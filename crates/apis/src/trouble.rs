use egress::{EgressError, Kind};
use gate::port::Trouble;
use model::Code;

/// Why a call has no answer, and what that says of the API.
pub(crate) struct Fault {
    pub(crate) trouble: Trouble,
    /// Whether the API is to blame. The gate's own limits, rules and secrets are not its fault.
    pub(crate) blamed: bool,
}

impl From<EgressError> for Fault {
    fn from(error: EgressError) -> Self {
        let code = match error.kind() {
            Kind::Timeout(_) => Code::UpstreamTimeout,
            Kind::TooLarge => Code::ResultTooLarge,
            Kind::Secret => Code::SecretUnavailable,
            _ => Code::UpstreamFailed,
        };
        let ours = matches!(error.kind(), Kind::Refused(_) | Kind::TooLarge | Kind::Secret);
        Self {
            trouble: Trouble::Failed {
                code,
                detail: format!("{}: {error}", error.code()),
                status: None,
                unknown: error.sent(),
            },
            blamed: !ours,
        }
    }
}

/// It asked for money too often lately without getting any.
pub(crate) fn too_often_unpaid(wait_millis: u128) -> Trouble {
    Trouble::Failed {
        code: Code::UpstreamDown,
        detail: format!(
            "velocity: it asked for a payment (402) again and again; not asked for {wait_millis} ms more"
        ),
        status: None,
        unknown: false,
    }
}

/// Left alone for a while.
pub(crate) fn down(wait_millis: u128) -> Trouble {
    Trouble::Failed {
        code: Code::UpstreamDown,
        detail: format!("left alone for {wait_millis} ms more"),
        status: None,
        unknown: false,
    }
}
