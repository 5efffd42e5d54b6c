use model::Timestamp;
use model::money::MoneyRule;

use crate::books::Books;
use crate::{Budget, Policy};

/// How a budget stands for one value of its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The budget's name.
    pub budget: String,
    /// The value it counts by; empty for all.
    pub value: String,
    /// What counts against it, in its unit, what is held included. The rule where it cannot be told (`rate_stale`).
    pub used: Result<u128, MoneyRule>,
    /// What is left.
    pub left: Option<u128>,
    /// How many payments count against it.
    pub count: u64,
    /// Whether 80 % of it are reached.
    pub soft: bool,
}

impl Books {
    /// How a budget stands, for every value that has ever counted against it.
    pub fn status(&self, budget: &Budget, policy: &Policy, now: Timestamp) -> Vec<Status> {
        let now = now.max(self.newest);
        let wanted = |value: &&str| budget.only.as_deref().is_none_or(|only| only == *value);
        let mut values: Vec<_> = self.lines.values(budget.per).filter(wanted).collect();
        values.sort_unstable();
        let one = |value: &str| {
            let total = self.total(policy, budget, value, None, (now, now));
            let used = total.map(|tally| tally.minor);
            let known = used.unwrap_or(u128::MAX);
            Status {
                budget: budget.name.clone(),
                value: value.to_owned(),
                used,
                left: budget.limit.map(|limit| limit.saturating_sub(known)),
                count: total.map_or(0, |tally| tally.count),
                soft: budget.limit.is_some_and(|limit| known >= limit - limit / 5),
            }
        };
        values.into_iter().map(one).collect()
    }
}
