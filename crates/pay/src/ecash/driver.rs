use ambient::Clock;
use cashu::mint::Keyset;
use cashu::{MintUrl, fee};
use ledger::Released;
use model::money::Flag;
use serde::{Deserialize, Serialize};
use treasury::Treasury;

use super::exchange::Counter;
use super::mint::Mint;
use super::purse;
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
        let why = || format!("{url} is none of the mints that the operator lists");
        let mint = mint.ok_or_else(|| Trouble::new("mint", why()))?;
        Ok(self.counter(mint))
    }

    pub(super) const fn counter<'a>(&'a self, mint: &'a Mint) -> Counter<'a> {
        Counter { mint, treasury: &self.treasury, clock: &self.clock }
    }
}

impl Sealed {
    pub(super) fn of(payload: &Payload) -> Result<Self, Trouble> {
        let read = serde_json::from_value(payload.value.clone());
        read.map_err(|_| Trouble::new("store", "what was sealed cannot be read"))
    }

    pub(super) fn settled(&self, payload: &Payload, flags: Vec<Flag>) -> Standing {
        let receipt = payload.mark.clone().unwrap_or_default();
        let (amount, fee) = (u128::from(self.amount), u128::from(self.fee));
        Standing::Settled { amount, fee, receipt, flags }
    }
}

/// The most that a mint with these keysets takes for one payment.
fn fee_limit(keysets: &[Keyset]) -> u128 {
    let ppk = keysets.iter().map(|keyset| keyset.input_fee_ppk.unwrap_or(0)).max().unwrap_or(0);
    u128::from(fee(std::iter::repeat_n(ppk, INPUTS)).unwrap_or(u64::MAX))
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
                Err(trouble) => {
                    let proof = format!("{trouble}; nothing left this machine");
                    let fee = Sealed::of(payload).map_or(0, |sealed| u128::from(sealed.fee));
                    let reason = Released::Returned { proof, fee };
                    Dispatched::Stop(Standing::Released { reason, rule: Some(trouble.rule()) })
                }
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
        self.tend()
    }

    /// Ends what was left open, here or by a command of an operator, and learns of mints that could not be reached before.
    fn tend(&self) -> Boxed<'_, ()> {
        Box::pin(async move {
            for mint in &self.mints {
                let tidied = self.tidy(self.counter(mint)).await;
                if let Err(trouble) = tidied.and(mint.keysets().await.map(|_| ())) {
                    tracing::warn!(mint = %mint.url(), "a mint was looked at: {trouble}");
                }
            }
        })
    }

    fn wasted<'a>(&'a self, id: &'a str) -> Boxed<'a, Option<u128>> {
        Box::pin(async move {
            let mut all = 0;
            for mint in &self.mints {
                let purse = purse::look(&self.treasury, mint.url()).await.ok()?;
                all += u128::from(purse.cost(id));
            }
            Some(all)
        })
    }

    /// It is taken back by a swap all the same: what has been in a request is in nobody's hands only then.
    fn unsent<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Standing> {
        Box::pin(self.stands(open, payload, Vec::new()))
    }

    /// The fees are those of keysets that are known; of a mint that was never reached none is, and it is refused for it
    /// later.
    fn facts(&self) -> Boxed<'_, Facts> {
        Box::pin(async move {
            let mut purses = Vec::new();
            for mint in &self.mints {
                let keysets = mint.known().await;
                let purse = purse::look(&self.treasury, mint.url()).await.ok();
                let coins = keysets.as_ref().zip(purse);
                purses.push(spend::Purse {
                    mint: mint.url().clone(),
                    fee_limit: fee_limit(keysets.as_deref().map_or(&[], Vec::as_slice)),
                    coins: coins.map(|(keysets, purse)| {
                        purse.coins(keysets).into_iter().map(|(_, coin)| coin).collect()
                    }),
                });
            }
            Facts { purses, ..Facts::default() }
        })
    }

    /// A mint takes ecash once, and so does a seller: it never goes out a second time.
    fn again<'a>(&'a self, _: &'a Open, _: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        Box::pin(std::future::ready(None))
    }
}
