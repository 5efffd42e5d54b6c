//! Payments over Lightning: the rails L402 and, with method `lightning`, the Payment scheme.
//!
//! The invoice is paid before the request is repeated, and only a preimage whose SHA-256 is the payment hash counts as
//! paid. What is sealed before anything leaves is enough to look the payment up and to write its credential later: a
//! preimage that comes late is not lost.

pub(crate) mod by_hand;
mod credential;
mod receipt;
mod reuse;
mod sealed;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ::lightning::Preimage;
use ambient::Clock;
use model::Timestamp;
use model::money::{Flag, MoneyRule};
use rails::Offer;
use spend::Plan;
use tokio::time::timeout;
use wallets::{Outcome, Trouble, Wallet, codes};

pub use reuse::valid_until;
use sealed::{Challenge, Sealed, stop};
use standing::{Asked, checked, doubt, held, looked_up, refused, settled};

use crate::driver::{Boxed, Dispatched, Driver, Job, Open, Payload, Standing, Stop};
use crate::errand::{Answer, Attachment};

/// How long a wallet may take for a payment before it is looked up, unless the operator says otherwise.
pub const TIME_LIMIT: Duration = Duration::from_mins(1);
/// How long a look-up may take, if a payment may take as long.
const LOOK: Duration = Duration::from_secs(20);
/// How long an invoice is good on which the rest of a deposit comes back, in seconds: a month, as
/// draft-lightning-session-00 wants it.
const BACK: u64 = 30 * 24 * 60 * 60;
/// What such an invoice says it is for.
const REST: &str = "rest of a deposit";
/// How long after it was sealed a payment may still be handed to the wallet.
const READY: Duration = Duration::from_mins(1);

/// Pays invoices with one wallet.
///
/// A payment belongs to the wallet it was sealed for: no other one is ever asked to pay it.
pub struct Lightning {
    wallet: Arc<dyn Wallet>,
    name: String,
    clock: Clock,
    limit: Duration,
}

impl Lightning {
    /// `name` is the operator's name for the wallet: what another wallet's books do not show means nothing for a payment
    /// that was made with this one. `limit` is how long a payment may take ([`TIME_LIMIT`]).
    pub fn new(
        wallet: Arc<dyn Wallet>,
        name: impl Into<String>,
        clock: Clock,
        limit: Duration,
    ) -> Self {
        Self { wallet, name: name.into(), clock, limit }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_millis())
    }

    /// The wallet's name in the books: the operator's, and which wallet it is where only its secret says so.
    async fn named(&self) -> Result<String, Trouble> {
        let account = self.wallet.account().await?;
        Ok(format!("{} {account}", self.name).trim_end().to_owned())
    }

    async fn pay(&self, job: &Job, payload: &Payload) -> Dispatched {
        let Some(sealed) = Sealed::read(payload) else {
            return Dispatched::Stop(self.untouched(MoneyRule::SelfCheck, UNREADABLE));
        };
        let now = self.now();
        let name = match self.named().await {
            Ok(name) => name,
            Err(trouble) => return Dispatched::Stop(self.untouched(rule(&trouble), &trouble.why)),
        };
        if sealed.wallet != name {
            let why = "the payment was sealed for another wallet";
            return Dispatched::Stop(self.untouched(MoneyRule::WalletUnavailable, why));
        }
        // The other half of what makes an absence mean something: nothing is ordered after that time.
        let over = sealed.over(now).or((now >= sealed.until).then_some(MoneyRule::Expired));
        if let Some(rule) = over {
            return Dispatched::Stop(self.untouched(rule, "the time to pay it was over"));
        }
        let paying = self.wallet.pay(&sealed.invoice, sealed.fee_limit_msat(), &job.id);
        let outcome = timeout(self.limit, paying).await.unwrap_or_else(|_| silence());
        let doubted = match checked(outcome, &sealed) {
            Ok((preimage, fee)) => return done(&sealed, &preimage, fee),
            Err(Outcome::Failed(trouble)) => {
                return Dispatched::Stop(refused(self.wallet.kind(), &trouble));
            }
            Err(outcome) => doubt(&outcome),
        };
        match self.find(&sealed).await {
            Ok((preimage, fee)) => done(&sealed, &preimage, fee),
            // Right after an order, absence means nothing: it may not have got there yet.
            Err(Outcome::Absent) => Dispatched::Stop(held(doubted)),
            Err(outcome) => {
                let asked = self.asked(&name, now);
                Dispatched::Stop(looked_up(&sealed, &outcome, Some(doubted), &asked))
            }
        }
    }

    /// The invoice on which the rest of a deposit comes back. A wallet that makes none opens no session.
    async fn back(&self, job: &Job) -> Result<Option<String>, Stop> {
        let (Offer::Payment(challenge), Plan::Lightning { invoice }) =
            (&job.offer, &job.choice.plan)
        else {
            return Ok(None);
        };
        if !matches!(challenge.lightning_session(), Some(Ok(_))) {
            return Ok(None);
        }
        let made = timeout(LOOK.min(self.limit), self.wallet.receive(REST, BACK)).await;
        let silent = || stop(MoneyRule::WalletUnavailable, "The wallet did not answer in time.");
        let text = made.map_err(|_| silent())?;
        let text = text.map_err(|trouble| stop(rule(&trouble), &trouble.why))?;
        let back = ::lightning::Invoice::parse(&text).ok().filter(|back| {
            back.amount_msat().is_none()
                && back.network() == invoice.network()
                && back.expires_at() > self.now().as_secs()
        });
        let why = "What the wallet made is no invoice on which the rest of a deposit comes back.";
        let back = back.ok_or_else(|| stop(MoneyRule::WalletUnavailable, why))?;
        Ok(Some(back.text().to_owned()))
    }

    /// Nothing was handed to the wallet, and nothing will be.
    fn untouched(&self, rule: MoneyRule, why: &str) -> Standing {
        let proof = format!("{}: {why}; nothing was sent", self.wallet.kind());
        Standing::Released { reason: ledger::Released::Refused { proof }, rule: Some(rule) }
    }

    fn asked<'a>(&'a self, name: &'a str, now: Timestamp) -> Asked<'a> {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
        Asked { name, kind: self.wallet.kind(), now, limit }
    }

    /// What the wallet's books say, the proof checked.
    async fn find(&self, sealed: &Sealed) -> Result<(Preimage, Option<u64>), Outcome> {
        let lookup = self.wallet.lookup(sealed.invoice.payment_hash());
        let outcome = timeout(LOOK.min(self.limit), lookup).await.unwrap_or_else(|_| silence());
        checked(outcome, sealed)
    }

    async fn stands(&self, open: &Open, payload: &Payload) -> Standing {
        let before = match open.state {
            ledger::State::Held(rule) => Some(rule),
            _ => None,
        };
        let Some(sealed) = Sealed::read(payload) else {
            return held(before.unwrap_or(MoneyRule::SentUnknown));
        };
        // The time before the question: what is absent was so at that time. A wallet of which nobody knows which it is, is
        // another one.
        let (now, name) = (self.now(), self.named().await.unwrap_or_default());
        match self.find(&sealed).await {
            Ok((_, fee)) => settled(&sealed, fee),
            Err(outcome) => looked_up(&sealed, &outcome, before, &self.asked(&name, now)),
        }
    }

    async fn after(&self, open: &Open, payload: &Payload, answer: &Answer) -> Standing {
        let mut standing = if open.state == ledger::State::Settled {
            Standing::Settled {
                amount: open.paid,
                fee: open.fee,
                receipt: open.proof.clone().unwrap_or_default(),
                flags: open.flags.clone(),
            }
        } else {
            self.stands(open, payload).await
        };
        if let (Standing::Settled { flags, .. }, Some(sealed)) =
            (&mut standing, Sealed::read(payload))
        {
            add(flags, receipt::flags(&sealed, answer));
        }
        standing
    }

    async fn credential(&self, payload: &Payload) -> Option<Attachment> {
        let sealed = Sealed::read(payload)?;
        let (preimage, _) = self.find(&sealed).await.ok()?;
        credential::attachment(&sealed.challenge, &preimage).ok()
    }
}

/// What is sealed for an invoice that this wallet is to pay; `back` is where the rest of a deposit comes back. Nothing leaves.
fn sealed_for(
    job: &Job,
    wallet: &str,
    now: Timestamp,
    back: Option<String>,
) -> Result<Payload, Stop> {
    let terms = job.terms();
    let Plan::Lightning { invoice } = &job.choice.plan else {
        return Err(stop(MoneyRule::Rail, "What was agreed is not paid over Lightning."));
    };
    let amount = invoice.sat_ceil().filter(|sat| u128::from(*sat) == terms.amount.minor);
    if amount.is_none() || !terms.amount.asset.is_bitcoin() {
        let why = "The invoice is not for the amount that was agreed.";
        return Err(stop(MoneyRule::AmountMismatch, why));
    }
    let fee_limit = u64::try_from(terms.fee_limit);
    let sealed = Sealed {
        challenge: Challenge::of(&job.offer, invoice, back)?,
        invoice: invoice.clone(),
        fee_limit: fee_limit
            .map_err(|_| stop(MoneyRule::Overflow, "The fee limit cannot be counted."))?,
        wallet: wallet.to_owned(),
        until: now.after(READY),
    };
    if let Some(rule) = sealed.over(now) {
        return Err(stop(rule, "The offer has ended."));
    }
    // What could not be shown to the seller later is not paid for.
    let trial = credential::attachment(&sealed.challenge, &Preimage::from_bytes([0; 32]));
    trial.map(|_| sealed.payload()).map_err(|flaw| stop(flaw.rule, &flaw.why))
}

const UNREADABLE: &str = "what was sealed cannot be read";

/// The rule that a wallet's trouble comes under.
fn rule(trouble: &Trouble) -> MoneyRule {
    MoneyRule::from_text(trouble.code).unwrap_or(MoneyRule::WalletUnavailable)
}

fn silence() -> Outcome {
    let why = "the wallet did not answer in time".to_owned();
    Outcome::Unknown(Trouble { code: codes::SENT_UNKNOWN, why })
}

fn add(flags: &mut Vec<Flag>, more: Vec<Flag>) {
    for flag in more {
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
}

/// Paid and proven: the credential goes with the request. That it can be written was tried before anything was paid.
fn done(sealed: &Sealed, preimage: &Preimage, fee: Option<u64>) -> Dispatched {
    let standing = settled(sealed, fee);
    match credential::attachment(&sealed.challenge, preimage) {
        Ok(attachment) => Dispatched::Done(standing, attachment),
        Err(_) => Dispatched::Stop(standing),
    }
}

impl Driver for Lightning {
    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>> {
        Box::pin(async move {
            let wallet = self.named().await;
            let wallet = wallet.map_err(|trouble| stop(rule(&trouble), &trouble.why))?;
            let back = self.back(job).await?;
            sealed_for(job, &wallet, self.now(), back)
        })
    }

    fn dispatch<'a>(&'a self, job: &'a Job, payload: &'a Payload) -> Boxed<'a, Dispatched> {
        Box::pin(self.pay(job, payload))
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
        Box::pin(self.stands(open, payload))
    }

    fn again<'a>(&'a self, _open: &'a Open, payload: &'a Payload) -> Boxed<'a, Option<Attachment>> {
        Box::pin(self.credential(payload))
    }
}
