//! Payments that a person makes by hand. Such a question is not answered with a yes: it ends when the books have proof that
//! it was paid, or an operator's word that it was not. Time ends nothing, for the money may have left.

use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::{Answerer, NoAnswer};
use crate::book::{close, may_answer};
use crate::entry::{Entry, State, Ticket};
use crate::event::{Event, What};

/// How long a payment that was made waits for the call it was made for.
const KEPT: Duration = Duration::from_hours(24);

/// What a person is shown who pays by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// The payment's id in the books.
    pub payment: String,
    /// SHA-256 of the request it is for, in hexadecimal: the same call finds it whatever the seller asks by then.
    pub request: String,
    /// What a wallet opens: `lightning:…` (BOLT 11) or `ethereum:…` (EIP-681).
    pub uri: String,
    /// From when on it must not be paid any more, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
}

/// What became of a payment by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    /// There is proof.
    Yes,
    /// Nothing was paid, and nothing will be.
    No,
}

/// The newest payment by hand of this request of this principal.
pub(crate) fn of<'a>(
    book: &'a [Entry],
    (tenant, principal, request): (&str, &str, &str),
) -> Option<&'a Entry> {
    let theirs = |e: &&Entry| {
        e.tenant == tenant
            && e.question.principal == principal
            && e.question.hand.as_ref().is_some_and(|hand| hand.request == request)
    };
    book.iter().filter(theirs).max_by_key(|e| (e.asked, &e.id))
}

/// Whether `who` may say what became of it, and which payment it is.
pub(crate) fn may_tell(book: &[Entry], id: &str, who: &Answerer) -> Result<Hand, NoAnswer> {
    if !who.is_operator() {
        return Err(NoAnswer::NotPermitted("only an operator answers; an agent never does"));
    }
    let entry = book.iter().find(|e| e.id == id && who.sees(&e.tenant));
    let entry = entry.ok_or_else(|| NoAnswer::Unknown(id.to_owned()))?;
    let Some(hand) = &entry.question.hand else {
        return Err(NoAnswer::NotPermitted("this is approved or refused, not paid by hand"));
    };
    if entry.progress.state != State::Waiting {
        return Err(NoAnswer::Closed(entry.progress.state));
    }
    may_answer(entry, who)?;
    Ok(hand.clone())
}

/// The books know what became of a payment: its question ends. Once it has, nothing changes.
pub(crate) fn conclude(book: &mut [Entry], payment: &str, by: &str, paid: Paid, now: Timestamp) {
    let ours =
        |e: &&mut Entry| e.question.hand.as_ref().is_some_and(|hand| hand.payment == payment);
    let Some(entry) = book.iter_mut().find(ours) else { return };
    if entry.progress.state != State::Waiting {
        return;
    }
    match paid {
        Paid::Yes => close(entry, State::Granted, Event::new(What::Granted, now, by)),
        Paid::No => close(entry, State::Refused, Event::new(What::Refused, now, by)),
    }
}

/// The call takes up what was paid for it. Whether it was there to be taken.
pub(crate) fn take(book: &mut [Entry], id: &str, now: Timestamp) -> bool {
    let Some(entry) = book.iter_mut().find(|e| e.id == id && e.question.hand.is_some()) else {
        return false;
    };
    let there = entry.progress.state == State::Granted;
    if there {
        let by = entry.question.principal.clone();
        close(entry, State::Used, Event::new(What::Used, now, by));
    }
    there
}

/// Whether time has ended it: only what was paid, and then not taken up for a day.
pub(crate) fn is_over(entry: &Entry, now: Timestamp) -> bool {
    entry.progress.state == State::Granted && now >= entry.expires.after(KEPT)
}

/// A payment by hand as the engine finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// Its question.
    pub ticket: Ticket,
    /// The payment's id in the books.
    pub payment: String,
}

impl From<&Entry> for ByHand {
    fn from(entry: &Entry) -> Self {
        let payment = entry.question.hand.as_ref().map(|hand| hand.payment.clone());
        Self { ticket: entry.ticket(), payment: payment.unwrap_or_default() }
    }
}
