use cashu::mint::{MintQuote, MintQuoteState};
use cashu::{KeysetId, Life, Token, WellKnown, split};

use super::back::exchanged;
use super::driver::Ecash;
use super::exchange::Counter;
use super::kept::{Blank, Kept};
use super::mint::UNIT;
use super::open::{Begun, Exchange, Purpose, Quote};
use super::purse::{self, Purse};
use super::trouble::Trouble;

/// What came into the purse of a mint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The mint's URL.
    pub mint: String,
    /// How much, in satoshi.
    pub amount: u64,
    /// What the mint took for it, in satoshi.
    pub fee: u64,
}

/// How ecash comes in. What the mint is asked to sign is sealed before it is asked: whatever is lost after that, a later
/// [`Ecash::resume`] finds.
impl Ecash {
    /// Makes somebody's token ours by swapping it at once (NUT-03).
    ///
    /// # Errors
    /// `bad_token`; `mint`: not listed; `unit`; `lock`: it is locked; `spent`, `mint_refused`: nothing was taken;
    /// anything else: what became of it is looked into later.
    pub async fn receive(&self, token: &str) -> Result<Received, Trouble> {
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
        let exchange = Exchange::new(Purpose::Take, counter.begun(), inputs, outputs)?;
        let twin = exchange.twin()?;
        let keep = move |purse: &mut Purse| {
            purse.open.push(exchange);
            Ok(())
        };
        purse::change(&self.treasury, mint.url(), keep).await?;
        counter.carry(&twin).await?;
        let (amount, fee) = (twin.makes(), twin.fee());
        Ok(Received { mint: mint.url().to_string(), amount, fee })
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
        let (id, invoice, expiry) = (quote.quote.clone(), quote.request.clone(), quote.expiry);
        let keep = move |purse: &mut Purse| {
            purse.quotes.push(Quote { id, amount, invoice, expiry });
            Ok(())
        };
        purse::change(&self.treasury, mint.url(), keep).await?;
        Ok(quote)
    }

    /// Has the ecash given out for a quote whose invoice was paid (NUT-04). What was begun and broken off is ended.
    ///
    /// # Errors
    /// `quote`: not one of ours, under way, or given out; `unpaid`; `mint_refused`; anything else: looked into later.
    pub async fn mint(&self, quote: &str) -> Result<Received, Trouble> {
        let counter = self.with(quote).await?;
        let mint = counter.mint;
        if let Some(exchange) = self.issuing(counter, quote).await? {
            counter.end(&exchange, true, false).await?;
            let amount = exchange.makes();
            return Ok(Received { mint: mint.url().to_string(), amount, fee: 0 });
        }
        let no = |code, why: &str| Err(Trouble::new(code, why));
        match mint.quoted(quote).await?.state {
            MintQuoteState::Unpaid => return no("unpaid", "the invoice is not paid yet"),
            MintQuoteState::Issued => {
                return no("quote", "the mint has given out the ecash of the quote already");
            }
            MintQuoteState::Paid => {}
        }
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let (name, begun) = (quote.to_owned(), counter.begun());
        let begin = move |purse: &mut Purse| begin_issue(purse, name, begun, &into);
        let exchange = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await?;
        Ok(Received { mint: mint.url().to_string(), amount: exchange.makes(), fee: 0 })
    }

    /// Ends, at every mint, what was begun and broken off. What is still open after it is under way or not to be told.
    ///
    /// # Errors
    /// `store`.
    pub async fn resume(&self) -> Result<(), Trouble> {
        for mint in &self.mints {
            self.counter(mint).resume().await?;
        }
        Ok(())
    }

    /// The mint that a quote of ours is from.
    async fn with(&self, quote: &str) -> Result<Counter<'_>, Trouble> {
        let mut found = Vec::new();
        for mint in &self.mints {
            let purse = purse::look(&self.treasury, mint.url()).await?;
            if purse.quotes.iter().any(|one| one.id == quote) {
                found.push(mint);
            }
        }
        match found.as_slice() {
            [mint] => Ok(self.counter(mint)),
            [] => Err(Trouble::new("quote", "the quote is not one of ours, or its ecash is here")),
            _ => Err(Trouble::new("quote", "more than one mint has given a quote that name")),
        }
    }

    /// What was begun for a quote and broken off, if it was.
    async fn issuing(
        &self,
        counter: Counter<'_>,
        quote: &str,
    ) -> Result<Option<Exchange>, Trouble> {
        let mut purse = purse::look(&self.treasury, counter.mint.url()).await?;
        let purpose = Purpose::Issue(quote.to_owned());
        let Some(at) = purse.open.iter().position(|one| one.purpose == purpose) else {
            return Ok(None);
        };
        let exchange = purse.open.swap_remove(at);
        if !counter.is_left(&exchange) {
            return Err(Trouble::new("quote", "the quote is under way"));
        }
        Ok(Some(exchange))
    }
}

fn begin_issue(
    purse: &mut Purse,
    quote: String,
    begun: Begun,
    into: &KeysetId,
) -> Result<Exchange, Trouble> {
    let none = || Trouble::new("quote", "the quote is not one of ours");
    let amount = purse.quotes.iter().find(|one| one.id == quote).ok_or_else(none)?.amount;
    let purpose = Purpose::Issue(quote);
    if purse.open.iter().any(|one| one.purpose == purpose) {
        return Err(Trouble::new("quote", "the quote is under way"));
    }
    let outputs = split(amount).into_iter().map(|part| Blank::fresh(into, part));
    let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
    let exchange = Exchange::new(purpose, begun, Vec::new(), outputs)?;
    let twin = exchange.twin()?;
    purse.open.push(exchange);
    Ok(twin)
}
