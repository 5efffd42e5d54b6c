use model::money::MoneyRule;

use super::payee::pin;
use super::{Case, Finding, ask};
use crate::{Cost, Policy, Price};

/// Prices count in 10^-9 of their unit.
const NANO: u128 = 1_000_000_000;

/// The tool has cost something before, or said that it would.
pub(super) fn charged_before(case: &Case<'_>) -> Finding {
    let known = pin(case).is_some_and(|pin| pin.price.is_some() || pin.advertised.is_some());
    if known || case.cost().is_none() {
        return Finding::Fine;
    }
    ask(MoneyRule::FirstCharge, "This tool has never cost anything and advertises no price.")
}

/// The price is the advertised one or, where none is advertised, the one that was accepted: up to the tolerance above
/// it, and any price below it.
pub(super) fn near_reference(case: &Case<'_>) -> Finding {
    let (Some(pin), Some(cost)) = (pin(case), case.cost()) else { return Finding::Fine };
    let policy = &case.situation.policy;
    let tolerance = policy.tolerance_percent;
    if let Some(advertised) = &pin.advertised {
        return match within(&cost, advertised, tolerance, policy) {
            Some(true) => Finding::Fine,
            _ => ask(
                MoneyRule::PriceMismatch,
                format!("The advertised price is {advertised}, and {cost} are asked."),
            ),
        };
    }
    let Some(price) = &pin.price else { return Finding::Fine };
    match within(&cost, price, tolerance, policy) {
        Some(true) => Finding::Fine,
        // Bitcoin without a rate has limits of its own; a price in another currency is no reference for it.
        None if cost.row.asset.is_bitcoin() => Finding::Fine,
        _ => ask(
            MoneyRule::PriceDrift,
            format!("The accepted price is {price}, and {cost} are asked."),
        ),
    }
}

/// Whether a cost is within a price, in its unit or in the reference currency. `None` if the two cannot be compared. A
/// cost too large to be counted is above every price.
fn within(cost: &Cost<'_>, price: &Price, tolerance: u32, policy: &Policy) -> Option<bool> {
    let direct = cost.nano_in(&price.unit).map(|cost| (cost, price.nano));
    let (cost, price) = direct.or_else(|| {
        let row = policy.assets.iter().find(|row| row.symbol == price.unit)?;
        Some((cost.nano_in(&policy.reference)?, price.nano.checked_mul(row.worth?)? / NANO))
    })?;
    let Ok(cost) = cost else { return Some(false) };
    let most = price.checked_mul(100 + u128::from(tolerance));
    Some(match (cost.checked_mul(100), most) {
        (Some(cost), Some(most)) => cost <= most,
        (None, Some(_)) => false,
        (_, None) => true,
    })
}

/// It is not above where a person is asked.
pub(super) fn below_threshold(case: &Case<'_>) -> Finding {
    if above(case, &case.situation.policy.thresholds.ask_above) {
        return ask(
            MoneyRule::OverThreshold,
            "The amount is above the one from which on a person is asked.",
        );
    }
    Finding::Fine
}

/// It is not above where two persons are asked.
pub(super) fn below_second_threshold(case: &Case<'_>) -> Finding {
    if needs_two(case) {
        return ask(
            MoneyRule::OverThreshold,
            "The amount is above the one from which on two persons are asked.",
        );
    }
    Finding::Fine
}

/// Whether two persons have to agree.
pub(crate) fn needs_two(case: &Case<'_>) -> bool {
    above(case, &case.situation.policy.thresholds.four_eyes_above)
}

/// Above one of them, or comparable with none of them: then it is not known to be below.
fn above(case: &Case<'_>, thresholds: &[Price]) -> bool {
    let Some(cost) = case.cost() else { return false };
    let policy = &case.situation.policy;
    let above = |price: &Price| within(&cost, price, 0, policy).map(|within| !within);
    let known: Vec<bool> = thresholds.iter().filter_map(above).collect();
    if known.is_empty() { !thresholds.is_empty() } else { known.contains(&true) }
}
