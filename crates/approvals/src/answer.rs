use model::money::MoneyRule;
use model::{Principal, Role, Timestamp};
use thiserror::Error;

/// Who answers, proven before they get here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answerer {
    /// A user of the operating system who can open the installation's own state: one person for each name, of no
    /// tenant, and never one of the two that four eyes need.
    System(String),
    /// Whoever presented an API key.
    Key {
        /// Whom the key proves.
        principal: Principal,
        /// When the key was made.
        made: Timestamp,
    },
}

impl Answerer {
    /// The name used in records: `os:ada`, or the principal's.
    pub fn label(&self) -> String {
        match self {
            Self::System(user) => format!("os:{user}"),
            Self::Key { principal, .. } => principal.id.to_string(),
        }
    }

    /// Whether they may see and answer anything at all.
    pub fn is_operator(&self) -> bool {
        match self {
            Self::System(_) => true,
            Self::Key { principal, .. } => principal.role == Role::Operator,
        }
    }

    /// Whether what belongs to `tenant` is there for them.
    pub fn sees(&self, tenant: &str) -> bool {
        match self {
            Self::System(_) => true,
            Self::Key { principal, .. } => principal.tenant.as_str() == tenant,
        }
    }
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The call may be made, once.
    Yes {
        /// Payee and price are to be remembered for the next time.
        keep: bool,
        /// It counts in every session of the principal, not only in the one that asked.
        widen: bool,
    },
    /// It may not.
    No,
}

/// Why an answer does not count. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// There is none of that id, or it is another tenant's.
    #[error("there is no approval {0}")]
    Unknown(String),
    /// Not theirs to answer.
    #[error("{0}")]
    NotPermitted(&'static str),
    /// It was answered, used or overtaken before.
    #[error("it is no longer open: {}", .0.as_str())]
    Closed(crate::State),
    /// Too late.
    #[error("its time ran out")]
    Expired,
    /// The store or the log failed.
    #[error("{0}")]
    Failed(String),
}

impl NoAnswer {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown",
            Self::NotPermitted(_) => MoneyRule::NotPermitted.as_str(),
            Self::Closed(crate::State::Used) => MoneyRule::ApprovalUsed.as_str(),
            Self::Closed(crate::State::Refused) => MoneyRule::Denied.as_str(),
            Self::Closed(crate::State::Expired) | Self::Expired => {
                MoneyRule::ApprovalExpired.as_str()
            }
            Self::Closed(_) => MoneyRule::ApprovalMismatch.as_str(),
            Self::Failed(_) => "store_unavailable",
        }
    }
}
