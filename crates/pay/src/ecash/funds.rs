use cashu::mint::MintQuote;
use cashu::{KeysetId, Life, Token, WellKnown, split};

use super::back::exchanged;
use super::driver::Ecash;
use super::kept::{Blank, Kept};
use super::mint::{Mint, UNIT};
use super::purse::{self, Exchange, Purpose, Purse, Quote};
use super::trouble::Trouble;

/// What is kept at one mint, in satoshi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The mint's URL.
    pub mint: String,
    /// What can be spent.
    pub free: u64,
    /// What is set aside for payments or was handed over, with an end that is not known.
    pub held: u64,
    /// What goes into exchanges whose end is not known.
    pub exchanging: u64,
}

impl Ecash {
    /// Makes somebody's token ours by swapping it at once (NUT-03). Returns what it came to, in satoshi, without the fee.
    ///
    /// # Errors
    /// `bad_token`; `mint`: not listed; `unit`; `lock`: it is locked; `spent`, `mint_refused`: nothing was taken;
    /// anything else: what became of it is looked into later.
    pub async fn receive(&self, token: &str) -> Result<u64, Trouble> {
        let token = Token::decode(token.trim())?;
        if token.unit.as_deref().is_some_and(|unit| unit != UNIT) {
            return Err(Trouble::new("unit", "the token is not in satoshi"));
        }
        if token.proofs.iter().any(|proof| WellKnown::read(proof.secret.reveal()).is_some()) {
            return Err(Trouble::new("lock", "the token is locked"));
        }
        let counter = self.at(token.mint.as_str())?;
        let mint = counter.mint;
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let mut inputs = Vec::new();
        for mut proof in token.proofs {
            proof.id = proof.id.resolve(keysets.iter().map(|keyset| &keyset.id))?.clone();
            inputs.push(Kept::new(&proof, Life::Free));
        }
        let outputs = exchanged(&inputs, &keysets, &into)?;
        let sum = outputs.iter().map(|blank| blank.amount).sum();
        let exchange = Exchange::new(Purpose::Take, self.clock.now_millis(), inputs, outputs)?;
        counter.carry(&self.begun(mint, exchange).await?).await?;
        Ok(sum)
    }

    /// Asks a mint for a Lightning invoice that buys ecash (NUT-04, NUT-23); `amount` in satoshi.
    ///
    /// # Errors
    /// `zero_amount`, `mint`, and what the mint does wrong.
    pub async fn mint_quote(&self, mint: &str, amount: u64) -> Result<MintQuote, Trouble> {
        if amount == 0 {
            return Err(Trouble::new("zero_amount", "nothing is asked for"));
        }
        let mint = self.at(mint)?.mint;
        let quote = mint.quote(amount).await?;
        let id = quote.quote.clone();
        let keep = move |purse: &mut Purse| {
            purse.quotes.push(Quote { id, amount });
            Ok(())
        };
        purse::change(&self.treasury, mint.url(), keep).await?;
        Ok(quote)
    }

    /// Has the ecash given out for a quote whose invoice was paid (NUT-04). Returns how much, in satoshi.
    ///
    /// # Errors
    /// `quote`: not one of ours, or under way; `mint_refused`: not paid yet; anything else: looked into later.
    pub async fn mint(&self, mint: &str, quote: &str) -> Result<u64, Trouble> {
        let counter = self.at(mint)?;
        let mint = counter.mint;
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let (name, since) = (quote.to_owned(), self.clock.now_millis());
        let begin = move |purse: &mut Purse| begin_issue(purse, name, since, &into);
        let (exchange, amount) = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await?;
        Ok(amount)
    }

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
            let inputs = purse.open.iter().flat_map(|exchange| &exchange.inputs);
            all.push(Balance {
                mint: mint.url().to_string(),
                free: sum(|kept| kept.life.is_free()),
                held: sum(|kept| !kept.life.is_free() && !kept.life.is_over()),
                exchanging: inputs.map(|kept| kept.amount).sum(),
            });
        }
        Ok(all)
    }

    /// Seals an exchange before it is sent.
    async fn begun(&self, mint: &Mint, exchange: Exchange) -> Result<Exchange, Trouble> {
        let twin = exchange.twin()?;
        let keep = move |purse: &mut Purse| {
            purse.open.push(exchange);
            Ok(())
        };
        purse::change(&self.treasury, mint.url(), keep).await?;
        Ok(twin)
    }
}

fn begin_issue(
    purse: &mut Purse,
    quote: String,
    since: u64,
    into: &KeysetId,
) -> Result<(Exchange, u64), Trouble> {
    let none = || Trouble::new("quote", "the quote is not one of ours");
    let amount = purse.quotes.iter().find(|one| one.id == quote).ok_or_else(none)?.amount;
    let purpose = Purpose::Issue(quote);
    if purse.open.iter().any(|one| one.purpose == purpose) {
        return Err(Trouble::new("quote", "the quote is under way"));
    }
    let outputs = split(amount).into_iter().map(|part| Blank::fresh(into, part));
    let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
    let exchange = Exchange::new(purpose, since, Vec::new(), outputs)?;
    let twin = exchange.twin()?;
    purse.open.push(exchange);
    Ok((twin, amount))
}
