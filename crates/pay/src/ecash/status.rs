use super::driver::Ecash;
use super::kept::Kept;
use super::mint::UNIT;
use super::open::{Exchange, Purpose, Quote};
use super::purse;
use super::trouble::Trouble;

/// What is kept at one mint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The mint's URL.
    pub mint: String,
    /// The unit of all amounts: `sat`.
    pub unit: &'static str,
    /// What can be spent.
    pub free: u64,
    /// What is set aside for payments or was handed over, with an end that is not known.
    pub held: u64,
    /// What goes into exchanges whose end is not known.
    pub exchanging: u64,
    /// Those exchanges.
    pub flights: Vec<Flight>,
    /// Quotes whose ecash was not given out yet.
    pub quotes: Vec<Waiting>,
}

/// An exchange with a mint whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flight {
    /// `pay`, `take back`, `receive`, `mint` or `melt`.
    pub what: &'static str,
    /// What it makes.
    pub amount: u64,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// The payment that it is for, the quote, or the payment hash of the invoice.
    pub of: Option<String>,
}

/// A quote of a mint: ecash that can be had once its invoice is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub quote: String,
    /// How much.
    pub amount: u64,
    /// The invoice that buys it.
    pub invoice: String,
    /// Until when it can be paid, in seconds since 1970.
    pub expiry: Option<u64>,
}

impl Ecash {
    /// What there is, mint by mint. Only the books are asked.
    ///
    /// # Errors
    /// `store`.
    pub async fn balance(&self) -> Result<Vec<Balance>, Trouble> {
        let mut all = Vec::new();
        for mint in &self.mints {
            let purse = purse::look(&self.treasury, mint.url()).await?;
            let sum = |fits: fn(&Kept) -> bool| {
                purse.proofs.iter().filter(|kept| fits(kept)).map(|kept| kept.amount).sum()
            };
            // What is taken back from a melt is in that melt still.
            let open = purse.open.iter().filter(|one| !matches!(one.purpose, Purpose::Unmelt(_)));
            let inputs = open.flat_map(|exchange| &exchange.inputs);
            all.push(Balance {
                mint: mint.url().to_string(),
                unit: UNIT,
                free: sum(|kept| kept.life.is_free()),
                held: sum(|kept| !kept.life.is_free() && !kept.life.is_over()),
                exchanging: inputs.map(|kept| kept.amount).sum(),
                flights: purse.open.iter().map(Flight::of).collect(),
                quotes: purse.quotes.iter().map(Waiting::of).collect(),
            });
        }
        Ok(all)
    }
}

impl Flight {
    fn of(exchange: &Exchange) -> Self {
        let (what, of) = match &exchange.purpose {
            Purpose::Pay(payment) => ("pay", Some(payment)),
            Purpose::Back(payment) => ("take back", Some(payment)),
            Purpose::Take => ("receive", None),
            Purpose::Issue(quote) => ("mint", Some(quote)),
            Purpose::Melt(melt) => ("melt", Some(&melt.hash)),
            Purpose::Unmelt(_) => ("take back", None),
        };
        let amount = match &exchange.purpose {
            Purpose::Melt(melt) => melt.amount,
            _ => exchange.makes(),
        };
        Self { what, amount, since: exchange.since, of: of.cloned() }
    }
}

impl Waiting {
    fn of(quote: &Quote) -> Self {
        let Quote { id, amount, invoice, expiry } = quote;
        let (quote, invoice) = (id.clone(), invoice.clone());
        Self { quote, amount: *amount, invoice, expiry: *expiry }
    }
}
