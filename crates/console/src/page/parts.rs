use std::fmt::Write as _;

use approvals::Change;
use serde_json::{Map, Value};

use crate::escape::shown;

/// One line of a table of names and values.
pub(super) fn row(body: &mut String, name: &str, value: &str) {
    let (name, value) = (shown(name), shown(value));
    let _ = write!(body, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>");
}

/// The arguments: one line each where they are an object, else the text as it is.
pub(super) fn arguments(text: &str) -> String {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(text) else {
        return format!("<pre>{}</pre>", shown(text));
    };
    if members.is_empty() {
        return "<p class=\"mute\">None.</p>".to_owned();
    }
    let mut body = String::from("<table class=\"pairs\"><tbody>");
    for (name, value) in &members {
        row(&mut body, name, &plain(value));
    }
    body.push_str("</tbody></table>");
    body
}

/// A text without its quotes, so long as nobody could take it for something else; any other value as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if serde_json::from_str::<Value>(text).is_err() && !text.is_empty() => {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// What is different from the last such call.
pub(super) fn changes(changes: Option<&[Change]>) -> String {
    let inside = match changes {
        None => "<p>This is new: no such call was approved and made before.</p>".to_owned(),
        Some([]) => "<p>Nothing: it is the same call as the last one.</p>".to_owned(),
        Some(all) => {
            let rows: String = all.iter().map(change).collect();
            format!(
                "<table><thead><tr><th>What</th><th>Last time</th><th>Now</th></tr></thead><tbody>{rows}</tbody></table>"
            )
        }
    };
    format!("<section id=\"changes\"><h2>Changed since the last such call</h2>{inside}</section>")
}

fn change(change: &Change) -> String {
    let argument = change.what.strip_prefix("argument ");
    let cell = |text: Option<&String>, title: &str, mark: &str| {
        let Some(text) = text else {
            return format!("<td data-title=\"{title}\"><span class=\"mute\">nothing</span></td>");
        };
        let value = argument.and_then(|_| serde_json::from_str(text).ok());
        let text = shown(&value.as_ref().map_or_else(|| text.clone(), plain));
        format!("<td data-title=\"{title}\"><{mark}>{text}</{mark}></td>")
    };
    let what = shown(argument.unwrap_or(&change.what));
    let old = cell(change.before.as_ref(), "Last time", "del");
    let new = cell(change.now.as_ref(), "Now", "ins");
    format!("<tr><th scope=\"row\">{what}</th>{old}{new}</tr>")
}
