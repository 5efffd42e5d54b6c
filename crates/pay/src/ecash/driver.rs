use ambient::Clock;
use cashu::mint::ProofState;
use cashu::{Event, Fate, Life, MintUrl, fate, fee};
use ledger::Released;
use model::money::{Flag, MoneyRule};
use serde::{Deserialize, Serialize};
use treasury::Treasury;

use super::exchange::Counter;
use super::kept::Kept;
use super::mint::Mint;
use super::purse::{self, Purpose, Purse};
use super::trouble::Trouble;
use crate::driver::{Boxed, Dispatched, Driver, Job, Open, Payload, Standing, Stop};
use crate::errand::{Answer, Attachment};
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
pub(super) struct Sealed {
    pub(super) mint: String,
    pub(super) amount: u64,
    pub(super) fee: u64,
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
}

impl Sealed {
    pub(super) fn of(payload: &Payload) -> Result<Self, Trouble> {
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
