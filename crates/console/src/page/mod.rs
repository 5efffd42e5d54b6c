//! Pages as text. Whatever is put in goes through [`shown`].

mod answers;
mod list;
mod one;
mod parts;
mod pay;
mod words;

pub(crate) use list::list;
pub(crate) use one::one;

use words::moment;

use crate::console::ROOT;
use crate::escape::shown;
use crate::session::Session;

pub(crate) const STYLE: &str = include_str!("../style.css");

/// How a page is kept up to date without any script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// It stays as it is: somebody is reading, or writing.
    Stays,
    /// It is fetched again after so many seconds.
    After(u8),
}

fn whole(title: &str, session: Option<&Session>, renewal: Renewal, body: &str) -> String {
    let out = session.map_or_else(String::new, |session| {
        let (token, who) = (hidden(session), shown(&session.who.label()));
        format!(
            "<form method=\"post\" action=\"{ROOT}/logout\">{token}<span class=\"mute\">{who}</span> <button>Sign out</button></form>"
        )
    });
    let again = match renewal {
        Renewal::Stays => String::new(),
        Renewal::After(seconds) => format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"),
    };
    let head = format!(
        "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{again}<title>{title} · Portcullis</title><link rel=\"stylesheet\" href=\"{ROOT}/style.css\">"
    );
    let top = format!("<header><a class=\"home\" href=\"{ROOT}\">Portcullis</a>{out}</header>");
    format!(
        "<!doctype html><html lang=\"en\"><head>{head}</head><body>{top}<main>{body}</main></body></html>"
    )
}

/// What every form of a session carries.
fn hidden(session: &Session) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">", session.token)
}

/// The sign-in; `next` is the approval that was looked for.
pub(crate) fn login(problem: Option<&str>, next: &str) -> String {
    let (problem, next) = (trouble(problem), shown(next));
    let body = format!(
        "<h1>Sign in</h1>{problem}<form class=\"sign-in\" method=\"post\" action=\"{ROOT}/login\"><input type=\"hidden\" name=\"next\" value=\"{next}\"><label for=\"key\">An operator's API key</label><input id=\"key\" type=\"password\" name=\"key\" autocomplete=\"off\" required autofocus><button class=\"yes\">Sign in</button></form><p class=\"mute\">A call of an agent waits for a person. Keys of agents open nothing here.</p>"
    );
    whole("Sign in", None, Renewal::Stays, &body)
}

pub(crate) fn message(title: &str, text: &str, session: Option<&Session>) -> String {
    let (title, text) = (shown(title), shown(text));
    let body = format!(
        "<h1>{title}</h1><p>{text}</p><p><a href=\"{ROOT}\">What waits for a person</a></p>"
    );
    whole(&title, session, Renewal::Stays, &body)
}

fn trouble(problem: Option<&str>) -> String {
    problem
        .map_or_else(String::new, |p| format!("<p class=\"bad\" role=\"alert\">{}</p>", shown(p)))
}
