//! Lightning invoices paid with ecash: a mint melts it (NUT-05, NUT-08, NUT-23).
//!
//! What is handed to the mint is sealed before it is sent, blank outputs for the change with it. Paid is what the mint says
//! is paid *and* what it shows a preimage for; not paid is what it says is not paid with every proof unspent, once those
//! proofs are swapped; anything else is looked into later.

use std::sync::Arc;

use cashu::mint::{BlindSignature, Keyset, MeltQuote, MeltState, ProofState, melt_body, melt_fate};
use cashu::{Fate, Handing, Life, Proof, select};
use egress::Boxed;
use lightning::{Invoice, PaymentHash, Preimage};
use wallets::{Outcome, Wallet, codes};

use super::back::exchanged;
use super::driver::Ecash;
use super::exchange::Counter;
use super::kept::{Blank, Kept};
use super::mint::{Mint, UNIT};
use super::open::{Exchange, Melt, Melted, Purpose};
use super::purse::{self, Purse};
use super::trouble::Trouble;
use crate::crash;

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

impl Counter<'_> {
    /// Hands the ecash over: once.
    async fn melted(self, exchange: &Exchange, hash: &PaymentHash) -> Outcome {
        let body = || {
            let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
            let proofs =
                exchange.inputs.iter().map(Kept::proof).collect::<Result<Vec<Proof>, _>>()?;
            Ok::<_, Trouble>(melt_body(&melt.quote, &proofs, &exchange.messages()?)?)
        };
        let body = match body() {
            Ok(body) => body,
            Err(trouble) => return unknown(&trouble.why),
        };
        crash::at("exchange-sealed");
        let said = self.mint.melt(&body).await;
        crash::at("exchange-signed");
        match said {
            Ok(said) => self.learned(exchange, Some(said), hash).await,
            Err(trouble) if trouble.is_refusal() => match self.refused(exchange).await {
                Ok(true) => failed(codes::PAYMENT_FAILED, "the mint did not pay the invoice"),
                Ok(false) => self.learned(exchange, None, hash).await,
                Err(trouble) => unknown(&trouble.why),
            },
            Err(trouble) => unknown(&trouble.why),
        }
    }

    /// After the mint's own no: whether nothing is under way and nothing was taken. The ecash is free again then.
    async fn refused(self, exchange: &Exchange) -> Result<bool, Trouble> {
        let (said, states) = self.asked(exchange, None).await?;
        let free = melt_fate(Some(said.state), &states) == Fate::Reclaim;
        if free {
            let (id, melted) = (exchange.id.clone(), exchange.not_melted()?);
            let put = move |purse: &mut Purse| {
                if let Some(exchange) = purse.close(&id) {
                    purse.proofs.extend(exchange.inputs);
                    purse.melts.push(melted);
                }
                Ok(())
            };
            purse::change(self.treasury, self.mint.url(), put).await?;
        }
        Ok(free)
    }

    /// What became of a melt, as an outcome.
    async fn learned(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
        hash: &PaymentHash,
    ) -> Outcome {
        match self.learn(exchange, said).await {
            Ok(Some(melted)) => melted.outcome(hash),
            Ok(None) => Outcome::InFlight,
            Err(trouble) => unknown(&trouble.why),
        }
    }

    /// Asks quote and proofs, and books what they say; `None` where that says nothing yet.
    pub(super) async fn learn(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
    ) -> Result<Option<Melted>, Trouble> {
        let (said, states) = self.asked(exchange, said).await?;
        match melt_fate(Some(said.state), &states) {
            Fate::Settled => self.paid(exchange, said).await.map(Some),
            Fate::Reclaim if self.is_left(exchange) => {
                self.unmelt(exchange).await?;
                Ok(Some(exchange.not_melted()?))
            }
            Fate::Reclaim | Fate::Hold => Ok(None),
        }
    }

    async fn asked(
        self,
        exchange: &Exchange,
        said: Option<MeltQuote>,
    ) -> Result<(MeltQuote, Vec<Option<ProofState>>), Trouble> {
        let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
        let said = match said {
            Some(said) if said.state == MeltState::Paid => said,
            _ => self.mint.melting(&melt.quote).await?,
        };
        if said.state == MeltState::Paid {
            return Ok((said, Vec::new()));
        }
        let ys = exchange.inputs.iter().map(Kept::y).collect::<Result<Vec<_>, _>>()?;
        let states = self.mint.states(ys).await?;
        Ok((said, states.into_iter().map(Some).collect()))
    }

    /// The mint has paid: what is left of the ecash comes back in the blank outputs.
    async fn paid(self, exchange: &Exchange, said: MeltQuote) -> Result<Melted, Trouble> {
        let Purpose::Melt(melt) = &exchange.purpose else { return Err(not_one()) };
        let signed = match said.change {
            Some(change) => change,
            None => self.restored(exchange).await?,
        };
        let (mut change, mut back) = (Vec::new(), 0u64);
        for (blank, signature) in exchange.outputs.iter().zip(&signed) {
            let output = blank.output()?;
            let key = self.mint.key(&output.id, signature.amount).await?;
            let proof = output.prove(signature, key)?;
            if proof.dleq.is_none() {
                let why = "the mint gave no proof of its signature";
                return Err(Trouble::new("bad_signature", why));
            }
            back = back.saturating_add(proof.amount);
            change.push(Kept::new(&proof, Life::Free));
        }
        let inputs: u64 = exchange.inputs.iter().map(|kept| kept.amount).sum();
        let fee = inputs.saturating_sub(melt.amount).saturating_sub(back);
        let melted = || Melted {
            hash: melt.hash.clone(),
            paid: true,
            preimage: said.payment_preimage.clone(),
            fee,
        };
        let (id, kept) = (exchange.id.clone(), melted());
        let put = move |purse: &mut Purse| {
            // One that is not open any more has ended before, and adds nothing.
            if purse.close(&id).is_some() {
                purse.proofs.extend(change);
                purse.melts.push(kept);
            }
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), put).await?;
        crash::at("exchange-kept");
        Ok(melted())
    }

    async fn restored(self, exchange: &Exchange) -> Result<Vec<BlindSignature>, Trouble> {
        let messages = exchange.messages()?;
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let restored = self.mint.restore(messages.clone()).await?;
        let mut signed = Vec::new();
        for message in &messages {
            signed.extend(restored.signature(message)?.cloned());
        }
        Ok(signed)
    }

    /// Takes the ecash of a melt back by a swap of our own: after that nothing can pay the invoice with it.
    async fn unmelt(self, exchange: &Exchange) -> Result<(), Trouble> {
        let keysets = self.mint.keysets().await?;
        let into = self.mint.active().await?.id;
        self.mint.keys(&into).await?;
        // The melt stays as it is until the swap is done: the mint may still pay, and its change is in these outputs.
        let inputs = exchange.twin()?.take_inputs();
        let outputs = exchanged(&inputs, &keysets, &into)?;
        let purpose = Purpose::Unmelt(exchange.id.clone());
        let swap = Exchange::new(purpose.clone(), self.begun(), inputs, outputs)?;
        let twin = swap.twin()?;
        let begin = move |purse: &mut Purse| {
            if purse.open.iter().any(|one| one.purpose == purpose) {
                return Err(Trouble::new("mint_unavailable", "its ecash is being taken back"));
            }
            purse.open.push(swap);
            Ok(())
        };
        purse::change(self.treasury, self.mint.url(), begin).await?;
        self.carry(&twin).await
    }
}

impl Melted {
    fn outcome(&self, hash: &PaymentHash) -> Outcome {
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

fn not_one() -> Trouble {
    Trouble::new("store", "that is no melt")
}

fn failed(code: &'static str, why: &str) -> Outcome {
    Outcome::Failed(wallets::Trouble { code, why: why.to_owned() })
}

fn unknown(why: &str) -> Outcome {
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
