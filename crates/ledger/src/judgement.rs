use model::Timestamp;
use model::money::MoneyRule;

use crate::PaymentId;

/// What the books make of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It may be reserved.
    Allow {
        /// How much is to be held, in the smallest unit of its asset.
        holds: u128,
        /// The budgets of which 80 % are reached with it.
        soft: Vec<String>,
    },
    /// It fits, and a person decides.
    Ask {
        /// How much is to be held meanwhile.
        holds: u128,
        /// The budgets of which 80 % are reached with it.
        soft: Vec<String>,
        /// Why, the first reason first.
        rules: Vec<MoneyRule>,
        /// How many different persons must agree.
        persons: u8,
    },
    /// The caller's key names this payment, for the same request.
    Same(PaymentId),
    /// It may not.
    Deny(Refusal),
}

/// Why something is not paid, with what a caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Refusal {
    /// The rule.
    pub rule: MoneyRule,
    /// Which budget, by its name.
    pub budget: Option<String>,
    /// What that budget has left, in its unit, or as a number of payments for `velocity`.
    pub left: Option<u128>,
    /// When this budget would hold if nothing else happened. `None`: time alone does not do it.
    pub again: Option<Timestamp>,
    /// The payment that is in the way.
    pub payment: Option<PaymentId>,
}

impl Refusal {
    /// A rule that no budget stands behind.
    pub const fn new(rule: MoneyRule) -> Self {
        Self { rule, budget: None, left: None, again: None, payment: None }
    }

    pub(crate) const fn by(rule: MoneyRule, payment: PaymentId) -> Self {
        Self { rule, budget: None, left: None, again: None, payment: Some(payment) }
    }
}
