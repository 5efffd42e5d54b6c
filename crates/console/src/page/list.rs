use approvals::{Approval, TermsText};
use model::Timestamp;

use super::words::{left, moment, state};
use super::{Renewal, whole};
use crate::console::ROOT;
use crate::escape::shown;
use crate::session::Session;

/// After how many seconds the list is fetched again.
const RENEWED: u8 = 10;
/// How many characters of the arguments are in the list.
const GLANCE: usize = 60;

/// Everything that waits, and what was answered lately.
pub(crate) fn list(approvals: &[Approval], now: Timestamp, session: &Session) -> String {
    let (open, closed): (Vec<_>, Vec<_>) = approvals.iter().partition(|a| a.ticket.state.is_open());
    let waits = match open.len() {
        0 => "Nothing waits for a person".to_owned(),
        1 => "One call waits for a person".to_owned(),
        many => format!("{many} calls wait for a person"),
    };
    let body = format!(
        "<h1>{waits}</h1><section id=\"waiting\">{}</section><h2>Lately</h2><section id=\"lately\">{}</section>",
        table(&open, now, "New ones appear here by themselves."),
        table(&closed, now, "Nothing lately.")
    );
    whole("Approvals", Some(session), Renewal::After(RENEWED), &body)
}

fn table(approvals: &[&Approval], now: Timestamp, nothing: &str) -> String {
    if approvals.is_empty() {
        return format!("<p class=\"mute\">{nothing}</p>");
    }
    let rows: String = approvals.iter().map(|a| row(a, now)).collect();
    format!(
        "<table class=\"cards\"><thead><tr><th>Tool</th><th>Caller</th><th>Price</th><th>State</th><th>Time</th></tr></thead><tbody>{rows}</tbody></table>"
    )
}

fn row(a: &Approval, now: Timestamp) -> String {
    let price = a.terms.as_ref().map_or_else(String::new, TermsText::price);
    let last = a.events.last().map_or(a.ticket.asked, |event| Timestamp(event.at));
    let time = match left(a.ticket.expires, now) {
        Some(left) if a.ticket.state.is_open() => left,
        _ => moment(last, now),
    };
    let (id, tool, caller) = (shown(&a.ticket.id), shown(&a.tool), shown(&a.principal));
    let glance = shown(&glance(&a.arguments));
    let word = a.ticket.state.as_str();
    format!(
        "<tr><td data-title=\"Tool\"><a href=\"{ROOT}/{id}\">{tool}</a><small>{glance}</small></td><td data-title=\"Caller\">{caller}</td><td data-title=\"Price\">{}</td><td data-title=\"State\"><span class=\"state {word}\">{}</span></td><td data-title=\"Time\">{}</td></tr>",
        shown(&price),
        shown(&state(a)),
        shown(&time)
    )
}

/// The first of the arguments: enough to tell two calls of one tool apart.
fn glance(arguments: &str) -> String {
    let inside = arguments.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let text = inside.unwrap_or(arguments);
    match text.char_indices().nth(GLANCE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
