use approvals::Approval;
use model::Timestamp;

use super::hidden;
use super::pay::pay;
use crate::console::ROOT;
use crate::escape::shown;
use crate::session::Session;

/// The forms of a question that waits.
pub(super) fn answers(a: &Approval, now: Timestamp, session: &Session) -> String {
    if let Some(hand) = &a.hand {
        return pay(a, hand, now, session);
    }
    let (id, token) = (shown(&a.ticket.id), hidden(session));
    let tick = |name: &str, text: &str| {
        format!("<label><input type=\"checkbox\" name=\"{name}\" value=\"yes\"> {text}</label>")
    };
    let keep = a.terms.as_ref().map(|_| tick("keep", "Remember payee and price for the next time"));
    let widen = (!a.session.is_empty()).then(|| tick("widen", "In every session of this caller"));
    let more = [keep, widen].into_iter().flatten().collect::<String>();
    let read = "<label class=\"read\"><input type=\"checkbox\" name=\"confirm\" value=\"yes\" required> I have read what will happen. It may happen once.</label>";
    format!(
        "<section id=\"answer\"><h2>Your answer</h2><form method=\"post\" action=\"{ROOT}/{id}/approve\">{token}{read}{more}<button class=\"yes\">Approve</button></form><form method=\"post\" action=\"{ROOT}/{id}/refuse\">{token}<button class=\"no\">Refuse</button></form></section>"
    )
}
