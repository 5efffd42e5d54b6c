//! What the budgets leave a caller: those that count what it spends, and of each no more than concerns it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Budget, Payment, Scope, Status, Stop, Unit, Window};
use model::money::Amount;
use serde_json::{Value, json};

use crate::purse::{Call, Ended};
use crate::reply::Found;
use crate::shown;

/// Decimals of amounts in the reference currency: they are counted in 10^-9 of it.
const NANO: u8 = 9;
/// Most lines that are shown of one budget.
const LINES: usize = 20;

impl Call<'_> {
    /// `budget_status`.
    pub(crate) async fn budgets(&self) -> Result<Found, Ended> {
        let stops = self.payer.treasury().stops().await?;
        let paused: Vec<String> =
            stops.iter().filter(|stop| self.is_met_by(stop)).map(ToString::to_string).collect();
        Ok(json!({ "budgets": self.lines().await?, "paused": paused }).into())
    }

    /// One line for each value that the caller's payments count by.
    pub(crate) async fn lines(&self) -> Result<Vec<Value>, Ended> {
        let standing = self.payer.treasury().status().await?;
        let own = self.own().await?;
        let mut lines = Vec::new();
        for budget in &self.purse.budgets.budgets {
            let of: BTreeMap<&str, &Status> = standing
                .iter()
                .filter(|status| status.budget == budget.name)
                .map(|status| (status.value.as_str(), status))
                .collect();
            let values = self.values(budget, &own);
            let fits = |value: &&String| budget.only.as_ref().is_none_or(|only| only == *value);
            for value in values.iter().filter(fits).take(LINES) {
                lines.push(line(budget, Some(value), of.get(value.as_str()).copied()));
            }
            // Each of them has this much: which one it will be, the next payment says.
            if values.is_empty() && budget.only.is_none() {
                lines.push(line(budget, None, None));
            }
        }
        Ok(lines)
    }

    /// What the caller's payments count by: what it is, and whom and what it has paid before.
    fn values(&self, budget: &Budget, own: &[Payment]) -> BTreeSet<String> {
        let one = |text: &str| [text.to_owned()].into();
        match budget.per {
            Scope::All => one(""),
            Scope::Tenant => one(self.tenant()),
            Scope::Agent => one(self.principal()),
            Scope::Session => one(&self.clearance.client.session),
            scope => own.iter().map(|payment| payment.intent.at(scope).into_owned()).collect(),
        }
    }

    /// Whether a stop concerns every payment of the caller by who it is; of what else is stopped, its payments tell.
    fn is_met_by(&self, stop: &Stop) -> bool {
        let text = stop.to_string();
        text == "all"
            || text == format!("agent:{}", self.principal())
            || text == format!("tenant:{}", self.tenant())
    }
}

/// What is left, and where the caller alone counts, what is used.
fn line(budget: &Budget, value: Option<&str>, status: Option<&Status>) -> Value {
    let amount = |minor| in_words(minor, &budget.unit);
    let alone = matches!(budget.per, Scope::Agent | Scope::Session);
    // One payment is one window: nothing of another is in it.
    let counted = status.filter(|_| budget.window != Window::Call);
    let left = counted.map_or(budget.limit, |status| status.left);
    let used = counted.map_or_else(
        || amount(0),
        |status| status.used.map_or_else(|rule| rule.as_str().to_owned(), amount),
    );
    json!({
        "budget": budget.name,
        "per": budget.per.as_str(),
        "for": value.map(shown::cut),
        "limit": budget.limit.map(amount),
        "left": left.map(amount),
        "used": alone.then_some(used),
        "payments": alone.then(|| counted.map_or(0, |status| status.count)),
        "mostPayments": budget.count,
        "asksAbove": budget.ask_above.map(amount),
        "nearlyUsed": counted.is_some_and(|status| status.soft),
    })
}

fn in_words(minor: u128, unit: &Unit) -> String {
    match unit {
        Unit::Symbol(symbol, decimals) => {
            format!("{} {symbol}", Amount::decimal(minor, *decimals))
        }
        Unit::Reference(currency) => format!("{} {currency}", Amount::decimal(minor, NANO)),
        Unit::Asset(asset) => format!("{minor} {asset}"),
        Unit::Any => minor.to_string(),
    }
}
