use std::fmt::Write as _;
use std::sync::Arc;

use approvals::{ByHand, Hand as Shown, Question, State};
use ledger::PaymentId;
use model::Timestamp;
use model::money::{MoneyRule, Rail};
use spend::Choice;

use super::Hand;
use crate::ask::{self, asks};
use crate::driver::{Driver as _, Open, Payload};
use crate::errand::{Errand, Refused, Unpaid};
use crate::flow::{Bearings, asked_before, carry_out, denied, no};
use crate::judge::intent;
use crate::paid::Paid;
use crate::payer::{Inner, ledger_is_away};
use crate::record::{Entry, Who};

/// Shows a payment to a person, and says where. A person who pays has agreed by it; only where two have to agree, or a
/// budget asks, are they asked beforehand.
pub(crate) async fn pay(
    inner: &Arc<Inner>,
    errand: Errand,
    (choice, offer): (Choice, Option<rails::Offer>),
    rules: Vec<MoneyRule>,
) -> Result<Paid, Unpaid> {
    inner.credits.forget(&errand).await;
    let wanted = intent(&errand, choice.terms.clone(), Vec::new());
    let reserved = if choice.approvers > 1 {
        Err(treasury::Refused::Ask { rules: rules.clone(), persons: choice.approvers })
    } else {
        inner.treasury.reserve(wanted.clone()).await
    };
    let (reservation, approval) = match reserved {
        Ok(reservation) => (reservation, None),
        Err(treasury::Refused::Ask { rules, persons }) => {
            ask::granted(inner, &errand, &choice, wanted, &rules, persons).await?
        }
        Err(refused) => match asked_before(inner, &wanted, &refused).await? {
            Some((rules, persons)) => {
                ask::granted(inner, &errand, &choice, wanted, &rules, persons).await?
            }
            // Shown, and then something went down before its question was put.
            None => match unasked(inner, &refused).await? {
                Some(id) => return Err(show(inner, &errand, &rules, id).await),
                None => return Err(denied(inner, &errand, &choice.terms, &refused).await),
            },
        },
    };
    let shown = errand.clone();
    let carried = carry_out(inner, errand, choice, offer, reservation, approval).await;
    match carried.map_err(|undone| undone.why) {
        Err(Unpaid::Refused(Refused { rule: MoneyRule::InFlight, payment: Some(id), .. })) => {
            let id = id.parse().map_err(|_| no(MoneyRule::Ledger, UNREADABLE, Some(&id)))?;
            Err(show(inner, &shown, &rules, id).await)
        }
        other => other,
    }
}

const UNREADABLE: &str = "the ledger cannot be read";

fn away(error: &approvals::DeskError) -> Unpaid {
    tracing::error!("a person cannot be asked to pay: {error}");
    no(MoneyRule::Ledger, "a person would have to pay, and cannot be asked now", None)
}

/// What became of a payment by hand: it serves this call, or why there is none to be made now. `None` where it is over.
pub(crate) async fn stands(
    inner: &Arc<Inner>,
    errand: &Errand,
    found: ByHand,
) -> Result<Option<Paid>, Unpaid> {
    let over = Timestamp(inner.clock.now_millis()) >= found.ticket.expires;
    match found.ticket.state {
        State::Granted => deliver(inner, errand.clone(), &found).await.map(Some),
        State::Waiting => {
            let open = opened(inner, &found).await?;
            Err(asks(inner, found.ticket, &[MoneyRule::ByHand], &open.intent.terms))
        }
        State::Refused if !over => {
            Err(no(MoneyRule::Denied, "a person said that this is not paid", None))
        }
        _ => Ok(None),
    }
}

async fn opened(inner: &Inner, found: &ByHand) -> Result<Open, Unpaid> {
    let unreadable = || no(MoneyRule::Ledger, UNREADABLE, Some(&found.payment));
    let id: PaymentId = found.payment.parse().map_err(|_| unreadable())?;
    let open = inner.treasury.payment(id).await.map_err(|e| ledger_is_away(&e))?;
    open.ok_or_else(unreadable)
}

/// The newest payment by hand of this request.
pub(crate) async fn found(inner: &Inner, errand: &Errand) -> Result<Option<ByHand>, Unpaid> {
    if inner.drivers.hand.is_none() {
        return Ok(None);
    }
    let request = request(errand);
    let found = inner.desk.by_hand((&errand.tenant, &errand.principal, &request)).await;
    found.map_err(|e| away(&e))
}

fn request(errand: &Errand) -> String {
    errand.request_digest().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The payment by hand that an equal request is under way for, if it is one.
async fn unasked(inner: &Inner, refused: &treasury::Refused) -> Result<Option<PaymentId>, Unpaid> {
    let id = match refused {
        treasury::Refused::Denied(refusal) if refusal.rule == MoneyRule::InFlight => {
            refusal.payment
        }
        treasury::Refused::Same(id) => Some(*id),
        _ => None,
    };
    let Some(id) = id else { return Ok(None) };
    let payment = inner.treasury.payment(id).await.map_err(|e| ledger_is_away(&e))?;
    let held = |p: &ledger::Payment| {
        p.intent.terms.rail == Rail::Human && matches!(p.state, ledger::State::Held(_))
    };
    Ok(payment.filter(held).map(|payment| payment.id))
}

/// Puts the question under which the payment is shown.
async fn show(inner: &Inner, errand: &Errand, rules: &[MoneyRule], id: PaymentId) -> Unpaid {
    let name = id.to_string();
    let unreadable = || no(MoneyRule::Ledger, UNREADABLE, Some(&name));
    let Ok(Some(open)) = inner.treasury.payment(id).await else { return unreadable() };
    let Some(payload) = payload(inner, id).await else { return unreadable() };
    let Some(uri) = Hand::uri(&open, &payload) else { return unreadable() };
    let terms = open.intent.terms.clone();
    let binding = errand.asking.binding.clone().with_terms(terms.clone());
    let (credential, arguments) =
        (errand.asking.credential.clone(), errand.asking.arguments.clone());
    let mut question = Question::new(binding, credential, arguments);
    question.reasons = rules.iter().map(|rule| rule.as_str().to_owned()).collect();
    question.not_after = terms.expires;
    question.price = inner.said(&terms.amount);
    let ends = terms.expires.map(Timestamp::as_millis);
    question.hand = Some(Shown { payment: name.clone(), request: request(errand), uri, ends });
    match inner.desk.ask(question).await {
        Ok(ticket) => {
            let entry = Entry {
                rules: rules.to_vec(),
                approval: Some(ticket.id.clone()),
                ..Entry::new(&name, "asked", &terms)
            };
            inner.note(Who::from(errand), entry).await;
            asks(inner, ticket, rules, &terms)
        }
        Err(error) => away(&error),
    }
}

pub(super) async fn payload(inner: &Inner, id: PaymentId) -> Option<Payload> {
    let sealed = inner.treasury.payload(id).await.ok()??;
    serde_json::from_slice(&sealed).ok()
}

/// What was paid goes with the request, once: the same call takes it up, whatever the seller asks by now.
async fn deliver(inner: &Arc<Inner>, errand: Errand, found: &ByHand) -> Result<Paid, Unpaid> {
    let unreadable = || no(MoneyRule::Ledger, UNREADABLE, Some(&found.payment));
    let open = opened(inner, found).await?;
    let payload = payload(inner, open.id).await.ok_or_else(unreadable)?;
    let driver = inner.drivers.hand.clone().ok_or_else(unreadable)?;
    let attachment = driver.again(&open, &payload).await.ok_or_else(|| {
        no(MoneyRule::NoProof, "it is paid, and its proof cannot be had now", Some(&found.payment))
    })?;
    // Before it is taken up: what was paid for must outlive a crash.
    inner.credits.keep(&errand, &attachment).await;
    if !inner.desk.take_paid(&found.ticket.id).await.map_err(|e| away(&e))? {
        return Err(no(
            MoneyRule::InFlight,
            "another call takes this payment up",
            Some(&found.payment),
        ));
    }
    let approval = Some(found.ticket.id.clone());
    let bearings = Bearings { errand, open, payload, driver, flags: Vec::new(), approval };
    Ok(Paid::made(inner.clone(), bearings, attachment))
}
