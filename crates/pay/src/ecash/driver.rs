use ambient::Clock;
use cashu::mint::ProofState;
use cashu::{Coin, Event, Fate, Handing, Life, MintUrl, Proof, Token, fate, fee, select, split};
use ledger::{Released, State};
use model::money::{Flag, MoneyRule};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spend::Plan;
use treasury::Treasury;

use super::exchange::Counter;
use super::kept::{Blank, Kept};
use super::mint::{Mint, UNIT};
use super::purse::{self, Exchange, Purpose, Purse};
use super::trouble::Trouble;
use crate::driver::{Boxed, Dispatched, Driver, Job, Open, Payload, Standing, Stop};
use crate::errand::{Answer, Attachment, Request};
use crate::facts::Facts;

/// The fee limit of a payment is what a mint takes for so many inputs: a number that does not move with what is in the
/// purse, so that what a person agreed to is still what is asked for a moment later.
const INPUTS: usize = 16;

/// Pays with ecash of the operator's mints (NUT-24).
///
/// Every payment hands over fresh ecash, so that nothing ties it to where it came from, and what is handed over has been
/// in nobody's hands before. It is never locked: what is locked cannot be taken back.
pub struct Ecash {
    pub(super) mints: Vec<Mint>,
    pub(super) treasury: Treasury,
    pub(super) clock: Clock,
}

/// What is sealed in the books for a payment. The ecash itself rests in the purse of its mint, sealed in the same file.
#[derive(Serialize, Deserialize)]
struct Sealed {
    mint: String,
    amount: u64,
    fee: u64,
}

impl Ecash {
    /// A wallet at these mints, which are the operator's. Nothing is asked yet.
    pub const fn new(mints: Vec<Mint>, treasury: Treasury, clock: Clock) -> Self {
        Self { mints, treasury, clock }
    }

    pub(super) fn at(&self, url: &str) -> Result<Counter<'_>, Trouble> {
        let url = MintUrl::parse(url)?;
        let mint = self.mints.iter().find(|mint| *mint.url() == url);
        let mint = mint.ok_or_else(|| Trouble::new("mint", "the mint is not listed"))?;
        Ok(self.counter(mint))
    }

    const fn counter<'a>(&'a self, mint: &'a Mint) -> Counter<'a> {
        Counter { mint, treasury: &self.treasury, clock: &self.clock }
    }

    async fn make(&self, job: &Job) -> Result<Payload, Stop> {
        let stop = |rule, why: &str| Err(Stop { rule, why: why.to_owned() });
        let terms = job.terms();
        let (Plan::Ecash { ask }, Request::Http { .. }) = (&job.choice.plan, &job.errand.request)
        else {
            return stop(MoneyRule::Rail, "What was agreed is not paid with ecash in a header.");
        };
        if ask.locking.is_some() {
            return stop(MoneyRule::Lock, "Locked ecash is not paid with yet.");
        }
        if ask.unit != UNIT || !terms.amount.asset.is_bitcoin() {
            return stop(MoneyRule::Unit, "Ecash is paid in satoshi only.");
        }
        if u128::from(ask.amount) != terms.amount.minor {
            return stop(MoneyRule::AmountMismatch, "The request is not for what was agreed.");
        }
        // The terms name one mint, and only that was agreed to.
        if !ask.mints.iter().any(|mint| mint.as_str() == terms.network) {
            return stop(MoneyRule::Mint, "The seller does not take ecash of the agreed mint.");
        }
        let made = self.set_aside(&terms.network, &job.id, ask.amount, terms.fee_limit).await;
        made.map_err(|trouble| Stop { rule: trouble.rule(), why: trouble.why })
    }

    /// Fresh ecash for a payment, and for nothing else.
    async fn set_aside(
        &self,
        url: &str,
        payment: &str,
        amount: u64,
        fee_limit: u128,
    ) -> Result<Payload, Trouble> {
        let counter = self.at(url)?;
        self.tidy(counter).await?;
        let mint = counter.mint;
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        // Known before anything is picked: without keys nothing that is signed could be checked.
        mint.keys(&into).await?;
        let (payment, since) = (payment.to_owned(), self.clock.now_millis());
        let owner = payment.clone();
        let begin = move |purse: &mut Purse| {
            let ppk = |kept: &Kept| {
                let keyset = keysets.iter().find(|keyset| keyset.id == kept.id)?;
                Some(keyset.input_fee_ppk.unwrap_or(0))
            };
            let free: Vec<(usize, Coin)> = purse
                .proofs
                .iter()
                .enumerate()
                .filter(|(_, kept)| kept.life.is_free())
                .filter_map(|(at, kept)| {
                    let coin = Coin { amount: kept.amount, input_fee_ppk: ppk(kept)? };
                    Some((at, coin))
                })
                .collect();
            let coins: Vec<Coin> = free.iter().map(|(_, coin)| *coin).collect();
            let picked = select(&coins, amount, Handing::Fresh)?;
            if u128::from(picked.fee) > fee_limit {
                let why = "the mint takes more for its work than was agreed";
                return Err(Trouble::new("fee_limit", why));
            }
            let mut outputs = Vec::new();
            for part in &picked.give {
                outputs.push(Blank::fresh(&into, *part)?.given(None)?);
            }
            for part in &picked.keep {
                outputs.push(Blank::fresh(&into, *part)?);
            }
            // In the order of their amounts, so that the mint does not see which are handed over.
            outputs.sort_by_key(|blank| blank.amount);
            let mut places: Vec<usize> = picked.spend.iter().map(|at| free[*at].0).collect();
            places.sort_unstable_by(|a, b| b.cmp(a));
            let inputs = places.into_iter().map(|at| purse.proofs.remove(at)).collect();
            let exchange = Exchange::new(Purpose::Pay(owner), since, inputs, outputs)?;
            let twin = exchange.twin()?;
            purse.open.push(exchange);
            Ok((twin, picked.fee))
        };
        let (exchange, fee) = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await?;
        let purse = purse::look(&self.treasury, mint.url()).await?;
        let first = purse.proofs.iter().find(|kept| kept.is_of(&payment));
        let none = || Trouble::new("store", "what was set aside is not there");
        let mark = first.ok_or_else(none)?.y()?.to_hex();
        let sealed = Sealed { mint: mint.url().to_string(), amount, fee };
        Ok(Payload { mark: Some(mark), value: json!(sealed) })
    }

    /// Hands the ecash of a payment over: recorded before the first byte leaves.
    async fn hand_over(&self, job: &Job, payload: &Payload) -> Result<Attachment, Trouble> {
        let sealed = Sealed::of(payload)?;
        let counter = self.at(&sealed.mint)?;
        let (payment, mint) = (job.id.clone(), counter.mint.url().clone());
        let give = move |purse: &mut Purse| {
            purse.step(&payment, Event::HandOver)?;
            let proofs = purse.proofs.iter().filter(|kept| kept.is_of(&payment));
            let proofs = proofs.map(Kept::proof).collect::<Result<Vec<Proof>, _>>()?;
            let token = Token { mint, unit: Some(UNIT.to_owned()), memo: None, proofs };
            if token.amount()? != sealed.amount {
                return Err(Trouble::new("store", "what was set aside is not what was agreed"));
            }
            let mut secrets: Vec<String> =
                token.proofs.iter().map(|proof| proof.secret.reveal().to_owned()).collect();
            let text = token.encode();
            secrets.push(text.to_string());
            let written = rails::cashu::credential(text);
            let written = written.map_err(|flaw| Trouble::new("store", flaw.why.to_string()))?;
            let field = (rails::cashu::HEADER.to_owned(), written.reveal().to_owned());
            Ok(Attachment { headers: vec![field], meta: Vec::new(), secrets, reuse: None })
        };
        purse::change(&self.treasury, counter.mint.url(), give).await
    }

    async fn after(&self, open: &Open, payload: &Payload, answer: &Answer) -> Standing {
        let served = matches!(answer, Answer::Http { status, .. } if status.is_success());
        if !served {
            return self.stands(open, payload, Vec::new()).await;
        }
        let delivered = async {
            let sealed = Sealed::of(payload)?;
            let (counter, payment) = (self.at(&sealed.mint)?, open.id.to_string());
            let step = move |purse: &mut Purse| purse.step(&payment, Event::Delivered);
            purse::change(&self.treasury, counter.mint.url(), step).await?;
            Ok::<_, Trouble>(sealed)
        };
        match delivered.await {
            Ok(sealed) => sealed.settled(payload, Vec::new()),
            Err(trouble) => held_for(&trouble),
        }
    }

    /// What became of it: by our own marks, then by the mint.
    async fn stands(&self, open: &Open, payload: &Payload, flags: Vec<Flag>) -> Standing {
        match self.found(&open.id.to_string(), payload, flags).await {
            Ok(standing) => standing,
            Err(trouble) => held_for(&trouble),
        }
    }

    async fn found(
        &self,
        payment: &str,
        payload: &Payload,
        flags: Vec<Flag>,
    ) -> Result<Standing, Trouble> {
        let sealed = Sealed::of(payload)?;
        let counter = self.at(&sealed.mint)?;
        // Our own exchange first: what it spent would look as if the seller had.
        counter.resume().await?;
        let purse = purse::look(&self.treasury, counter.mint.url()).await?;
        let back = Purpose::Back(payment.to_owned());
        if purse.open.iter().any(|one| one.purpose == back) {
            return Ok(held(MoneyRule::SentUnknown));
        }
        let lives = purse.lives(payment);
        if lives.is_empty() {
            return Ok(held(MoneyRule::SentUnknown));
        }
        if lives.iter().all(|life| *life == Life::Reclaimed) {
            return Ok(released(&sealed));
        }
        if lives.iter().all(|life| *life == Life::Spent) {
            return Ok(sealed.settled(payload, flags));
        }
        let ys = purse.proofs.iter().filter(|kept| kept.is_of(payment)).map(Kept::y);
        let states = counter.mint.states(ys.collect::<Result<Vec<_>, _>>()?).await?;
        let states: Vec<Option<ProofState>> = states.into_iter().map(Some).collect();
        match fate(&states) {
            Fate::Settled => {
                let owner = payment.to_owned();
                // What was set aside and never left here cannot be taken by others; if it is gone, it did leave.
                let step = move |purse: &mut Purse| {
                    for kept in purse.proofs.iter_mut().filter(|kept| kept.is_of(&owner)) {
                        kept.life = Life::Spent;
                    }
                    Ok(())
                };
                purse::change(&self.treasury, counter.mint.url(), step).await?;
                Ok(sealed.settled(payload, flags))
            }
            Fate::Reclaim => {
                self.reclaim(counter, payment).await?;
                Ok(released(&sealed))
            }
            Fate::Hold => Ok(held(MoneyRule::SentUnknown)),
        }
    }

    /// Takes the ecash of a payment back by a swap of our own; only that shows that nobody else can have it any more.
    async fn reclaim(&self, counter: Counter<'_>, payment: &str) -> Result<(), Trouble> {
        let mint = counter.mint;
        let keysets = mint.keysets().await?;
        let into = mint.active().await?.id;
        mint.keys(&into).await?;
        let (payment, since) = (payment.to_owned(), self.clock.now_millis());
        let begin = move |purse: &mut Purse| {
            let inputs = purse.take(|kept| kept.is_of(&payment) && !kept.life.is_over());
            let outputs = exchanged(&inputs, &keysets, &into)?;
            let exchange = Exchange::new(Purpose::Back(payment), since, inputs, outputs)?;
            let twin = exchange.twin()?;
            purse.open.push(exchange);
            Ok(twin)
        };
        let exchange = purse::change(&self.treasury, mint.url(), begin).await?;
        counter.carry(&exchange).await
    }

    /// Ends what was left open, and frees what payments that are over have left behind.
    pub(super) async fn tidy(&self, counter: Counter<'_>) -> Result<(), Trouble> {
        counter.resume().await?;
        let purse = purse::look(&self.treasury, counter.mint.url()).await?;
        let mut payments: Vec<&str> =
            purse.proofs.iter().filter_map(|kept| kept.payment.as_deref()).collect();
        payments.sort_unstable();
        payments.dedup();
        for payment in payments {
            let Ok(id) = payment.parse() else { continue };
            let Some(known) = self.treasury.payment(id).await? else { continue };
            if let Err(trouble) = self.tidy_one(counter, payment, &known.state).await {
                tracing::warn!(
                    payment,
                    "ecash of a payment that is over stays as it is: {trouble}"
                );
            }
        }
        Ok(())
    }

    async fn tidy_one(
        &self,
        counter: Counter<'_>,
        payment: &str,
        state: &State,
    ) -> Result<(), Trouble> {
        let free = matches!(state, State::Released(_) | State::Denied(_));
        if !free && *state != State::Settled {
            return Ok(());
        }
        let owner = payment.to_owned();
        let step = move |purse: &mut Purse| {
            if !free {
                // The seller's, whether they have taken it yet or not.
                purse.take(|kept| kept.is_of(&owner));
                return Ok(false);
            }
            purse.take(|kept| kept.is_of(&owner) && kept.life.is_over());
            for kept in purse.proofs.iter_mut().filter(|kept| kept.is_of(&owner)) {
                if kept.life == Life::Reserved {
                    kept.life = Life::Free;
                    kept.payment = None;
                }
            }
            Ok(!purse.lives(&owner).is_empty())
        };
        let left = purse::change(&self.treasury, counter.mint.url(), step).await?;
        // It was given out of hand, and the books say that nothing of it can leave: made sure of by a swap.
        if left { self.reclaim(counter, payment).await } else { Ok(()) }
    }
}

/// Outputs for all that inputs hold, less the fee for them.
pub(super) fn exchanged(
    inputs: &[Kept],
    keysets: &[cashu::mint::Keyset],
    into: &cashu::KeysetId,
) -> Result<Vec<Blank>, Trouble> {
    let (mut sum, mut ppk) = (0u64, Vec::new());
    for input in inputs {
        let keyset = keysets.iter().find(|keyset| keyset.id == input.id);
        let keyset =
            keyset.ok_or_else(|| Trouble::new("bad_keyset", "the mint has no such keyset"))?;
        ppk.push(keyset.input_fee_ppk.unwrap_or(0));
        let more = sum.checked_add(input.amount);
        sum = more.ok_or_else(|| Trouble::new("overflow", "a sum is too large"))?;
    }
    let left = sum.checked_sub(fee(ppk)?).filter(|left| *left > 0);
    let left = left.ok_or_else(|| Trouble::new("insufficient", "the fee would take all of it"))?;
    split(left).into_iter().map(|part| Blank::fresh(into, part)).collect()
}

impl Sealed {
    fn of(payload: &Payload) -> Result<Self, Trouble> {
        let read = serde_json::from_value(payload.value.clone());
        read.map_err(|_| Trouble::new("store", "what was sealed cannot be read"))
    }

    fn settled(&self, payload: &Payload, flags: Vec<Flag>) -> Standing {
        let receipt = payload.mark.clone().unwrap_or_default();
        let (amount, fee) = (u128::from(self.amount), u128::from(self.fee));
        Standing::Settled { amount, fee, receipt, flags }
    }
}

const fn held(rule: MoneyRule) -> Standing {
    Standing::Held { rule, flags: Vec::new() }
}

fn held_for(trouble: &Trouble) -> Standing {
    tracing::warn!("what became of a payment with ecash is not known: {trouble}");
    held(MoneyRule::SentUnknown)
}

fn released(sealed: &Sealed) -> Standing {
    let proof = format!("taken back by a swap of our own at {}", sealed.mint);
    Standing::Released { reason: Released::Refused { proof }, rule: None }
}

impl Driver for Ecash {
    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>> {
        Box::pin(self.make(job))
    }

    fn dispatch<'a>(&'a self, job: &'a Job, payload: &'a Payload) -> Boxed<'a, Dispatched> {
        Box::pin(async move {
            match self.hand_over(job, payload).await {
                Ok(attachment) => Dispatched::Carry(attachment),
                // Nothing left: the payment that is released then gives it back to the purse.
                Err(trouble) => Dispatched::Stop(Standing::Released {
                    reason: Released::Destroyed,
                    rule: Some(trouble.rule()),
                }),
            }
        })
    }

    fn answered<'a>(
        &'a self,
        open: &'a Open,
        payload: &'a Payload,
        answer: &'a Answer,
    ) -> Boxed<'a, Standing> {
        Box::pin(self.after(open, payload, answer))
    }

    fn look<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Standing> {
        Box::pin(self.stands(open, payload, vec![Flag::NoDelivery]))
    }

    fn begin(&self) -> Boxed<'_, ()> {
        Box::pin(async move {
            for mint in &self.mints {
                let tidied = self.tidy(self.counter(mint)).await;
                if let Err(trouble) = tidied.and(mint.keysets().await.map(|_| ())) {
                    tracing::warn!(mint = %mint.url(), "a mint was looked at: {trouble}");
                }
            }
        })
    }

    /// The fee is that of keysets which are known; a mint that was never reached adds none, and is refused for it later.
    fn facts(&self) -> Boxed<'_, Facts> {
        Box::pin(async move {
            let mut mint_fee = 0;
            for mint in &self.mints {
                let keysets = mint.known().await.unwrap_or_default();
                for keyset in keysets.iter() {
                    let ppk = keyset.input_fee_ppk.unwrap_or(0);
                    let all = fee(std::iter::repeat_n(ppk, INPUTS)).unwrap_or(u64::MAX);
                    mint_fee = mint_fee.max(u128::from(all));
                }
            }
            Facts { mint_fee, ..Facts::default() }
        })
    }

    /// A mint takes ecash once, and so does a seller: it never goes out a second time.
    fn again<'a>(&'a self, _: &'a Open, _: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        Box::pin(std::future::ready(None))
    }
}
