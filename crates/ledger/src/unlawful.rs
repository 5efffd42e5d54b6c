use model::money::MoneyRule;
use thiserror::Error;

use crate::PaymentId;

/// Why an event cannot have happened. The books are as they were.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unlawful {
    /// It is older than the newest event.
    #[error("the event is older than the newest one")]
    Time,
    /// There is no such payment.
    #[error("there is no payment {0}")]
    Unknown(PaymentId),
    /// There is such a payment already.
    #[error("the payment {0} is there already")]
    Twice(PaymentId),
    /// A payment cannot become this from what it is.
    #[error("payment {id} is {from} and cannot become {to}")]
    Step {
        /// Which payment.
        id: PaymentId,
        /// What it is.
        from: &'static str,
        /// What it was to become.
        to: &'static str,
    },
    /// The same request is under way.
    #[error("payment {0} is for the same request and under way")]
    InFlight(PaymentId),
    /// The caller's key names another payment.
    #[error("the key names payment {0}")]
    Key(PaymentId),
    /// What makes a signature unique was used: a nonce, the hash of an invoice.
    #[error("the nonce or payment hash was used before")]
    Mark,
    /// The approval was used.
    #[error("the approval was used before")]
    Approval,
    /// The same person answered twice.
    #[error("the same person has answered already")]
    Person,
    /// The time to answer or to use the answer is over.
    #[error("the approval came, or was used, too late")]
    Late,
    /// The sums cannot be counted.
    #[error("the sum is larger than can be counted")]
    Overflow,
    /// Amounts are in another asset than the payment.
    #[error("the amount is in another asset")]
    Asset,
    /// It says nothing that changes anything.
    #[error("the event changes nothing")]
    Nothing,
}

impl Unlawful {
    /// The stable code for whoever asked for it.
    pub const fn rule(&self) -> MoneyRule {
        match self {
            Self::Time => MoneyRule::Clock,
            Self::InFlight(_) => MoneyRule::InFlight,
            Self::Key(_) => MoneyRule::RequestChanged,
            Self::Mark => MoneyRule::NonceReuse,
            Self::Approval => MoneyRule::ApprovalUsed,
            Self::Person => MoneyRule::ApprovalPrincipal,
            Self::Late => MoneyRule::ApprovalExpired,
            Self::Overflow => MoneyRule::Overflow,
            _ => MoneyRule::Ledger,
        }
    }
}
