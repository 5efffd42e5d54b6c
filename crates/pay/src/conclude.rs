use model::money::{Amount, Flag, MoneyRule, Terms};
use treasury::{Sent, Settlement};

use crate::crash;
use crate::driver::Standing;
use crate::flow::Bearings;
use crate::payer::Inner;
use crate::record::{Entry, Who};

/// Books what became of a payment, and records it.
pub(crate) async fn conclude(
    inner: &Inner,
    bearings: &Bearings,
    sent: Sent,
    standing: Standing,
) -> &'static str {
    crash::at("before-booking");
    let id = bearings.open.id;
    let terms = &bearings.open.intent.terms;
    let told = Concluded::of(terms, standing, bearings);
    let booked = match told.change {
        Change::Settle(settlement) => {
            let flags = told.flags.clone();
            sent.settle(Settlement { flags, ..settlement }).await
        }
        Change::Release(reason) => sent.release(reason).await,
        Change::Hold(rule) => sent.hold(rule).await,
    };
    if let (Some(rule), "held") = (told.rule, told.state) {
        inner.stop_rail(terms, rule).await;
    }
    crash::at("after-booking");
    if let Err(error) = booked {
        tracing::error!(payment = %id, "the outcome of a payment could not be booked: {error}");
    }
    if told.state != "settled" && !told.flags.is_empty() {
        let _ = inner.treasury.flag(id, told.flags.clone()).await;
    }
    let name = id.to_string();
    let entry = Entry {
        rules: told.rule.into_iter().collect(),
        flags: told.flags,
        fee: told.fee,
        approval: bearings.approval.clone(),
        nonce: bearings.payload.mark.clone(),
        receipt: told.receipt,
        ..Entry::new(&name, told.state, terms)
    };
    inner.note(Who::from(&bearings.errand), entry).await;
    told.state
}

pub(crate) enum Change {
    Settle(Settlement),
    Release(ledger::Released),
    Hold(MoneyRule),
}

/// A standing, as books and records have it.
pub(crate) struct Concluded {
    pub(crate) change: Change,
    pub(crate) state: &'static str,
    pub(crate) rule: Option<MoneyRule>,
    pub(crate) flags: Vec<Flag>,
    pub(crate) fee: u128,
    pub(crate) receipt: Option<String>,
}

impl Concluded {
    fn of(terms: &Terms, standing: Standing, bearings: &Bearings) -> Self {
        let mut told = Self::new(terms, standing);
        told.flags.extend(bearings.flags.iter().copied());
        told
    }

    pub(crate) fn new(terms: &Terms, standing: Standing) -> Self {
        match standing {
            Standing::Settled { amount, fee, receipt, flags } => Self {
                change: Change::Settle(Settlement {
                    amount: Amount::new(terms.asset().clone(), amount),
                    fee,
                    proof: Some(receipt.clone()),
                    flags: flags.clone(),
                }),
                state: "settled",
                rule: None,
                flags,
                fee,
                receipt: Some(receipt),
            },
            Standing::Released { reason, rule } => Self {
                fee: reason.fee(),
                change: Change::Release(after_sending(reason)),
                state: "released",
                rule,
                flags: Vec::new(),
                receipt: None,
            },
            Standing::Held { rule, flags } => Self {
                change: Change::Hold(rule),
                state: "held",
                rule: Some(rule),
                flags,
                fee: terms.fee_limit,
                receipt: None,
            },
        }
    }
}

/// A driver that kept what it signed says so as if it had never been given out; the books have it as sent by then.
fn after_sending(reason: ledger::Released) -> ledger::Released {
    match reason {
        ledger::Released::Unsigned | ledger::Released::Destroyed => ledger::Released::Refused {
            proof: "what was signed never left this machine".to_owned(),
        },
        reason => reason,
    }
}
