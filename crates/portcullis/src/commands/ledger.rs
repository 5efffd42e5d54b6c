use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use audit::{Kind, Record, Text, rfc3339, terminal_safe};
use ledger::{Payment, PaymentId, Released, State};
use model::Timestamp;
use model::money::{Amount, Flag};
use pay::Payer;
use serde_json::{Value, json};
use treasury::{Settlement, Treasury};

use super::look::user;
use super::serve::small_runtime;
use crate::cli::{LedgerCommand, Statement};
use crate::config;
use crate::house::{House, JournalUse, desk, money};
use crate::say;
use crate::table::Table;

/// Shows the books, and looks into what is not known.
pub fn run(command: LedgerCommand) -> anyhow::Result<ExitCode> {
    match command {
        LedgerCommand::Show { file, id, state, agent, limit, json } => {
            let wanted = |p: &Payment| {
                state.as_deref().is_none_or(|state| p.state.as_str() == state)
                    && agent.as_deref().is_none_or(|agent| p.intent.agent.as_str() == agent)
            };
            let books = Books::open(&file.config)?;
            if let Some(id) = id {
                return one(&books, &id);
            }
            let mut all = books.ask(|t| async move { t.recent(usize::MAX).await })?;
            all.retain(wanted);
            all.truncate(limit);
            list(&books, &all, json, "no payment is in the books")?;
        }
        LedgerCommand::Holds { file, json } => {
            let books = Books::open(&file.config)?;
            let holds = books.ask(|t| async move { t.holds().await })?;
            list(&books, &holds, json, "nothing is held: the outcome of every payment is known")?;
        }
        LedgerCommand::Reconcile { file, id: Some(id), released, settled } => {
            decide(&file.config, &id, released, settled)?;
        }
        LedgerCommand::Reconcile { file, id: None, .. } => return reconcile(&file.config),
        LedgerCommand::Export { file, format } => {
            let books = Books::open(&file.config)?;
            let rows = books.ask(|t| async move { t.statement().await })?;
            say::text(match format {
                Statement::Csv => ledger::to_csv(&rows),
                Statement::Json => ledger::to_json(&rows),
            });
        }
        LedgerCommand::ConfirmRestored(file) => return restored(&file.config),
        LedgerCommand::ConfirmClock(file) => {
            let books = Books::open(&file.config)?;
            let by = format!("os:{}", user());
            let now = books.ask(|t| async move { t.confirm_clock(by).await })?;
            books.record(&format!("the clock of the ledger was confirmed at {}", rfc3339(now)))?;
            say::line(format_args!("confirmed: it is {}, and payments go on", rfc3339(now)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The books of an installation, open beside whatever else has them open.
pub struct Books {
    house: House,
    treasury: Treasury,
    runtime: tokio::runtime::Runtime,
}

impl Books {
    /// Opens them.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let house = House::open(config::load(path)?)?;
        let treasury = money::treasury(&house)?;
        Ok(Self { house, treasury, runtime: small_runtime()? })
    }

    /// The installation.
    pub const fn house(&self) -> &House {
        &self.house
    }

    /// The treasury that has them open.
    pub const fn treasury(&self) -> &Treasury {
        &self.treasury
    }

    /// Waits for something that is asked elsewhere.
    pub fn block_on<F: Future>(&self, asked: F) -> F::Output {
        self.runtime.block_on(asked)
    }

    /// Asks them something.
    pub fn ask<T, F>(&self, ask: impl FnOnce(Treasury) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, treasury::Refused>>,
    {
        self.runtime
            .block_on(ask(self.treasury.clone()))
            .map_err(|e| anyhow::anyhow!("{}: {e}", e.rule()))
    }

    /// Records what an operator did, where this program has the log; a running gate sees it in the books.
    pub fn record(&self, note: &str) -> anyhow::Result<()> {
        let JournalUse::Open(journal) = self.house.journal_unless_running()? else {
            return Ok(());
        };
        let mut record = Record::new(Kind::Admin, Timestamp(self.house.clock.now_millis()));
        record.note = Some(Text::from(format!("{note} (by os:{})", user())));
        record.ledger = self.treasury.place().map(Text::from);
        self.runtime.block_on(journal.append(record))?;
        journal.close();
        Ok(())
    }

    fn amount(&self, amount: &Amount) -> String {
        shown(&self.house, amount)
    }
}

/// An amount as people say it.
pub fn shown(house: &House, amount: &Amount) -> String {
    let own = house.loaded.config.payments.as_ref();
    let assets = own.and_then(|own| money::assets(own).ok()).unwrap_or_default();
    match assets.iter().find(|money| money.asset == amount.asset) {
        Some(money) => {
            format!("{} {}", Amount::decimal(amount.minor, money.decimals), money.symbol)
        }
        None => amount.to_string(),
    }
}

fn list(books: &Books, all: &[Payment], as_json: bool, none: &str) -> anyhow::Result<()> {
    if as_json {
        let each: Vec<Value> = all.iter().map(to_json).collect();
        say::line(serde_json::to_string_pretty(&each)?);
        return Ok(());
    }
    if all.is_empty() {
        say::line(none);
        return Ok(());
    }
    let mut table = Table::new(&[
        "PAYMENT", "WHEN", "STATE", "WHY", "AGENT", "TOOL", "AMOUNT", "FEE", "RAIL", "TO",
    ]);
    for payment in all {
        let terms = &payment.intent.terms;
        let settled = payment.state == State::Settled;
        let minor = if settled { payment.paid } else { terms.amount.minor };
        table.row([
            payment.id.to_string(),
            rfc3339(payment.changed),
            payment.state.as_str().to_owned(),
            why(payment),
            payment.intent.agent.to_string(),
            payment.intent.tool.clone(),
            books.amount(&Amount::new(terms.asset().clone(), minor)),
            if settled { payment.fee.to_string() } else { "-".to_owned() },
            terms.rail.to_string(),
            terms.origin.clone(),
        ]);
    }
    table.leave_out("WHY", |cell| cell == "-");
    table.leave_out("FEE", |cell| cell == "-" || cell == "0");
    say::text(table);
    Ok(())
}

fn why(payment: &Payment) -> String {
    let rule = match &payment.state {
        State::Held(rule) | State::Denied(rule) => Some(rule.as_str()),
        State::Asked { rules, .. } => rules.first().map(|rule| rule.as_str()),
        _ => None,
    };
    let flags = payment.flags.iter().map(|flag| flag.as_str());
    let all: Vec<_> = rule.into_iter().chain(flags).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(" ") }
}

fn to_json(payment: &Payment) -> Value {
    let terms = &payment.intent.terms;
    json!({
        "id": payment.id.to_string(),
        "state": payment.state.as_str(),
        "why": why(payment),
        "since": rfc3339(payment.since),
        "changed": rfc3339(payment.changed),
        "tenant": payment.intent.tenant.as_str(),
        "agent": payment.intent.agent.as_str(),
        "session": payment.intent.session,
        "source": payment.intent.source,
        "tool": payment.intent.tool,
        "rail": terms.rail.as_str(),
        "scheme": terms.scheme,
        "network": terms.network,
        "asset": terms.asset().as_str(),
        "amount": terms.amount.minor.to_string(),
        "feeLimit": terms.fee_limit.to_string(),
        "holds": payment.holds.to_string(),
        "paid": payment.paid.to_string(),
        "fee": payment.fee.to_string(),
        "payee": terms.payee,
        "origin": terms.origin,
        "resource": terms.resource,
        "nonce": payment.mark,
        "proof": payment.proof,
        "flags": payment.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(),
    })
}

fn one(books: &Books, id: &str) -> anyhow::Result<ExitCode> {
    let id = parse(id)?;
    let found = books.ask(|t| async move { t.payment(id).await })?;
    let payment = found.with_context(|| format!("there is no payment {id}"))?;
    say::line(serde_json::to_string_pretty(&to_json(&payment))?);
    Ok(ExitCode::SUCCESS)
}

fn parse(id: &str) -> anyhow::Result<PaymentId> {
    id.parse().map_err(|e: &str| anyhow::anyhow!("`{}`: {e}", terminal_safe(id)))
}

/// An operator's own word about a held payment.
fn decide(
    path: &Path,
    id: &str,
    released: Option<String>,
    settled: Option<String>,
) -> anyhow::Result<()> {
    let id = parse(id)?;
    let books = Books::open(path)?;
    let found = books.ask(|t| async move { t.payment(id).await })?;
    let payment = found.with_context(|| format!("there is no payment {id}"))?;
    let by = format!("os:{}", user());
    if let Some(why) = released {
        let reason = Released::Operator { by: format!("{by}: {why}") };
        books.ask(|t| async move { t.release_held(id, reason).await })?;
        books.record(&format!("payment {id} was released by hand: {why}"))?;
        say::line(format_args!("released: its money is free again ({why})"));
    } else if let Some(proof) = settled {
        let settlement = Settlement {
            amount: payment.intent.terms.amount.clone(),
            fee: payment.intent.terms.fee_limit,
            proof: Some(format!("{by}: {proof}")),
            flags: vec![Flag::OperatorConfirmed],
        };
        books.ask(|t| async move { t.settle_held(id, settlement).await })?;
        books.record(&format!("payment {id} was settled by hand: {proof}"))?;
        say::line(format_args!("settled, with the highest fee it may have had ({proof})"));
    } else {
        bail!("say --released WHY or --settled PROOF");
    }
    Ok(())
}

/// Records that the books are to be taken as they are, though the log knows of later ones. Wallets do not forget what was
/// paid since; the budgets do.
fn restored(path: &Path) -> anyhow::Result<ExitCode> {
    let house = House::open(config::load(path)?)?;
    let treasury = money::treasury_as_it_is(&house)?;
    let JournalUse::Open(journal) = house.journal_unless_running()? else {
        bail!("the gate is running: stop it first, so that nothing is paid meanwhile");
    };
    let place = treasury.place().context("the ledger cannot be read")?;
    let events = place.split(':').next().unwrap_or_default().to_owned();
    let mut record = Record::new(Kind::Admin, Timestamp(house.clock.now_millis()));
    let note =
        format!("the ledger was confirmed as it is, with {events} events (by os:{})", user());
    record.note = Some(Text::from(note));
    record.ledger = Some(Text::from(place));
    small_runtime()?.block_on(journal.append(record))?;
    journal.close();
    say::line(format_args!(
        "confirmed: the ledger counts as it is, with {events} events; what was paid after them is not counted"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Asks wallets, mints and chains.
fn reconcile(path: &Path) -> anyhow::Result<ExitCode> {
    let house = House::open(config::load(path)?)?;
    let JournalUse::Open(journal) = house.journal_unless_running()? else {
        say::line(
            "the gate is running and looks into held payments itself, every ten seconds: see `portcullis ledger holds`",
        );
        return Ok(ExitCode::SUCCESS);
    };
    let runtime = small_runtime()?;
    let _entered = runtime.enter();
    let desk = desk(&house, None, None);
    let payer: Payer = money::alone(&house, &desk, &journal, Vec::new())?
        .context("nothing is ever paid: the configuration has no `[payments]`")?;
    let found = runtime.block_on(payer.reconcile()).map_err(|e| anyhow::anyhow!("{e}"))?;
    if found.is_empty() {
        say::line("nothing is held: the outcome of every payment is known");
    }
    for one in &found {
        say::line(format_args!("{}  {}  {}", one.id, one.state, terminal_safe(&one.why)));
    }
    drop(payer);
    journal.close();
    let held = found.iter().any(|one| one.state == "held");
    Ok(ExitCode::from(u8::from(held)))
}
