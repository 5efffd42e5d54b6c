use std::fmt::Write as _;

use approvals::{Approval, State, TermsText};
use model::Timestamp;

use super::answers::answers;
use super::parts::{arguments, changes, row};
use super::words::{left, moment, reason, state};
use super::{Renewal, trouble, whole};
use crate::escape::shown;
use crate::session::Session;

/// One approval: exactly what will happen, what is different from the last time, and the answer.
pub(crate) fn one(
    a: &Approval,
    now: Timestamp,
    session: &Session,
    problem: Option<&str>,
) -> String {
    let mut body = trouble(problem);
    let (caller, tool) = (shown(&a.principal), shown(&a.tool));
    let wants = match &a.terms {
        Some(terms) => {
            let (price, payee) = (shown(&terms.price()), shown(&terms.payee));
            let to = format!(
                "<p class=\"payee\">to <code>{payee}</code> at {}</p>",
                shown(&terms.origin)
            );
            format!(
                "<h1><b>{caller}</b> wants <b class=\"price\">{price}</b> paid for <b>{tool}</b></h1>{to}"
            )
        }
        None => format!("<h1><b>{caller}</b> wants to call <b>{tool}</b></h1>"),
    };
    body.push_str(&wants);
    let word = a.ticket.state.as_str();
    let waits = a.ticket.state.is_open() && a.hand.is_none();
    let time = left(a.ticket.expires, now).filter(|_| waits);
    let time = time.map_or_else(String::new, |left| format!(" <span class=\"time\">{left}</span>"));
    let _ = write!(
        body,
        "<p class=\"stands\"><span class=\"state {word}\">{}</span>{time}</p>",
        shown(&state(a))
    );
    body.push_str(&changes(a.changes.as_deref()));
    let _ = write!(
        body,
        "<section id=\"arguments\"><h2>Arguments <small>secrets masked</small></h2>{}</section>",
        arguments(&a.arguments)
    );
    if a.ticket.state == State::Waiting {
        body.push_str(&answers(a, now, session));
    }
    let why: Vec<String> = a.reasons.iter().map(|r| format!("<li>{}</li>", reason(r))).collect();
    let why = why.concat();
    let _ = write!(body, "<section id=\"why\"><h2>Why you are asked</h2><ul>{why}</ul></section>");
    body.push_str(&details(a, now));
    body.push_str(&history(a, now));
    // Somebody who has answered waits for the call; somebody who reads is left in peace.
    let renewal = if a.ticket.state == State::Granted { Renewal::After(5) } else { Renewal::Stays };
    whole("Approval", Some(session), renewal, &body)
}

fn details(a: &Approval, now: Timestamp) -> String {
    let mut body = String::from(
        "<details open><summary>Details</summary><table class=\"pairs words\"><tbody>",
    );
    row(&mut body, "Approval", &a.ticket.id);
    row(&mut body, "Request", &format!("{} of {}", a.method, a.source));
    row(&mut body, "Caller", &format!("{} of {}, by {}", a.principal, a.tenant, a.credential));
    row(&mut body, "Session", if a.session.is_empty() { "none" } else { &a.session });
    for (name, value) in a.terms.iter().flat_map(TermsText::parts) {
        row(&mut body, name, value);
    }
    if a.hand.is_none() {
        row(&mut body, "Ends", &moment(a.ticket.expires, now));
    }
    body.push_str("</tbody></table></details>");
    body
}

fn history(a: &Approval, now: Timestamp) -> String {
    let mut body =
        String::from("<section id=\"history\"><h2>History</h2><table class=\"pairs\"><tbody>");
    for event in &a.events {
        let by = if event.by.is_empty() { String::new() } else { format!(" by {}", event.by) };
        let what = format!("{}{by}", event.what.as_str());
        row(&mut body, &moment(Timestamp(event.at), now), &what);
    }
    body.push_str("</tbody></table></section>");
    body
}
