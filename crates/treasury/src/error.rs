use ledger::{PaymentId, PolicyError, Refusal, Unlawful};
use model::money::MoneyRule;
use store::StoreError;
use thiserror::Error;

/// Why a step is not taken. Unless it says otherwise, nothing was signed and nothing may leave.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// A rule.
    #[error("{0}")]
    Denied(Refusal),
    /// A person decides: see [`Treasury::ask`](crate::Treasury::ask).
    #[error("a person has to decide: {}", .rules.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", "))]
    Ask {
        /// Why, the first reason first.
        rules: Vec<MoneyRule>,
        /// How many different persons must agree.
        persons: u8,
    },
    /// The caller's key names this payment, for the same request: its payload or result is the answer.
    #[error("the key names payment {0}")]
    Same(PaymentId),
    /// The payment cannot become this from what it is.
    #[error(transparent)]
    Unlawful(#[from] Unlawful),
    /// The books could not be written or read, so nothing is allowed (`ledger`). An outcome that was reported is kept
    /// in memory and stored as soon as that works.
    #[error("the ledger cannot be written: {0}")]
    Ledger(String),
}

impl Refused {
    /// The stable code.
    pub fn rule(&self) -> MoneyRule {
        match self {
            Self::Denied(refusal) => refusal.rule,
            Self::Ask { rules, .. } => *rules.first().unwrap_or(&MoneyRule::PolicyAsks),
            Self::Same(_) => MoneyRule::InFlight,
            Self::Unlawful(unlawful) => unlawful.rule(),
            Self::Ledger(_) => MoneyRule::Ledger,
        }
    }

    pub(crate) const fn deny(rule: MoneyRule) -> Self {
        Self::Denied(Refusal::new(rule))
    }
}

/// Why the treasury does not open. The gate does not start.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file of the books.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The file has no such event as a mark that was kept elsewhere names: it was replaced by an older copy, or by another
    /// file. What was paid since is not in it, so nothing may be paid by it.
    #[error(
        "the file does not have event {0}, which the audit log has on record: an older copy or another file was put in its place, and what was paid since is not in it"
    )]
    RolledBack(u64),
    /// Something beside the file.
    #[error("cannot {what}: {why}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        why: String,
    },
}

impl OpenError {
    /// The stable code: `permissions`, `store`, `ledger` (rolled back, too) or `policy`.
    pub const fn rule(&self) -> MoneyRule {
        match self {
            Self::Store(error) => error.rule(),
            Self::Policy(error) => error.rule(),
            Self::RolledBack(_) => MoneyRule::Ledger,
            Self::System { .. } => MoneyRule::Store,
        }
    }
}
