use std::io::{Read as _, stdin};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use audit::{rfc3339, terminal_safe};
use model::Timestamp;
use pay::ecash::{Balance, Ecash, Received, Trouble};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::ledger::Books;
use crate::cli::WalletCommand;
use crate::house::money;
use crate::say;
use crate::table::Table;

/// Longest token that is read, in bytes.
const LONGEST: usize = cashu::MAX_TOKEN;

/// Shows the wallet of ecash, and brings money in.
pub fn run(command: WalletCommand) -> anyhow::Result<ExitCode> {
    match command {
        WalletCommand::Status { file, json } => {
            let wallet = Wallet::open(&file.config)?;
            let all = wallet.ask(wallet.ecash.balance())?;
            status(&all, json)?;
        }
        WalletCommand::MintQuote { file, mint, amount, json } => {
            let wallet = Wallet::open(&file.config)?;
            let quote = wallet.ask(wallet.ecash.mint_quote(&mint, amount))?;
            payable(&quote.request, amount)?;
            let until = quote.expiry.map(moment);
            wallet.record(&format!("{amount} sat of ecash were asked for at {mint}"))?;
            if json {
                let value = json!({
                    "quote": quote.quote, "mint": mint, "amount": amount, "unit": "sat",
                    "invoice": quote.request, "expires": until,
                });
                say::line(serde_json::to_string_pretty(&value)?);
            } else {
                say::line(terminal_safe(&quote.request));
                let end = until.map(|until| format!(" until {until}")).unwrap_or_default();
                say::note(format_args!(
                    "pay this invoice{end}, then run `portcullis wallet mint {}`",
                    quote.quote
                ));
            }
        }
        WalletCommand::Mint { file, quote, json } => {
            let wallet = Wallet::open(&file.config)?;
            let got = wallet.ask(wallet.ecash.mint(&quote))?;
            wallet.received(&got, "minted", json)?;
        }
        WalletCommand::Receive { file, json } => {
            let wallet = Wallet::open(&file.config)?;
            let token = token()?;
            let got = wallet.ask(wallet.ecash.receive(&token))?;
            wallet.received(&got, "received", json)?;
        }
        WalletCommand::Recover { file, json } => return recover(&file.config, json),
    }
    Ok(ExitCode::SUCCESS)
}

/// The wallet of an installation, beside whatever else has its books open.
struct Wallet {
    books: Books,
    ecash: Ecash,
}

impl Wallet {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let books = Books::open(path)?;
        let ecash = money::ecash(books.house(), books.treasury())?;
        let ecash = ecash.context(
            "there is no wallet of ecash: the configuration names no `mints` in `[payments.cashu]`",
        )?;
        Ok(Self { books, ecash })
    }

    fn ask<T>(&self, asked: impl Future<Output = Result<T, Trouble>>) -> anyhow::Result<T> {
        let done = self.books.block_on(asked);
        done.map_err(|trouble| anyhow::anyhow!("{}", terminal_safe(&trouble.to_string())))
    }

    fn record(&self, note: &str) -> anyhow::Result<()> {
        self.books.record(note)
    }

    fn received(&self, got: &Received, how: &str, as_json: bool) -> anyhow::Result<()> {
        let Received { mint, amount, fee } = got;
        self.record(&format!(
            "{amount} sat of ecash of {mint} were {how}; the mint took {fee} sat"
        ))?;
        if as_json {
            let value = json!({ "mint": mint, "amount": amount, "fee": fee, "unit": "sat" });
            say::line(serde_json::to_string_pretty(&value)?);
        } else {
            let less =
                if *fee == 0 { String::new() } else { format!(" (the mint took {fee} sat)") };
            say::line(format_args!("{how}: {amount} sat of {}{less}", terminal_safe(mint)));
        }
        Ok(())
    }
}

/// What the operator is asked to pay is what was asked for: a mint that wants more is told apart before anybody pays.
fn payable(invoice: &str, sat: u64) -> anyhow::Result<()> {
    let read = lightning::Invoice::parse(invoice);
    let read =
        read.map_err(|e| anyhow::anyhow!("bad_invoice: the mint's invoice cannot be read: {e}"))?;
    let asked = read.amount_msat().map(|msat| msat.div_ceil(1000));
    ensure!(
        asked == Some(sat),
        "invoice_amount: the mint's invoice is not for the {sat} sat that were asked for"
    );
    Ok(())
}

/// A token, which is money: read from standard input and from nowhere else.
fn token() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
    let most = u64::try_from(LONGEST)? + 1;
    stdin().take(most).read_to_string(&mut text).context("standard input cannot be read")?;
    ensure!(text.len() <= LONGEST, "too_large: the token has more than {LONGEST} bytes");
    ensure!(!text.trim().is_empty(), "bad_token: standard input holds no token");
    Ok(text)
}

fn status(all: &[Balance], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let each: Vec<Value> = all.iter().map(to_json).collect();
        say::line(serde_json::to_string_pretty(&each)?);
        return Ok(());
    }
    let mut table = Table::new(&["MINT", "UNIT", "FREE", "HELD", "IN EXCHANGE"]);
    let mut open = Table::new(&["IN FLIGHT", "AMOUNT", "SINCE", "OF", "MINT"]);
    let mut quotes = Table::new(&["QUOTE", "AMOUNT", "EXPIRES", "MINT", "INVOICE"]);
    for one in all {
        let sat = |amount: u64| format!("{amount} {}", one.unit);
        table.row([
            one.mint.clone(),
            one.unit.to_owned(),
            one.free.to_string(),
            one.held.to_string(),
            one.exchanging.to_string(),
        ]);
        for flight in &one.flights {
            open.row([
                flight.what.to_owned(),
                sat(flight.amount),
                rfc3339(Timestamp(flight.since)),
                flight.of.clone().unwrap_or_else(|| "-".to_owned()),
                one.mint.clone(),
            ]);
        }
        for quote in &one.quotes {
            quotes.row([
                quote.quote.clone(),
                sat(quote.amount),
                quote.expiry.map_or_else(|| "-".to_owned(), moment),
                one.mint.clone(),
                quote.invoice.clone(),
            ]);
        }
    }
    say::text(table);
    for more in [open, quotes] {
        if !more.is_empty() {
            say::text(format_args!("\n{more}"));
        }
    }
    Ok(())
}

fn to_json(one: &Balance) -> Value {
    let flights = one.flights.iter().map(|flight| {
        json!({
            "what": flight.what, "amount": flight.amount,
            "since": rfc3339(Timestamp(flight.since)), "of": flight.of,
        })
    });
    let quotes = one.quotes.iter().map(|quote| {
        json!({
            "quote": quote.quote, "amount": quote.amount, "invoice": quote.invoice,
            "expires": quote.expiry.map(moment),
        })
    });
    json!({
        "mint": one.mint, "unit": one.unit, "free": one.free, "held": one.held,
        "exchanging": one.exchanging,
        "inFlight": flights.collect::<Vec<_>>(), "quotes": quotes.collect::<Vec<_>>(),
    })
}

/// Ends what was broken off, and shows how the wallet stands. Exit code 1 where something is still open.
fn recover(path: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let wallet = Wallet::open(path)?;
    let before = wallet.ask(wallet.ecash.balance())?;
    wallet.ask(wallet.ecash.resume())?;
    let after = wallet.ask(wallet.ecash.balance())?;
    let open = |all: &[Balance]| all.iter().map(|one| one.flights.len()).sum::<usize>();
    let ended = open(&before).saturating_sub(open(&after));
    if ended > 0 {
        let many = say::count(ended, "exchange", "exchanges");
        wallet.record(&format!("{many} of ecash that had been broken off ended"))?;
    }
    status(&after, as_json)?;
    let left = open(&after);
    if left > 0 && !as_json {
        say::note(format_args!(
            "{} still open: what lives is left alone for a minute, and a mint that does not answer is asked again later",
            say::count(left, "exchange is", "exchanges are")
        ));
    }
    Ok(ExitCode::from(u8::from(left > 0)))
}

fn moment(seconds: u64) -> String {
    rfc3339(Timestamp(seconds.saturating_mul(1000)))
}
