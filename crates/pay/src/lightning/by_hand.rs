//! Invoices that a person pays with a wallet of their own. What is sealed is what is sealed for a wallet of the gate; the
//! proof is the same preimage, and whoever has it may bring it.

use std::sync::Arc;

use ::lightning::Preimage;
use ambient::Clock;
use ledger::Released;
use model::money::{Flag, MoneyRule};
use serde_json::Value;
use tokio::time::timeout;
use wallets::{Outcome, Wallet};

use super::standing::{checked, doubt, held, settled};
use super::{LOOK, Sealed, credential, receipt, sealed_for, silence};
use crate::driver::{Job, Open, Payload, Standing, Stop};
use crate::errand::{Answer, Attachment};

/// How long after the invoice ended the person's wallet must still show no payment, in seconds: what was begun in time has
/// come to an end by then.
const QUIET: u64 = 600;
/// Where the preimage rests, beside the rest, once somebody has brought it.
const PREIMAGE: &str = "preimage";
/// The name of the person's wallet where none is named.
const UNNAMED: &str = "hand";

/// What is known of the wallet that the person pays with: it is only ever asked.
pub(crate) struct ByHand {
    pub(crate) wallet: Option<(Arc<dyn Wallet>, String)>,
    pub(crate) clock: Clock,
}

impl ByHand {
    pub(crate) fn seal(&self, job: &Job) -> Result<Payload, Stop> {
        let name = self.wallet.as_ref().map_or(UNNAMED, |(_, name)| name);
        sealed_for(job, name, model::Timestamp(self.clock.now_millis()), None)
    }

    /// The same payload with the proof in it, if this is the proof.
    pub(crate) fn proven(payload: &Payload, text: &str) -> Result<(Payload, Standing), Unproven> {
        let sealed = Sealed::read(payload).ok_or(Unproven::Unreadable)?;
        let preimage = Preimage::from_hex(text).map_err(|_| Unproven::Form)?;
        if !preimage.proves(&sealed.invoice.payment_hash()) {
            return Err(Unproven::Mismatch);
        }
        let mut payload = payload.clone();
        payload.value[PREIMAGE] = Value::from(preimage.hex().as_str());
        Ok((payload, settled(&sealed, Some(0))))
    }

    /// What the person's wallet says, if one is named. Nothing that it does not say is released, and nothing before the
    /// invoice has long ended: until then the person may try once more.
    pub(crate) async fn look(&self, payload: &Payload) -> Standing {
        let Some(sealed) = Sealed::read(payload) else { return held(MoneyRule::SentUnknown) };
        if Self::preimage(payload, &sealed, None).is_some() {
            return settled(&sealed, Some(0));
        }
        let now = self.clock.now_millis() / 1000;
        let Err(outcome) = self.find(&sealed).await else { return settled(&sealed, Some(0)) };
        let over = now >= sealed.invoice.expires_at().saturating_add(QUIET);
        let named = self.wallet.as_ref().filter(|(_, name)| *name == sealed.wallet);
        match (outcome, named) {
            (Outcome::Absent | Outcome::Failed(_), Some((wallet, _))) if over => {
                let kind = wallet.kind();
                let proof = format!("{kind}: not paid, long after the invoice ended");
                Standing::Released { reason: Released::Unused { proof }, rule: None }
            }
            (outcome @ Outcome::Unknown(_), Some(_)) => held(match doubt(&outcome) {
                MoneyRule::SentUnknown => MoneyRule::InFlight,
                rule => rule,
            }),
            _ => held(MoneyRule::InFlight),
        }
    }

    async fn find(&self, sealed: &Sealed) -> Result<Preimage, Outcome> {
        let Some((wallet, _)) = &self.wallet else { return Err(Outcome::InFlight) };
        let lookup = wallet.lookup(sealed.invoice.payment_hash());
        let outcome = timeout(LOOK, lookup).await.unwrap_or_else(|_| silence());
        checked(outcome, sealed).map(|(preimage, _)| preimage)
    }

    fn preimage(payload: &Payload, sealed: &Sealed, booked: Option<&str>) -> Option<Preimage> {
        let text = payload.value.get(PREIMAGE).and_then(Value::as_str).or(booked)?;
        Preimage::proof(text, &sealed.invoice.payment_hash()).ok()
    }

    /// What goes with the request, once it is paid. `booked` is the proof that stands in the books: a preimage, where an
    /// operator wrote it there.
    pub(crate) async fn credential(
        &self,
        payload: &Payload,
        booked: Option<&str>,
    ) -> Option<Attachment> {
        let sealed = Sealed::read(payload)?;
        let preimage = match Self::preimage(payload, &sealed, booked) {
            Some(preimage) => preimage,
            None => self.find(&sealed).await.ok()?,
        };
        credential::attachment(&sealed.challenge, &preimage).ok()
    }

    /// `lightning:` and the invoice.
    pub(crate) fn uri(payload: &Payload) -> Option<String> {
        Sealed::read(payload).map(|sealed| format!("lightning:{}", sealed.invoice.text()))
    }

    /// What a receipt adds to the record.
    pub(crate) fn flags(open: &Open, payload: &Payload, answer: &Answer) -> Vec<Flag> {
        let mut flags = open.flags.clone();
        if let Some(sealed) = Sealed::read(payload) {
            super::add(&mut flags, receipt::flags(&sealed, answer));
        }
        flags
    }
}

/// Why something is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// It has not the form of a preimage.
    Form,
    /// It is the preimage of another payment.
    Mismatch,
    /// What was sealed cannot be read.
    Unreadable,
}
