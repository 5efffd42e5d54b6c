use cashu::mint::ProofState;
use cashu::{Event, Fate, Life, fate};
use ledger::Released;
use model::money::{Flag, MoneyRule};

use super::driver::{Ecash, Sealed};
use super::kept::Kept;
use super::open::Purpose;
use super::purse::{self, Purse};
use super::trouble::Trouble;
use crate::driver::{Open, Payload, Standing};
use crate::errand::Answer;

/// What became of ecash that was handed over.
impl Ecash {
    pub(super) async fn after(&self, open: &Open, payload: &Payload, answer: &Answer) -> Standing {
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
    pub(super) async fn stands(
        &self,
        open: &Open,
        payload: &Payload,
        flags: Vec<Flag>,
    ) -> Standing {
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
            return Ok(returned(&sealed, purse.cost(payment)));
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
                let purse = purse::look(&self.treasury, counter.mint.url()).await?;
                Ok(returned(&sealed, purse.cost(payment)))
            }
            Fate::Hold => Ok(held(MoneyRule::SentUnknown)),
        }
    }
}

const fn held(rule: MoneyRule) -> Standing {
    Standing::Held { rule, flags: Vec::new() }
}

fn held_for(trouble: &Trouble) -> Standing {
    tracing::warn!("what became of a payment with ecash is not known: {trouble}");
    held(MoneyRule::SentUnknown)
}

/// Nobody else can have it any more; what the mint took for the exchanges is spent.
fn returned(sealed: &Sealed, cost: u64) -> Standing {
    let proof = format!("taken back by a swap of our own at {}", sealed.mint);
    let reason = Released::Returned { proof, fee: u128::from(cost) };
    Standing::Released { reason, rule: None }
}
