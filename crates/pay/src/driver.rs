use std::future::Future;
use std::pin::Pin;

use model::Timestamp;
use model::money::{Flag, MoneyRule, Terms};
use serde_json::Value;
use url::Url;

use crate::errand::{Answer, Attachment, Errand};
use crate::facts::Facts;

/// A boxed future: drivers are chosen at run time.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One payment that is reserved and not signed: what was agreed, and what the rail needs to carry it out.
#[derive(Debug, Clone)]
pub struct Job {
    /// The payment's id.
    pub id: String,
    /// Who wants what.
    pub errand: Errand,
    /// What was agreed: nothing but these terms may be signed, by this plan.
    pub choice: spend::Choice,
    /// The offer that was chosen, as it was read. `choice.entry.index` says which of its entries.
    pub offer: rails::Offer,
    /// When it was reserved.
    pub now: Timestamp,
}

impl Job {
    /// What was agreed.
    pub const fn terms(&self) -> &Terms {
        &self.choice.terms
    }
}

/// One payment that was signed, as the books have it: all that is known of it after a restart, beside its payload.
pub type Open = ledger::Payment;

/// What is sealed in the ledger before anything leaves, and all that is needed to go on after a crash: the signed
/// payload, the invoice, the ecash. Holds secrets; it rests sealed.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Payload {
    /// What makes it unique, and public: a nonce, a payment hash. The books take each once.
    pub mark: Option<String>,
    /// The rest, as the driver writes it.
    pub value: Value,
}

/// What became of a payment, as far as there is proof.
#[derive(Debug, Clone)]
pub enum Standing {
    /// The money is with the payee.
    Settled {
        /// What left for the payee, in smallest units.
        amount: u128,
        /// What was paid for the way.
        fee: u128,
        /// The transaction, or the payment hash a preimage was shown for.
        receipt: String,
        /// Marks.
        flags: Vec<Flag>,
    },
    /// Nothing left, and nothing of it can leave any more.
    Released {
        /// What shows it.
        reason: ledger::Released,
        /// The rule, where one fits: what the caller is told.
        rule: Option<MoneyRule>,
    },
    /// Nobody knows yet.
    Held {
        /// Why.
        rule: MoneyRule,
        /// Marks.
        flags: Vec<Flag>,
    },
}

/// What carrying out came to.
pub enum Dispatched {
    /// The payment goes with the request: settled by what is answered.
    Carry(Attachment),
    /// The payment was made before the request, and this proves it.
    Done(Standing, Attachment),
    /// It did not come to a proof; the request is not sent again.
    Stop(Standing),
}

/// Why nothing could be signed. The reservation is released.
#[derive(Debug, Clone)]
pub struct Stop {
    /// The rule.
    pub rule: MoneyRule,
    /// One sentence.
    pub why: String,
}

/// What a seller wants signed instead of money (x402 extension `sign-in-with-x`).
pub struct SigningIn<'a> {
    /// The extension, as it came with the offer.
    pub extension: &'a Value,
    /// What was asked for.
    pub request: &'a Url,
    /// What was signed for a payment there: only the wallet that signed it signs in. `None` where any wallet may.
    pub paid: Option<&'a Payload>,
    /// Where nonces are noted down.
    pub nonces: &'a dyn Nonces,
}

/// The nonces of one seller that were signed.
pub trait Nonces: Send + Sync {
    /// Notes one down, durably, before it is signed. `false` if it stands there, or cannot be noted down.
    fn take<'a>(&'a self, nonce: &'a str) -> Boxed<'a, bool>;
}

/// One way to pay: one driver for each.
///
/// The order is always the same, and each step is durable before the next: [`sign`](Self::sign) makes what will be
/// sealed and lets nothing leave; [`dispatch`](Self::dispatch) lets it leave, once; [`answered`](Self::answered) and
/// [`look`](Self::look) say what became of it and never send anything that could pay again.
pub trait Driver: Send + Sync {
    /// Makes the payload: keys are used here, the network only for what cannot pay.
    fn sign<'a>(&'a self, job: &'a Job) -> Boxed<'a, Result<Payload, Stop>>;

    /// Carries the payload out.
    fn dispatch<'a>(&'a self, job: &'a Job, payload: &'a Payload) -> Boxed<'a, Dispatched>;

    /// What a seller's answer to the paid request means. What the seller says is a claim, not proof.
    fn answered<'a>(
        &'a self,
        open: &'a Open,
        payload: &'a Payload,
        answer: &'a Answer,
    ) -> Boxed<'a, Standing>;

    /// What the wallet, the mint or the chain says now. Asked for payments whose outcome is not known.
    fn look<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Standing>;

    /// Tests what can be tested beforehand, once the gate runs.
    fn begin(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Looks after what is left lying, now and then while the gate runs.
    fn tend(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// What getting a payment ready has cost, or may have, though nothing was signed: in smallest units. `None`: that
    /// cannot be told now, and its money stays held.
    fn wasted<'a>(&'a self, _id: &'a str) -> Boxed<'a, Option<u128>> {
        Box::pin(std::future::ready(Some(0)))
    }

    /// What it means for a payment that the request it was to go with never left this machine.
    fn unsent<'a>(&'a self, _open: &'a Open, _payload: &'a Payload) -> Boxed<'a, Standing> {
        let proof = "the request never left this machine".to_owned();
        let reason = ledger::Released::Refused { proof };
        Box::pin(std::future::ready(Standing::Released { reason, rule: None }))
    }

    /// What a judge has to know from this rail.
    fn facts(&self) -> Boxed<'_, Facts> {
        Box::pin(std::future::ready(Facts::default()))
    }

    /// Signs in to the origin of a request, as its seller asks: judged, and moving no money.
    fn sign_in<'a>(&'a self, _asked: &'a SigningIn<'a>) -> Boxed<'a, Result<Attachment, Stop>> {
        let why = "This wallet does not sign in.".to_owned();
        Box::pin(std::future::ready(Err(Stop { rule: MoneyRule::Siwx, why })))
    }

    /// What would have to be attached to ask again with what was paid already, if that is lawful.
    fn again<'a>(&'a self, open: &'a Open, payload: &'a Payload) -> Boxed<'a, Option<Attachment>>;
}

/// Why the money of a payment is free again for which nothing was signed. `None`: it is not.
pub(crate) async fn unsigned(driver: &dyn Driver, id: &str) -> Option<ledger::Released> {
    let fee = driver.wasted(id).await?;
    let proof = "nothing was signed for it".to_owned();
    let returned = ledger::Released::Returned { proof, fee };
    Some(if fee == 0 { ledger::Released::Unsigned } else { returned })
}
