//! Lightning invoices paid with ecash: a mint melts it (NUT-05, NUT-08, NUT-23).
//!
//! What is handed to the mint is sealed before it is sent, blank outputs for the change with it. Paid is what the mint says
//! is paid *and* what it shows a preimage for; not paid is what it says is not paid with every proof unspent, once those
//! proofs are swapped; anything else is looked into later.

use std::sync::Arc;

use cashu::mint::{Keyset, MeltQuote};
use cashu::{Handing, select};
use egress::Boxed;
use lightning::{Invoice, PaymentHash, Preimage};
use wallets::{Outcome, Wallet, codes};

use super::driver::Ecash;
use super::exchange::Counter;
use super::kept::Blank;
use super::mint::{Mint, UNIT};
use super::open::{Exchange, Melt, Melted, Purpose};
use super::purse::{self, Purse};
use super::trouble::Trouble;

/// A wallet of Lightning that is the wallet of ecash.
pub struct Melter(Arc<Ecash>);

/// What one mint would take for an invoice.
struct Bid<'a> {
    counter: Counter<'a>,
    keysets: Arc<Vec<Keyset>>,
    quote: MeltQuote,
    /// The most that would leave beside the amount: what is kept for the way, and the fee for the inputs.
    fee: u64,
}

impl Melter {
    /// The one of this wallet.
    pub const fn new(ecash: Arc<Ecash>) -> Self {
        Self(ecash)
    }

    async fn melt(&self, invoice: &Invoice, fee_limit: u64) -> Outcome {
        let Some(sat) = invoice.sat_ceil() else {
            return failed(codes::INVOICE_AMOUNT, "the invoice names no amount");
        };
        let hash = invoice.payment_hash();
        match self.find(&hash).await {
            Ok(Outcome::Absent) => {}
            // Once is enough, whatever became of it.
            Ok(_) => return unknown("the invoice was handed to a mint before"),
            Err(trouble) => return failed(codes::WALLET_UNAVAILABLE, &trouble.why),
        }
        let (mut bids, mut no) = (Vec::new(), failed(codes::INSUFFICIENT, "there is no ecash"));
        for mint in &self.0.mints {
            match self.bid(mint, invoice, sat).await {
                Ok(bid) if bid.fee <= fee_limit => bids.push(bid),
                Ok(_) => no = failed(codes::FEE_LIMIT, "the mint takes more than was agreed"),
                Err(trouble) => no = refused(&trouble),
            }
        }
        bids.sort_by_key(|bid| bid.fee);
        for bid in bids {
            let counter = bid.counter;
            match begun(bid, hash, fee_limit).await {
                // From here on no other mint may be asked.
                Ok(exchange) => return counter.melted(&exchange, &hash).await,
                Err(trouble) => no = refused(&trouble),
            }
        }
        no
    }

    async fn bid<'a>(
        &'a self,
        mint: &'a Mint,
        invoice: &Invoice,
        sat: u64,
    ) -> Result<Bid<'a>, Trouble> {
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let quote = mint.melt_quote(invoice.text()).await?;
        if quote.amount != sat || quote.unit.as_deref().is_some_and(|unit| unit != UNIT) {
            let why = "the mint would pay another amount than the invoice asks";
            return Err(Trouble::new("bad_response", why));
        }
        let counter = self.0.counter(mint);
        let purse = purse::look(counter.treasury, mint.url()).await?;
        let coins: Vec<_> = purse.coins(&keysets).into_iter().map(|(_, coin)| coin).collect();
        let picked = select(&coins, quote.needed(0)?, Handing::Fresh)?;
        let fee = quote.needed(picked.fee)?.saturating_sub(sat);
        Ok(Bid { counter, keysets, quote, fee })
    }

    async fn find(&self, hash: &PaymentHash) -> Result<Outcome, Trouble> {
        let name = hash.to_string();
        for mint in &self.0.mints {
            let counter = self.0.counter(mint);
            let mut purse = purse::look(counter.treasury, mint.url()).await?;
            if let Some(melted) = purse.melts.iter().find(|one| one.hash == name) {
                return Ok(melted.outcome(hash));
            }
            if let Some(at) = purse.open.iter().position(|one| one.is_melt_of(&name)) {
                let exchange = purse.open.swap_remove(at);
                return Ok(counter.learned(&exchange, None, hash).await);
            }
        }
        Ok(Outcome::Absent)
    }
}

/// Sets ecash aside for a mint to melt, and seals what it will be asked.
async fn begun(bid: Bid<'_>, hash: PaymentHash, fee_limit: u64) -> Result<Exchange, Trouble> {
    let Bid { counter, keysets, quote, .. } = bid;
    let into = counter.mint.active().await?.id;
    let begun = counter.begun();
    let begin = move |purse: &mut Purse| {
        let (places, coins): (Vec<_>, Vec<_>) = purse.coins(&keysets).into_iter().unzip();
        let picked = select(&coins, quote.needed(0)?, Handing::Fresh)?;
        if quote.needed(picked.fee)?.saturating_sub(quote.amount) > fee_limit {
            return Err(Trouble::new("fee_limit", "the mint takes more than was agreed"));
        }
        let sum: u64 = picked.spend.iter().map(|at| coins[*at].amount).sum();
        // Enough for all that could come back, of whatever amounts the mint makes it (NUT-08).
        let most = sum.saturating_sub(picked.fee).saturating_sub(quote.amount);
        let blanks = u64::BITS - most.leading_zeros();
        let blanks = (0..blanks).map(|_| Blank::fresh(&into, 0));
        let blanks = blanks.collect::<Result<Vec<_>, _>>()?;
        let mut at: Vec<usize> = picked.spend.iter().map(|at| places[*at]).collect();
        at.sort_unstable_by(|a, b| b.cmp(a));
        let inputs = at.into_iter().map(|at| purse.proofs.remove(at)).collect();
        let (amount, hash) = (quote.amount, hash.to_string());
        let melt = Melt { quote: quote.quote, hash, amount, fee: picked.fee };
        let exchange = Exchange::new(Purpose::Melt(melt), begun, inputs, blanks)?;
        let twin = exchange.twin()?;
        purse.open.push(exchange);
        Ok(twin)
    };
    purse::change(counter.treasury, counter.mint.url(), begin).await
}

impl Melted {
    pub(super) fn outcome(&self, hash: &PaymentHash) -> Outcome {
        if !self.paid {
            return failed(codes::PAYMENT_FAILED, "the mint did not pay, and the ecash is back");
        }
        let Some(text) = self.preimage.as_deref().filter(|text| !text.is_empty()) else {
            let why = "the mint says that it paid, and shows no preimage";
            return Outcome::Unknown(wallets::Trouble {
                code: codes::NO_PROOF,
                why: why.to_owned(),
            });
        };
        match Preimage::proof(text, hash) {
            Ok(preimage) => {
                let fee_msat = Some(self.fee.saturating_mul(1000));
                Outcome::Settled { preimage, fee_msat }
            }
            Err(why) => {
                let why = why.to_string();
                Outcome::Unknown(wallets::Trouble { code: codes::BAD_PROOF, why })
            }
        }
    }
}

pub(super) fn failed(code: &'static str, why: &str) -> Outcome {
    Outcome::Failed(wallets::Trouble { code, why: why.to_owned() })
}

pub(super) fn unknown(why: &str) -> Outcome {
    Outcome::Unknown(wallets::Trouble { code: codes::SENT_UNKNOWN, why: why.to_owned() })
}

/// Nothing was handed over.
fn refused(trouble: &Trouble) -> Outcome {
    let code = match trouble.code {
        "insufficient" => codes::INSUFFICIENT,
        "fee_limit" => codes::FEE_LIMIT,
        _ => codes::WALLET_UNAVAILABLE,
    };
    failed(code, &trouble.why)
}

impl Wallet for Melter {
    fn pay<'a>(
        &'a self,
        invoice: &'a Invoice,
        fee_limit_msat: u64,
        _: &'a str,
    ) -> Boxed<'a, Outcome> {
        Box::pin(self.melt(invoice, fee_limit_msat / 1000))
    }

    fn lookup(&self, hash: PaymentHash) -> Boxed<'_, Outcome> {
        Box::pin(
            async move { self.find(&hash).await.unwrap_or_else(|trouble| unknown(&trouble.why)) },
        )
    }

    fn balance(&self) -> Boxed<'_, Result<u64, wallets::Trouble>> {
        Box::pin(async move {
            let all = self.0.balance().await.map_err(|trouble| {
                let (code, why) = (codes::WALLET_UNAVAILABLE, trouble.why);
                wallets::Trouble { code, why }
            })?;
            Ok(all.iter().map(|one| one.free.saturating_mul(1000)).sum())
        })
    }

    fn kind(&self) -> &'static str {
        "ecash"
    }
}
