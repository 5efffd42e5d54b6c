use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::Timestamp;
use model::money::Asset;
use serde::Serialize;

use crate::words;
use crate::{Books, Intent};

/// What one agent of a tenant spent on one tool for one payee in one month (UTC), in one asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The month in which it settled, such as `2025-02`.
    pub month: String,
    /// Whose.
    pub tenant: String,
    /// Who.
    pub agent: String,
    /// For what.
    pub tool: String,
    /// To whom.
    pub payee: String,
    /// In what.
    pub asset: Asset,
    /// How many payments.
    pub payments: u64,
    /// What payees got, in smallest units.
    #[serde(with = "words::one")]
    pub spent: u128,
    /// What it cost besides.
    #[serde(with = "words::one")]
    pub fees: u128,
}

type Key = (String, String, String, String, String, Asset);

/// Sums by month; never forgotten.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement(BTreeMap<Key, (u64, u128, u128)>);

impl Statement {
    pub(crate) fn book(&mut self, intent: &Intent, at: Timestamp, paid: u128, fee: u128) {
        self.add(intent, at, (1, paid, fee));
    }

    /// What a payment cost that was not made.
    pub(crate) fn cost(&mut self, intent: &Intent, at: Timestamp, fee: u128) {
        self.add(intent, at, (0, 0, fee));
    }

    fn add(&mut self, intent: &Intent, at: Timestamp, (count, paid, fee): (u64, u128, u128)) {
        let key = (
            month(at),
            intent.tenant.to_string(),
            intent.agent.to_string(),
            intent.tool.clone(),
            intent.terms.payee.clone(),
            intent.terms.amount.asset.clone(),
        );
        let (payments, spent, fees) = self.0.entry(key).or_default();
        // The books have checked that everything ever spent in this asset can be counted.
        *payments = payments.saturating_add(count);
        *spent = spent.saturating_add(paid);
        *fees = fees.saturating_add(fee);
    }
}

impl Books {
    /// What was spent, by month, tenant, agent, tool, payee and asset, in that order. Only what is settled, and what was taken for
    /// payments that came to nothing.
    pub fn statement(&self) -> Vec<Row> {
        let row = |(key, sums): (&Key, &(u64, u128, u128))| {
            let (month, tenant, agent, tool, payee, asset) = key.clone();
            let (payments, spent, fees) = *sums;
            Row { month, tenant, agent, tool, payee, asset, payments, spent, fees }
        };
        self.statement.0.iter().map(row).collect()
    }
}

/// Rows as CSV (RFC 4180) with a head. What a spreadsheet would take for a formula gets a `'` before it.
pub fn to_csv(rows: &[Row]) -> String {
    let mut csv = String::from("month,tenant,agent,tool,payee,asset,payments,spent,fees\r\n");
    for row in rows {
        let Row { month, tenant, agent, tool, payee, asset, payments, spent, fees } = row;
        for text in [month, tenant, agent, tool, payee, asset.as_str()] {
            field(&mut csv, text);
        }
        let _ = write!(csv, "{payments},{spent},{fees}\r\n");
    }
    csv
}

/// Rows as a JSON array; amounts are texts, so that no reader rounds them.
pub fn to_json(rows: &[Row]) -> String {
    serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned())
}

fn field(csv: &mut String, text: &str) {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        let _ = write!(csv, "\"{guard}{}\",", text.replace('"', "\"\""));
    } else {
        let _ = write!(csv, "{guard}{text},");
    }
}

/// Year and month of a moment, by the calendar of days since the epoch.
fn month(at: Timestamp) -> String {
    // Years begin in March here, so that the day that is sometimes missing is the last one.
    let days = at.as_secs() / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * day_of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        for (secs, wanted) in [
            (0, "1970-01"),
            (951_782_399, "2000-02"),
            (951_868_799, "2000-02"),
            (951_868_800, "2000-03"),
            (1_740_672_100, "2025-02"),
            (1_740_787_199, "2025-02"),
            (1_740_787_200, "2025-03"),
            (1_767_225_599, "2025-12"),
            (1_767_225_600, "2026-01"),
            (4_107_542_400, "2100-03"),
        ] {
            assert_eq!(month(Timestamp(secs * 1000)), wanted, "{secs}");
        }
    }

    #[test]
    fn csv_quotes_and_runs_no_formula() {
        let row = Row {
            month: "2025-02".into(),
            tenant: "acme, inc".into(),
            agent: "a\"1".into(),
            tool: "=cmd()".into(),
            payee: "@x".into(),
            asset: Asset::sat(),
            payments: 1,
            spent: u128::MAX,
            fees: 0,
        };
        let csv = to_csv(std::slice::from_ref(&row));
        let line = csv.lines().nth(1).unwrap();
        assert_eq!(
            line,
            format!("2025-02,\"acme, inc\",\"a\"\"1\",'=cmd(),'@x,sat,1,{},0", u128::MAX)
        );
        assert!(to_json(&[row]).contains(&format!("\"spent\":\"{}\"", u128::MAX)));
    }
}
