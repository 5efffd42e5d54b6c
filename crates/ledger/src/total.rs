use model::Timestamp;
use model::money::{Asset, MoneyRule};

use crate::books::Books;
use crate::line::Tally;
use crate::{Budget, Policy, Unit, Window};

impl Books {
    /// What counts against a budget at the moment `at`, in its unit, at the rates of the moment `now`; with `more`, as
    /// if that were reserved too.
    pub(crate) fn total(
        &self,
        policy: &Policy,
        budget: &Budget,
        value: &str,
        more: Option<(&Asset, u128)>,
        (at, now): (Timestamp, Timestamp),
    ) -> Result<Tally, MoneyRule> {
        // For one payment there is no sum; its number is the one that is to be made.
        let window = budget.window;
        let lines = self.lines.of(budget.per, value).filter(|_| window != Window::Call);
        let mut more = more;
        let mut total = Tally::default();
        let mut add = |asset: &Asset, tally: Tally| {
            let minor = match budget.unit {
                Unit::Any => 0,
                _ if tally.minor == 0 => 0,
                _ => policy.measure(&budget.unit, asset, tally.minor, now)?,
            };
            total = total.plus(minor, tally.count).ok_or(MoneyRule::Overflow)?;
            Ok(())
        };
        for (asset, line) in lines.into_iter().flatten().filter(|(a, _)| policy.counts(budget, a)) {
            let mut tally = line.within(window, at).ok_or(MoneyRule::Overflow)?;
            if let Some((_, minor)) = more.take_if(|(wanted, _)| *wanted == asset) {
                tally = tally.plus(minor, 1).ok_or(MoneyRule::Overflow)?;
            }
            add(asset, tally)?;
        }
        if let Some((asset, minor)) = more {
            add(asset, Tally { minor, count: 1 })?;
        }
        Ok(total)
    }
}

/// The first moment within one window from now at which something holds that, once it holds, goes on holding.
pub(crate) fn earliest(
    window: Window,
    now: Timestamp,
    holds: impl Fn(Timestamp) -> bool,
) -> Option<Timestamp> {
    let (mut from, mut to) = match window {
        Window::Call | Window::Lifetime => return None,
        _ => (now.0, now.after(window.length()).0),
    };
    if !holds(Timestamp(to)) {
        return None;
    }
    while from + 1 < to {
        let middle = from.midpoint(to);
        if holds(Timestamp(middle)) { to = middle } else { from = middle }
    }
    Some(Timestamp(to))
}
