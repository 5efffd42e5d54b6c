use std::process::ExitCode;

use ledger::{Status, Stop, Unit};
use model::money::Amount;
use serde_json::{Value, json};

use super::ledger::Books;
use crate::cli::{BudgetCommand, Pause};
use crate::config;
use crate::house::money;
use crate::say;
use crate::table::Table;

/// Shows how the budgets stand.
pub fn run(command: BudgetCommand) -> anyhow::Result<ExitCode> {
    let BudgetCommand::Status { file, json } = command;
    let books = Books::open(&file.config)?;
    let all = books.ask(|t| async move { t.status().await })?;
    let policy = money::budgets(&config::load(&file.config)?.config).map_err(anyhow::Error::msg)?;
    let unit = |name: &str| policy.budgets.iter().find(|b| b.name == name).map(|b| b.unit.clone());
    if json {
        let each: Vec<Value> =
            all.iter().map(|status| to_json(status, unit(&status.budget).as_ref())).collect();
        say::line(serde_json::to_string_pretty(&each)?);
        return Ok(ExitCode::SUCCESS);
    }
    let stops = books.ask(|t| async move { t.stops().await })?;
    for stop in &stops {
        say::line(format_args!("paused: {stop}"));
    }
    if all.is_empty() {
        say::line("nothing has counted against a budget yet");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["BUDGET", "FOR", "USED OR HELD", "LEFT", "PAYMENTS", "NOTE"]);
    for status in &all {
        let unit = unit(&status.budget);
        let used = status.used.map_or_else(|rule| rule.to_string(), |n| amount(n, unit.as_ref()));
        let value = if status.value.is_empty() { "all" } else { &status.value };
        table.row([
            status.budget.clone(),
            value.to_owned(),
            used,
            status.left.map_or_else(|| "-".to_owned(), |n| amount(n, unit.as_ref())),
            status.count.to_string(),
            if status.soft { "80 % reached".to_owned() } else { "-".to_owned() },
        ]);
    }
    table.leave_out("NOTE", |cell| cell == "-");
    say::text(table);
    Ok(ExitCode::SUCCESS)
}

fn amount(minor: u128, unit: Option<&Unit>) -> String {
    match unit {
        Some(Unit::Symbol(symbol, decimals)) => {
            format!("{} {symbol}", Amount::decimal(minor, *decimals))
        }
        Some(Unit::Reference(currency)) => {
            format!("{} {currency}", Amount::decimal(minor, money::NANO))
        }
        Some(Unit::Asset(asset)) => format!("{minor} {asset}"),
        Some(Unit::Any) | None => minor.to_string(),
    }
}

fn to_json(status: &Status, unit: Option<&Unit>) -> Value {
    json!({
        "budget": status.budget,
        "for": status.value,
        "used": status.used.map_or_else(|rule| rule.to_string(), |n| amount(n, unit)),
        "left": status.left.map(|n| amount(n, unit)),
        "payments": status.count,
        "soft": status.soft,
    })
}

/// Stops spending, at once and until it is resumed.
pub fn pause(command: &Pause) -> anyhow::Result<ExitCode> {
    let stop = stop(&command.what)?;
    let books = Books::open(&command.file.config)?;
    let wanted = stop.clone();
    books.ask(|t| async move {
        if t.stops().await?.contains(&wanted) { Ok(()) } else { t.pause(wanted).await }
    })?;
    books.record(&format!("spending was paused: {stop}"))?;
    say::line(format_args!(
        "paused: {stop}. Nothing is signed for it until `portcullis resume {stop}`"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Lets it go on.
pub fn resume(command: &Pause) -> anyhow::Result<ExitCode> {
    let stop = stop(&command.what)?;
    let books = Books::open(&command.file.config)?;
    let stops = books.ask(|t| async move { t.stops().await })?;
    anyhow::ensure!(stops.contains(&stop), "{stop} is not paused");
    let wanted = stop.clone();
    books.ask(|t| async move { t.resume(wanted).await })?;
    books.record(&format!("spending was resumed: {stop}"))?;
    say::line(format_args!("resumed: {stop}"));
    Ok(ExitCode::SUCCESS)
}

fn stop(text: &str) -> anyhow::Result<Stop> {
    text.parse().map_err(|why: &str| {
        anyhow::anyhow!(
            "`{}`: {why}; write all, agent:NAME, tenant:NAME, tool:NAME, source:NAME, origin:URL, payee:WHO or rail:NAME",
            audit::terminal_safe(text)
        )
    })
}
