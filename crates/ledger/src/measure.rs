use model::Timestamp;
use model::money::{Asset, MoneyRule};

use crate::{Budget, Policy, Unit};

impl Policy {
    /// Whether a budget counts payments in that asset at all.
    pub(crate) fn counts(&self, budget: &Budget, asset: &Asset) -> bool {
        let listed = budget.assets.as_ref().is_none_or(|assets| assets.contains(asset));
        listed
            && match &budget.unit {
                Unit::Any | Unit::Reference(_) => true,
                Unit::Asset(wanted) => wanted == asset,
                Unit::Symbol(symbol, _) => {
                    self.tokens.get(asset).is_some_and(|token| token.symbol == *symbol)
                }
            }
    }

    /// So many smallest units of an asset that counts, in the unit of the budget, rounded up.
    pub(crate) fn measure(
        &self,
        unit: &Unit,
        asset: &Asset,
        minor: u128,
        now: Timestamp,
    ) -> Result<u128, MoneyRule> {
        match unit {
            Unit::Any => Ok(0),
            Unit::Asset(_) => Ok(minor),
            Unit::Symbol(_, decimals) => {
                let token = self.tokens.get(asset).ok_or(MoneyRule::UnknownAsset)?;
                let power = |by: u8| 10_u128.checked_pow(by.into()).ok_or(MoneyRule::Overflow);
                match decimals.checked_sub(token.decimals) {
                    Some(more) => scaled(minor, power(more)?, 1),
                    None => scaled(minor, 1, power(token.decimals.saturating_sub(*decimals))?),
                }
            }
            Unit::Reference(currency) => {
                let rate = self.rates.get(&(asset.clone(), currency.clone()));
                let fresh = rate.filter(|rate| rate.good.is_none_or(|g| now.since(rate.set) <= g));
                let rate = fresh.ok_or(MoneyRule::RateStale)?;
                scaled(minor, rate.worth, rate.minor)
            }
        }
    }
}

fn scaled(minor: u128, by: u128, per: u128) -> Result<u128, MoneyRule> {
    let product = minor.checked_mul(by).ok_or(MoneyRule::Overflow)?;
    if per == 0 { Err(MoneyRule::RateStale) } else { Ok(product.div_ceil(per)) }
}
