use model::money::MoneyRule;

use crate::{Binding, Ticket};

/// What the desk has for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A yes. It is used up, durably and on record: the call may be made, once.
    Granted(Box<Grant>),
    /// The question waits.
    Waiting(Ticket),
    /// A person said no.
    Refused {
        /// To which question.
        id: String,
    },
    /// Nobody answered in time, or the answer was not used in time.
    Expired {
        /// Which question.
        id: String,
    },
    /// The yes was used before.
    Used {
        /// To which question.
        id: String,
    },
    /// The call names a question that was about another one, or was asked under another policy or definition.
    Mismatch {
        /// Which question.
        id: String,
    },
    /// The call names a question of another principal.
    Principal {
        /// Which question.
        id: String,
    },
    /// Nothing: it has to be asked.
    None,
}

/// A yes that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// To which question.
    pub id: String,
    /// Who said it.
    pub by: Vec<String>,
    /// Whether everybody who said it wants payee and price remembered.
    pub keep: bool,
    /// What it was bound to.
    pub binding: Binding,
}

impl Taken {
    /// The rule by which this is a refusal; none where it is not one.
    pub const fn rule(&self) -> Option<MoneyRule> {
        match self {
            Self::Granted(_) | Self::Waiting(_) | Self::None => None,
            Self::Refused { .. } => Some(MoneyRule::Denied),
            Self::Expired { .. } => Some(MoneyRule::ApprovalExpired),
            Self::Used { .. } => Some(MoneyRule::ApprovalUsed),
            Self::Mismatch { .. } => Some(MoneyRule::ApprovalMismatch),
            Self::Principal { .. } => Some(MoneyRule::ApprovalPrincipal),
        }
    }
}
