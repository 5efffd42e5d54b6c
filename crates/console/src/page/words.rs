//! Codes in words: for somebody who has just been woken.

use std::time::Duration;

use approvals::{Approval, State};
use model::Timestamp;

use crate::escape::shown;

/// Why a person is asked. A code without words of its own is shown as it is.
pub(super) fn reason(code: &str) -> String {
    let said = match code {
        "policy_asks" => "A policy wants a person asked.",
        "first_payee" => "Nobody has been paid for this tool at this seller yet.",
        "payee_changed" => "Somebody else is to be paid than before.",
        "identity_changed" => "The payee is not the one that was known.",
        "first_charge" => "This tool never cost anything before.",
        "price_mismatch" => "The price is not the one that is advertised.",
        "price_drift" => "The price is higher than what was agreed to.",
        "over_threshold" => "The amount is above what goes without a person.",
        "by_hand" => "It is paid with a wallet of yours; the gate pays nothing.",
        other => return format!("<code>{}</code>", shown(other)),
    };
    format!("{said} <code>{}</code>", shown(code))
}

/// Where a question stands, in one word or three.
pub(super) fn state(a: &Approval) -> String {
    let ticket = &a.ticket;
    match ticket.state {
        State::Waiting if ticket.persons > 1 => {
            format!("waiting: {} of {} persons said yes", ticket.yes, ticket.persons)
        }
        State::Waiting if a.hand.is_some() => "waiting to be paid".to_owned(),
        State::Granted if a.hand.is_some() => "paid, not used yet".to_owned(),
        State::Granted => "approved, not used yet".to_owned(),
        State::Used => "approved and used".to_owned(),
        State::Void => "overtaken by another policy or definition".to_owned(),
        state => state.as_str().to_owned(),
    }
}

/// How much time is left, rounded down; none if there is none.
pub(super) fn left(ends: Timestamp, now: Timestamp) -> Option<String> {
    let left: Duration = ends.since(now);
    let seconds = left.as_secs();
    match seconds {
        _ if now >= ends => None,
        0..60 => Some(format!("{seconds} s left")),
        _ => Some(format!("{} min left", seconds / 60)),
    }
}

/// A moment of the day, and the day where it is another one.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> String {
    let (text, today) = (audit::rfc3339(at), audit::rfc3339(now));
    let time = text.get(11..19).unwrap_or_default();
    if text.get(..10) == today.get(..10) {
        format!("{time} UTC")
    } else {
        format!("{} {time} UTC", text.get(..10).unwrap_or_default())
    }
}
