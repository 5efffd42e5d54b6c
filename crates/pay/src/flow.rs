use std::sync::Arc;

use model::Timestamp;
use model::money::{Flag, MoneyRule, Rail, Terms};
use rails::Demand;
use spend::{Choice, Verdict};
use treasury::{Reservation, Sent};
use zeroize::Zeroizing;

use crate::ask;
use crate::conclude::conclude;
use crate::crash;
use crate::demand;
use crate::driver::{Dispatched, Driver, Job, Open, Payload, Standing, Stop, unsigned};
use crate::errand::{Answer, Attachment, Errand, Refused, Unpaid};
use crate::hand;
use crate::judge::{intent, judge};
use crate::paid::Paid;
use crate::payer::{Inner, in_words, ledger_is_away};
use crate::record::{Entry, Who};

/// From a demand to a payment that goes with the request, or was made before it.
pub(crate) async fn pay(
    inner: &Arc<Inner>,
    errand: Errand,
    answer: &Answer,
) -> Result<Paid, Unpaid> {
    let demand = demand::read(&errand, answer);
    if !matches!(demand, Demand::None)
        && let Some(found) = hand::found(inner, &errand).await?
    {
        // Before it is judged: what was paid for counts in the budgets, and is to be had whatever they leave.
        if let Some(paid) = hand::stands(inner, &errand, found).await? {
            return Ok(paid);
        }
    }
    let (mut choice, rules) = match judge(inner, &errand, answer, &demand).await? {
        Verdict::Pass => return Err(Unpaid::NoDemand),
        Verdict::Deny(denial) => {
            let (rule, message) = (denial.rule, denial.reason.into_owned());
            return Err(Unpaid::Refused(Refused { rule, message, payment: None }));
        }
        Verdict::Allow(choice) => (*choice, Vec::new()),
        Verdict::Ask { choice, rules } => (*choice, rules),
    };
    if choice.terms.rail == Rail::Human {
        let rules = rules.iter().map(|reason| reason.rule).collect();
        let offer = offer(&demand, &choice);
        return Box::pin(hand::pay(inner, errand, (choice, offer), rules)).await;
    }
    // What was bought before did not serve, or the seller would not ask again.
    inner.credits.forget(&errand).await;
    let mut reasons: Vec<MoneyRule> = rules.iter().map(|reason| reason.rule).collect();
    reasons.dedup();
    // Another way is taken only where nothing was signed for the one before, and nobody has to be asked about it.
    let mut spare = std::mem::take(&mut choice.spare).into_iter();
    loop {
        let undone = match one_way(inner, &errand, choice, &reasons, &demand).await {
            Ok(paid) => return Ok(paid),
            Err(undone) => undone,
        };
        match spare.next() {
            Some(next) if undone.unsigned => choice = next,
            _ => return Err(undone.why),
        }
    }
}

/// A payment that did not come about.
pub(crate) struct Undone {
    pub(crate) why: Unpaid,
    /// Whether nothing was signed for it, and nothing will be.
    unsigned: bool,
}

impl From<Unpaid> for Undone {
    fn from(why: Unpaid) -> Self {
        Self { why, unsigned: false }
    }
}

/// From one way to pay to a payment: reserved first, with a person's yes where one is needed.
async fn one_way(
    inner: &Arc<Inner>,
    errand: &Errand,
    choice: Choice,
    reasons: &[MoneyRule],
    demand: &Demand,
) -> Result<Paid, Undone> {
    let wanted = intent(errand, choice.terms.clone(), reasons.to_vec());
    let (reservation, approval) = if reasons.is_empty() {
        match inner.treasury.reserve(wanted.clone()).await {
            Ok(reservation) => (reservation, None),
            Err(treasury::Refused::Ask { rules, persons }) => {
                ask::granted(inner, errand, &choice, wanted, &rules, persons).await?
            }
            Err(refused) => match asked_before(inner, &wanted, &refused).await? {
                Some((rules, persons)) => {
                    ask::granted(inner, errand, &choice, wanted, &rules, persons).await?
                }
                None => {
                    return Ok(refused_or_again(inner, errand, &choice.terms, &refused).await?);
                }
            },
        }
    } else if let Some(id) = named_by_key(inner, &wanted).await? {
        return Ok(again(inner, errand, id).await?);
    } else {
        ask::granted(inner, errand, &choice, wanted, reasons, choice.approvers).await?
    };
    let offer = offer(demand, &choice);
    carry_out(inner, errand.clone(), choice, offer, reservation, approval).await
}

/// An equal request that a budget wanted a person asked about is under way: whom it waits for decides, not that it waits.
pub(crate) async fn asked_before(
    inner: &Inner,
    wanted: &ledger::Intent,
    refused: &treasury::Refused,
) -> Result<Option<(Vec<MoneyRule>, u8)>, Unpaid> {
    if refused.rule() != MoneyRule::InFlight {
        return Ok(None);
    }
    let asked = ask::waiting(inner, wanted).await?;
    Ok(asked.map(|payment| match payment.state {
        ledger::State::Asked { rules, persons, .. } => (rules, persons),
        _ => (vec![MoneyRule::PolicyAsks], 1),
    }))
}

/// The payment that the caller's key names, if it went as far as a signature: a person who agreed to it agreed once, and
/// is not asked to find it again.
async fn named_by_key(
    inner: &Inner,
    wanted: &ledger::Intent,
) -> Result<Option<ledger::PaymentId>, Unpaid> {
    if wanted.key.is_none() {
        return Ok(None);
    }
    let away = |e: treasury::Refused| Unpaid::Refused(ledger_is_away(&e));
    let judged = inner.treasury.judge(vec![wanted.clone()]).await.map_err(away)?;
    let Some(ledger::Judgement::Same(id)) = judged.first() else { return Ok(None) };
    let payment = inner.treasury.payment(*id).await.map_err(away)?;
    Ok(payment.filter(|payment| payment.signed).map(|payment| payment.id))
}

async fn refused_or_again(
    inner: &Arc<Inner>,
    errand: &Errand,
    terms: &Terms,
    refused: &treasury::Refused,
) -> Result<Paid, Unpaid> {
    match refused {
        treasury::Refused::Same(id) => again(inner, errand, *id).await,
        refused => Err(denied(inner, errand, terms, refused).await),
    }
}

/// The offer that was chosen.
fn offer(demand: &Demand, choice: &Choice) -> Option<rails::Offer> {
    match demand {
        Demand::Offers(offers) => offers.get(choice.entry.offer).cloned(),
        Demand::None | Demand::Unreadable(_) => None,
    }
}

/// A budget, or the ledger, said no at the last moment.
pub(crate) async fn denied(
    inner: &Inner,
    errand: &Errand,
    terms: &Terms,
    refused: &treasury::Refused,
) -> Unpaid {
    let rule = refused.rule();
    let entry = Entry { rules: vec![rule], ..Entry::new("-", "denied", terms) };
    inner.note(Who::from(errand), entry).await;
    Unpaid::Refused(match refused {
        treasury::Refused::Denied(refusal) => Refused {
            rule,
            message: match refusal.payment {
                Some(_) => {
                    "an equal request is under way, or its outcome is not known yet".to_owned()
                }
                None => in_words(refusal),
            },
            payment: refusal.payment.map(|id| id.to_string()),
        },
        treasury::Refused::Unlawful(unlawful) => {
            Refused { rule, message: unlawful.to_string(), payment: None }
        }
        other => ledger_is_away(other),
    })
}

/// Signs, seals, sends: each step durable before the next.
pub(crate) async fn carry_out(
    inner: &Arc<Inner>,
    errand: Errand,
    choice: Choice,
    offer: Option<rails::Offer>,
    reservation: Reservation,
    approval: Option<String>,
) -> Result<Paid, Undone> {
    let id = reservation.id();
    let name = id.to_string();
    let terms = choice.terms.clone();
    let flags = choice.flags.clone();
    crash::at("after-reserve");
    let driver = inner.drivers.by_terms(&choice.terms);
    let (Some(driver), Some(offer)) = (driver, offer) else {
        let _ = reservation.release().await;
        let message = format!("the rail {} is recognised and has no wallet here", terms.rail);
        return Err(no(MoneyRule::Rail, &message, None).into());
    };
    let entry = Entry {
        approval: approval.clone(),
        flags: flags.clone(),
        ..Entry::new(&name, "reserved", &terms)
    };
    if let Err(error) = inner.record(Who::from(&errand), entry).await {
        tracing::error!("a payment cannot be recorded, so it is not made: {error}");
        let _ = reservation.release().await;
        return Err(no(
            MoneyRule::Ledger,
            "the payment cannot be recorded, so it is not made",
            None,
        )
        .into());
    }
    crash::at("after-record");
    let now = Timestamp(inner.clock.now_millis());
    let job = Job { id: name.clone(), errand, choice, offer, now };
    let payload = match driver.sign(&job).await {
        Ok(payload) => payload,
        Err(stop) => {
            let why = stopped(inner, &job, &driver, reservation, &stop).await;
            return Err(Undone { why, unsigned: true });
        }
    };
    crash::at("after-sign");
    let sealed = Zeroizing::new(serde_json::to_vec(&payload).unwrap_or_default());
    let signed = match reservation.sign(payload.mark.clone(), sealed).await {
        Ok(signed) => signed,
        Err(refused) => return Err(denied(inner, &job.errand, &terms, &refused).await.into()),
    };
    crash::at("after-seal");
    let sent = match signed.sent().await {
        Ok(sent) => sent,
        Err(refused) => return Err(denied(inner, &job.errand, &terms, &refused).await.into()),
    };
    let Ok(Some(open)) = inner.treasury.payment(id).await else {
        return Err(no(MoneyRule::Ledger, "the ledger cannot be read", Some(&name)).into());
    };
    crash::at("before-dispatch");
    let dispatched = driver.dispatch(&job, &payload).await;
    crash::at("after-dispatch");
    let bearings = Bearings { errand: job.errand, open, payload, driver, flags, approval };
    match dispatched {
        Dispatched::Carry(attachment) => {
            Ok(Paid::carrying(inner.clone(), bearings, sent, attachment))
        }
        Dispatched::Done(standing, attachment) => {
            Ok(done(inner, bearings, sent, standing, attachment).await?)
        }
        Dispatched::Stop(standing) => {
            let message = match &standing {
                Standing::Released { .. } => "the payment was not made; its money is free again",
                _ => "the outcome of the payment is not known; its money is held until it is",
            };
            let rule = rule_of(&standing);
            let held = !matches!(standing, Standing::Released { .. });
            conclude(inner, &bearings, sent, standing).await;
            Err(no(rule, message, held.then_some(&name)).into())
        }
    }
}

/// Nothing could be signed: the money is free again, but for what getting ready has cost.
async fn stopped(
    inner: &Inner,
    job: &Job,
    driver: &Arc<dyn Driver>,
    reservation: Reservation,
    stop: &Stop,
) -> Unpaid {
    let reason = unsigned(driver.as_ref(), &job.id).await;
    let (state, fee) = match &reason {
        Some(reason) => ("released", reason.fee()),
        None => ("held", job.terms().fee_limit),
    };
    match reason {
        Some(reason) => drop(reservation.release_for(reason).await),
        None => drop(reservation),
    }
    let entry = Entry { rules: vec![stop.rule], fee, ..Entry::new(&job.id, state, job.terms()) };
    inner.note(Who::from(&job.errand), entry).await;
    no(stop.rule, &stop.why, None)
}

/// What a payment is known by while it is carried out.
pub(crate) struct Bearings {
    pub(crate) errand: Errand,
    pub(crate) open: Open,
    pub(crate) payload: Payload,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) approval: Option<String>,
}

/// A payment that was made before its request.
async fn done(
    inner: &Arc<Inner>,
    bearings: Bearings,
    sent: Sent,
    standing: Standing,
    attachment: Attachment,
) -> Result<Paid, Unpaid> {
    let settled = matches!(standing, Standing::Settled { .. });
    let (rule, name) = (rule_of(&standing), bearings.open.id.to_string());
    if settled {
        // Before it is booked: what was paid for must outlive a crash.
        inner.credits.keep(&bearings.errand, &attachment).await;
    }
    conclude(inner, &bearings, sent, standing).await;
    if !settled {
        let message = "the outcome of the payment is not known; its money is held until it is";
        return Err(no(rule, message, Some(&name)));
    }
    // The wallet has said all there is to say: nobody asks it once more when the seller answers.
    let bearings = match inner.treasury.payment(bearings.open.id).await {
        Ok(Some(open)) => Bearings { open, ..bearings },
        _ => bearings,
    };
    crash::at("after-settle");
    Ok(Paid::made(inner.clone(), bearings, attachment))
}

/// The caller's key names a payment: what was paid goes with the request once more, or what is known of it is told.
async fn again(inner: &Arc<Inner>, errand: &Errand, id: ledger::PaymentId) -> Result<Paid, Unpaid> {
    let away = |e: treasury::Refused| Unpaid::Refused(ledger_is_away(&e));
    let name = id.to_string();
    let unknown =
        || no(MoneyRule::InFlight, "the payment that this key names is under way", Some(&name));
    let open = inner.treasury.payment(id).await.map_err(away)?.ok_or_else(unknown)?;
    let sealed = inner.treasury.payload(id).await.map_err(away)?.ok_or_else(unknown)?;
    let payload: Payload = serde_json::from_slice(&sealed).map_err(|_| unknown())?;
    let driver = inner.drivers.by_terms(&open.intent.terms).ok_or_else(unknown)?;
    let attachment = driver.again(&open, &payload).await.ok_or_else(unknown)?;
    let bearings = Bearings {
        errand: errand.clone(),
        open,
        payload,
        driver,
        flags: Vec::new(),
        approval: None,
    };
    Ok(Paid::made(inner.clone(), bearings, attachment))
}

pub(crate) const fn rule_of(standing: &Standing) -> MoneyRule {
    match standing {
        Standing::Settled { .. } => MoneyRule::AlreadyPaid,
        Standing::Released { rule: Some(rule), .. } | Standing::Held { rule, .. } => *rule,
        Standing::Released { rule: None, .. } => MoneyRule::WalletUnavailable,
    }
}

pub(crate) fn no(rule: MoneyRule, message: &str, payment: Option<&str>) -> Unpaid {
    let (message, payment) = (message.to_owned(), payment.map(ToOwned::to_owned));
    Unpaid::Refused(Refused { rule, message, payment })
}

impl From<Refused> for Unpaid {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}
