use std::collections::BTreeMap;

use std::time::Duration;

use model::Timestamp;
use model::money::{Asset, MoneyRule};
use thiserror::Error;

use crate::{Budget, Unit, Window};

/// What the operator's table says of an asset. Texts of a server never come in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its symbol, such as `USDC`.
    pub symbol: String,
    /// How many decimals it has.
    pub decimals: u8,
}

/// What an asset is worth in a reference currency: `minor` of its smallest units are worth `worth` units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units of the reference currency, in the decimals the operator counts it in.
    pub worth: u128,
    /// So many smallest units of the asset. Not zero.
    pub minor: u128,
    /// When the operator set it.
    pub set: Timestamp,
    /// For how long it is good. `None`: until it is set again.
    pub good: Option<Duration>,
}

/// What an operator allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// All limits; those that apply to a payment must all hold.
    pub budgets: Vec<Budget>,
    /// The trusted table.
    pub tokens: BTreeMap<Asset, Token>,
    /// Rates by asset and currency.
    pub rates: BTreeMap<(Asset, String), Rate>,
    /// Whether the fee limit counts as a part of the amount when it is compared and reserved (`fees_in_caps =
    /// "strict"`). Otherwise fees count once they are known: the sum may exceed a limit by the fees of what is under way.
    pub strict_fees: bool,
    /// Whether an asset may be paid that no limit bounds. Otherwise it is refused with `currency`.
    pub unbounded: bool,
}

/// A policy that does not load (`policy`).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("budget `{budget}`: {why}")]
pub struct PolicyError {
    /// Which budget; empty for a rate.
    pub budget: String,
    /// What is wrong.
    pub why: &'static str,
}

impl PolicyError {
    /// The stable code.
    pub const fn rule(&self) -> MoneyRule {
        MoneyRule::BadPolicy
    }
}

impl Policy {
    /// Checks what no type says.
    ///
    /// # Errors
    /// Two budgets of one name, amounts without a unit, a window longer than [`Window::LONGEST`] or of no length, two
    /// persons asked for less than one, a rate that divides by zero.
    pub fn check(&self) -> Result<(), PolicyError> {
        for (at, budget) in self.budgets.iter().enumerate() {
            let twin = self.budgets.iter().take(at).any(|b| b.name == budget.name);
            if let Some(why) = wrong(budget).or(twin.then_some("the name is taken")) {
                return Err(PolicyError { budget: budget.name.clone(), why });
            }
        }
        if self.rates.values().any(|rate| rate.minor == 0) {
            return Err(PolicyError { budget: String::new(), why: "a rate for zero units" });
        }
        Ok(())
    }
}

fn wrong(budget: &Budget) -> Option<&'static str> {
    let Budget { window, unit, limit, ask_above, four_eyes_above, .. } = budget;
    if *unit == Unit::Any && [limit, ask_above, four_eyes_above].iter().any(|a| a.is_some()) {
        return Some("an amount needs an asset, a symbol or a currency");
    }
    if let Window::Other(length) = window
        && (length.as_millis() == 0 || *length > Window::LONGEST)
    {
        return Some("a window is between a millisecond and 366 days long");
    }
    match (ask_above, four_eyes_above) {
        (Some(one), Some(two)) if two < one => Some("two persons are asked before one is"),
        _ => None,
    }
}
