use std::collections::BTreeMap;
use std::time::Duration;

use ledger::{Budget, Policy, Rate, Scope, Token, Unit, Window};
use model::Timestamp;

use super::units::{Money, NANO, REFERENCE, assets, minor, split, worth};
use crate::config::units::Span;
use crate::config::{BudgetEntry, Config, FeesInCaps, Payments, Per};

/// How long a rate holds that says when it was set and not for how long.
const RATE_AGE: Duration = Duration::from_hours(24);

/// The budgets of a configuration, as the books take them.
pub fn budgets(config: &Config) -> Result<Policy, String> {
    let usual = Payments::default();
    let own = config.payments.as_ref().unwrap_or(&usual);
    let assets = assets(own)?;
    let mut budgets = Vec::new();
    for (n, entry) in config.budget.iter().enumerate() {
        let budget = budget(n, entry, &assets).map_err(|e| format!("budget {}: {e}", n + 1))?;
        budgets.push(budget);
    }
    if config.payments.is_some() && budgets.iter().all(|budget| budget.limit.is_none()) {
        return Err(
            "`[payments]` lets money leave, and no `[[budget]]` limits how much: add one, like per = \"agent\", window = \"24h\", limit = \"10 USD\""
                .to_owned(),
        );
    }
    let policy = Policy {
        budgets,
        tokens: assets.iter().map(|m| (m.asset.clone(), token(m))).collect(),
        rates: rates(own, &assets)?,
        strict_fees: own.fees_in_caps == FeesInCaps::Strict,
        unbounded: false,
    };
    policy.check().map_err(|e| e.to_string())?;
    Ok(policy)
}

fn token(money: &Money) -> Token {
    Token { symbol: money.symbol.clone(), decimals: money.decimals }
}

fn rates(
    own: &Payments,
    assets: &[Money],
) -> Result<BTreeMap<(model::money::Asset, String), Rate>, String> {
    let mut rates = BTreeMap::new();
    for money in assets {
        let Some(worth) = worth(own, &money.symbol)? else { continue };
        let entry = own.rates.get(&money.symbol);
        let at = entry.and_then(|e| e.at.as_deref());
        let set = at.map(|text| {
            audit::parse_rfc3339(text)
                .ok_or_else(|| format!("`{text}` is no time: write it in RFC 3339"))
        });
        let set = set.transpose()?;
        let age = entry.and_then(|e| e.max_age).map(|span| span.0);
        let good = set.map(|_| age.unwrap_or(RATE_AGE));
        let minor = 10_u128.checked_pow(u32::from(money.decimals)).ok_or("too many decimals")?;
        let set = set.unwrap_or(Timestamp(0));
        let key = (money.asset.clone(), REFERENCE.to_owned());
        rates.insert(key, Rate { worth, minor, set, good });
    }
    Ok(rates)
}

fn budget(n: usize, entry: &BudgetEntry, assets: &[Money]) -> Result<Budget, String> {
    let window = window(&entry.window)?;
    let per = scope(entry.per);
    let mut amounts = [&entry.limit, &entry.ask_above].map(|text| text.as_deref());
    if amounts[0] == Some("none") {
        amounts[0] = None;
    }
    let unit = amounts.into_iter().flatten().next().map(split).transpose()?.map(|(_, unit)| unit);
    let unit = unit.map_or(Ok(Unit::Any), |unit| unit_of(unit, assets))?;
    let read = |text: Option<&str>| text.map(|text| amount(text, &unit)).transpose();
    let (limit, ask_above) = (read(amounts[0])?, read(amounts[1])?);
    let name = entry
        .name
        .clone()
        .unwrap_or_else(|| format!("{} per {} in {}", n + 1, per.as_str(), entry.window));
    let mut budget = Budget::new(name, window, unit);
    budget.per = per;
    budget.only.clone_from(&entry.only);
    budget.limit = limit;
    budget.count = entry.count;
    budget.ask_above = ask_above;
    Ok(budget)
}

fn unit_of(unit: &str, assets: &[Money]) -> Result<Unit, String> {
    if unit == REFERENCE {
        return Ok(Unit::Reference(REFERENCE.to_owned()));
    }
    let found = assets.iter().find(|money| money.symbol == unit);
    found.map(|money| Unit::Symbol(money.symbol.clone(), money.decimals)).ok_or_else(|| {
        format!(
            "`{}` is no unit of money here: use {REFERENCE} or the symbol of an asset",
            unit.escape_debug()
        )
    })
}

fn amount(text: &str, unit: &Unit) -> Result<u128, String> {
    let (number, given) = split(text)?;
    let (name, decimals) = match unit {
        Unit::Symbol(symbol, decimals) => (symbol.as_str(), *decimals),
        Unit::Reference(currency) => (currency.as_str(), NANO),
        Unit::Any | Unit::Asset(_) => return Err("an amount has no unit".to_owned()),
    };
    if given != name {
        return Err(format!("`{text}` and the other amount of this budget are in two units"));
    }
    minor(number, decimals)
}

fn window(text: &str) -> Result<Window, String> {
    match text {
        "call" => return Ok(Window::Call),
        "lifetime" => return Ok(Window::Lifetime),
        _ => {}
    }
    let Span(length) = text.parse::<Span>().map_err(|_| {
        format!(
            "`{}` is no window: write call, lifetime, or a time like 24h or 7d",
            text.escape_debug()
        )
    })?;
    let named = [Window::Minute, Window::Hour, Window::Day, Window::Week, Window::Month];
    let exact = named.into_iter().find(|window| window.length() == length);
    Ok(exact.unwrap_or(Window::Other(length)))
}

const fn scope(per: Per) -> Scope {
    match per {
        Per::All => Scope::All,
        Per::Tenant => Scope::Tenant,
        Per::Agent => Scope::Agent,
        Per::Session => Scope::Session,
        Per::Tool => Scope::Tool,
        Per::Source => Scope::Source,
        Per::Payee => Scope::Payee,
        Per::Origin => Scope::Origin,
        Per::Rail => Scope::Rail,
    }
}

/// The budgets once more, as what explains a demand takes them: nothing is spent, and everybody is one.
pub fn limits(config: &Config) -> Result<spend::Limits, String> {
    let mut limits = spend::Limits::default();
    for budget in budgets(config)?.budgets {
        let window = match budget.window {
            Window::Call => spend::Window::Call,
            Window::Minute => spend::Window::Minute,
            Window::Hour => spend::Window::Hour,
            Window::Day => spend::Window::Day,
            Window::Week => spend::Window::Week,
            Window::Month => spend::Window::Month,
            // No window of a length of its own is known there; the longest one refuses rather too much.
            Window::Lifetime | Window::Other(_) => spend::Window::Lifetime,
        };
        if let (Scope::Payee, Some(count)) = (budget.per, budget.count) {
            limits.velocity = Some((count, 0));
        }
        let Some(most) = budget.limit else { continue };
        let (decimals, unit) = match &budget.unit {
            Unit::Symbol(symbol, decimals) => (*decimals, symbol.clone()),
            Unit::Reference(currency) => (NANO, currency.clone()),
            Unit::Any | Unit::Asset(_) => continue,
        };
        let text = format!("{} {unit}", model::money::Amount::decimal(most, decimals));
        let most = spend::Price::parse(&text, &unit).map_err(|e| format!("`{text}`: {e}"))?;
        let origin = if budget.per == Scope::Origin { budget.only.clone() } else { None };
        if budget.only.is_none() || origin.is_some() {
            limits.all.push(spend::Limit { window, most, spent: 0, origin });
        }
    }
    Ok(limits)
}
