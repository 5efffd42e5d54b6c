//! Pages as text. Whatever is put in goes through [`shown`].

use std::fmt::Write as _;

use approvals::{Approval, Change, State, TermsText};
use audit::rfc3339;
use model::Timestamp;

use crate::console::ROOT;
use crate::escape::shown;
use crate::session::Session;

pub(crate) const STYLE: &str = include_str!("style.css");

fn whole(title: &str, session: Option<&Session>, body: &str) -> String {
    let out = session.map_or_else(String::new, |session| {
        format!(
            "<form method=\"post\" action=\"{ROOT}/logout\">{}<span class=\"mute\">{}</span> <button>Sign out</button></form>",
            hidden(session),
            shown(&session.who.label())
        )
    });
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><link rel=\"stylesheet\" href=\"{ROOT}/style.css\"></head><body><header><h1><a href=\"{ROOT}\">Portcullis</a> · {title}</h1>{out}</header><main>{body}</main></body></html>"
    )
}

fn hidden(session: &Session) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">", session.token)
}

/// The sign-in; `next` is the approval that was looked for.
pub(crate) fn login(problem: Option<&str>, next: &str) -> String {
    let problem =
        problem.map_or_else(String::new, |p| format!("<p class=\"bad\">{}</p>", shown(p)));
    let body = format!(
        "{problem}<p>Sign in with an operator's API key.</p><form method=\"post\" action=\"{ROOT}/login\"><input type=\"hidden\" name=\"next\" value=\"{}\"><label>API key <input type=\"password\" name=\"key\" autocomplete=\"off\" required autofocus></label><button class=\"yes\">Sign in</button></form>",
        shown(next)
    );
    whole("Sign in", None, &body)
}

pub(crate) fn message(title: &str, text: &str, session: Option<&Session>) -> String {
    whole(title, session, &format!("<p>{}</p>", shown(text)))
}

pub(crate) fn list(approvals: &[Approval], session: &Session) -> String {
    let (open, closed): (Vec<_>, Vec<_>) = approvals.iter().partition(|a| a.ticket.state.is_open());
    let mut body = String::from("<h2>Waiting for a person</h2>");
    body.push_str(&table(&open, "No call waits for a person."));
    body.push_str("<h2>Lately</h2>");
    body.push_str(&table(&closed, "Nothing lately."));
    whole("Approvals", Some(session), &body)
}

fn table(approvals: &[&Approval], nothing: &str) -> String {
    if approvals.is_empty() {
        return format!("<p class=\"mute\">{nothing}</p>");
    }
    let rows: Vec<String> = approvals
        .iter()
        .map(|a| {
            let price = a.terms.as_ref().map_or_else(|| "–".to_owned(), price);
            format!(
                "<tr><td><a href=\"{ROOT}/{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                shown(&a.ticket.id),
                shown(&a.tool),
                shown(&a.principal),
                price,
                state(a),
                shown(&rfc3339(a.ticket.expires))
            )
        })
        .collect();
    format!(
        "<table><thead><tr><th>Tool</th><th>Caller</th><th>Price</th><th>State</th><th>Ends</th></tr></thead><tbody>{}</tbody></table>",
        rows.concat()
    )
}

fn price(terms: &TermsText) -> String {
    format!("{} {}", shown(&terms.amount), shown(&terms.asset))
}

fn state(a: &Approval) -> String {
    let ticket = &a.ticket;
    if ticket.state == State::Waiting && ticket.persons > 1 {
        return format!("waiting ({} of {} persons)", ticket.yes, ticket.persons);
    }
    ticket.state.as_str().to_owned()
}

/// One approval: exactly what will happen, and what is different from the last time.
pub(crate) fn one(a: &Approval, session: &Session, problem: Option<&str>) -> String {
    let mut body = String::new();
    if let Some(problem) = problem {
        let _ = write!(body, "<p class=\"bad\">{}</p>", shown(problem));
    }
    if let Some(terms) = &a.terms {
        let (price, payee) = (price(terms), shown(&terms.payee));
        let _ = write!(body, "<p class=\"price\">Pay {price} to <code>{payee}</code></p>");
    }
    body.push_str("<h2>What will happen</h2><table><tbody>");
    row(&mut body, "Tool", &format!("{} ({} of {})", a.tool, a.method, a.source));
    row(&mut body, "Caller", &format!("{} of {}, {}", a.principal, a.tenant, a.credential));
    row(&mut body, "Session", if a.session.is_empty() { "none" } else { &a.session });
    for (name, value) in a.terms.iter().flat_map(TermsText::parts) {
        row(&mut body, name, value);
    }
    row(&mut body, "Because", &a.reasons.join(", "));
    row(&mut body, "State", &state(a));
    row(&mut body, "Ends", &rfc3339(a.ticket.expires));
    body.push_str("</tbody></table><h2>Arguments, secrets masked</h2>");
    let _ = write!(body, "<pre>{}</pre>", shown(&a.arguments));
    body.push_str("<h2>Changed since the last such call</h2>");
    body.push_str(&changes(a.changes.as_deref()));
    if a.ticket.state == State::Waiting {
        body.push_str(&answers(a, session));
    }
    body.push_str("<h2>History</h2><table><tbody>");
    for event in &a.events {
        let by = if event.by.is_empty() { String::new() } else { format!("by {}", event.by) };
        let what = format!("{} {by}", event.what.as_str());
        row(&mut body, &rfc3339(Timestamp(event.at)), &what);
    }
    body.push_str("</tbody></table>");
    whole("Approval", Some(session), &body)
}

fn row(body: &mut String, name: &str, value: &str) {
    let _ =
        write!(body, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", shown(name), shown(value));
}

fn changes(changes: Option<&[Change]>) -> String {
    match changes {
        None => "<p>No such call was approved and made before.</p>".to_owned(),
        Some([]) => "<p>Nothing.</p>".to_owned(),
        Some(all) => {
            let cell = |text: Option<&String>| {
                text.map_or_else(|| "<span class=\"mute\">nothing</span>".to_owned(), |t| shown(t))
            };
            let rows: Vec<String> = all
                .iter()
                .map(|c| {
                    let (old, new) = (cell(c.before.as_ref()), cell(c.now.as_ref()));
                    format!("<tr><td>{}</td><td>{old}</td><td>{new}</td></tr>", shown(&c.what))
                })
                .collect();
            format!(
                "<table><thead><tr><th>What</th><th>Before</th><th>Now</th></tr></thead><tbody>{}</tbody></table>",
                rows.concat()
            )
        }
    }
}

fn answers(a: &Approval, session: &Session) -> String {
    let (id, token) = (shown(&a.ticket.id), hidden(session));
    let keep = if a.terms.is_some() {
        "<label><input type=\"checkbox\" name=\"keep\" value=\"yes\"> Remember payee and price</label>"
    } else {
        ""
    };
    let widen = if a.session.is_empty() {
        ""
    } else {
        "<label><input type=\"checkbox\" name=\"widen\" value=\"yes\"> In every session of this caller</label>"
    };
    format!(
        "<form class=\"answer\" method=\"post\" action=\"{ROOT}/{id}/approve\">{token}<label><input type=\"checkbox\" name=\"confirm\" value=\"yes\" required> I have read what will happen; it may happen once</label>{keep}{widen}<button class=\"yes\">Approve</button></form><form class=\"answer\" method=\"post\" action=\"{ROOT}/{id}/refuse\">{token}<label><input type=\"checkbox\" name=\"confirm\" value=\"yes\" required> It may not happen</label><button class=\"no\">Refuse</button></form>"
    )
}
