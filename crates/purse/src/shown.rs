//! Amounts, terms and payments in words for agents. No secrets are in them; texts of others are cut.

use audit::rfc3339;
use ledger::{Payment, State};
use model::money::{Amount, Terms};
use pay::Payer;
use serde_json::{Value, json};

/// Bytes of a text of somebody else that are shown.
const SHOWN: usize = 2 << 10;

/// A text, cut.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN)]
}

/// What is asked, or was agreed.
pub(crate) fn terms(payer: &Payer, terms: &Terms) -> Value {
    json!({
        "amount": payer.said(&terms.amount),
        "feeLimit": payer.said(&Amount::new(terms.asset().clone(), terms.fee_limit)),
        "rail": terms.rail.as_str(),
        "scheme": terms.scheme,
        "network": cut(&terms.network),
        "payee": cut(&terms.payee),
        "origin": cut(&terms.origin),
        "resource": cut(&terms.resource),
        "expires": terms.expires.map(rfc3339),
    })
}

/// A payment, for the one who made it.
pub(crate) fn payment(payer: &Payer, payment: &Payment) -> Value {
    let terms = &payment.intent.terms;
    let settled = payment.state == State::Settled;
    let amount = |minor| payer.said(&Amount::new(terms.asset().clone(), minor));
    let why = match &payment.state {
        State::Held(rule) | State::Denied(rule) => vec![rule.as_str()],
        State::Asked { rules, .. } => rules.iter().map(|rule| rule.as_str()).collect(),
        _ => Vec::new(),
    };
    json!({
        "id": payment.id.to_string(),
        "state": payment.state.as_str(),
        "why": why,
        "flags": payment.flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>(),
        "tool": payment.intent.tool,
        "amount": amount(if settled { payment.paid } else { terms.amount.minor }),
        "fee": settled.then(|| amount(payment.fee)),
        "rail": terms.rail.as_str(),
        "payee": cut(&terms.payee),
        "origin": cut(&terms.origin),
        "resource": cut(&terms.resource),
        "since": rfc3339(payment.since),
        "changed": rfc3339(payment.changed),
    })
}
