//! What an API answered, as the result of a tool.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gate::Client;
use gate::port::Reply;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use protocol::json::{Limits, Object, quote};
use serde_json::Value;
use url::Url;

use crate::api::Operation;
use crate::beside::{Beside, meta, note};
use crate::unpaid::fenced;
use crate::writer::Writer;

/// An answer as it came, or from memory.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) url: Url,
}

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Text,
    Page,
    Image,
    Audio,
    Bytes,
    Empty,
}

impl Answer {
    /// The media type in small letters, without parameters.
    pub(crate) fn media_type(&self) -> Cow<'_, str> {
        let value = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        let plain = value.split(';').next().unwrap_or_default().trim();
        if plain.bytes().any(|b| b.is_ascii_uppercase()) {
            return plain.to_ascii_lowercase().into();
        }
        plain.into()
    }

    pub(crate) fn form(&self) -> Form {
        let kind = self.media_type();
        match &*kind {
            _ if self.body.is_empty() => Form::Empty,
            "application/json" | "text/json" => Form::Json,
            "text/html" | "application/xhtml+xml" => Form::Page,
            k if k.ends_with("+json") => Form::Json,
            k if k.starts_with("image/") && k != "image/svg+xml" => Form::Image,
            k if k.starts_with("audio/") => Form::Audio,
            k if k.starts_with("text/") || k.ends_with("+xml") || is_text(k) => Form::Text,
            // Nothing is said: whatever it is, it is no data that was described.
            "" if std::str::from_utf8(&self.body).is_ok() => Form::Text,
            _ => Form::Bytes,
        }
    }
}

fn is_text(kind: &str) -> bool {
    let known =
        ["application/xml", "application/yaml", "application/x-ndjson", "application/javascript"];
    known.contains(&kind)
}

/// Whether the description promises JSON and nothing else.
pub(crate) fn only_json(operation: &Operation) -> bool {
    let produces = &operation.tool.recipe.produces;
    let json = |t: &String| {
        let kind = t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json") || kind == "text/json"
    };
    !produces.is_empty() && produces.iter().all(json)
}

/// A body that is one JSON object goes through as it stands, byte for byte.
pub(crate) fn of_json(
    client: &Client,
    answer: &Answer,
    beside: &Beside,
    failed: bool,
) -> Option<Reply> {
    let object = Object::parse(answer.body.clone(), Limits::REPLY).ok()?;
    let text = std::str::from_utf8(object.text()).ok()?;
    Some(written(client, answer, text, Some(text), beside, failed))
}

/// A JSON value that was read, and the text that stands in its place, if one does.
pub(crate) fn of_value(
    client: &Client,
    answer: &Answer,
    value: &Value,
    text: Option<&str>,
    beside: &Beside,
) -> Reply {
    let json = value.to_string();
    let structured = match value {
        Value::Object(_) => json.clone(),
        _ => format!("{{\"body\":{json}}}"),
    };
    written(client, answer, text.unwrap_or(&json), Some(&structured), beside, false)
}

/// Text, bytes, or nothing at all.
pub(crate) fn of_other(client: &Client, answer: &Answer, form: Form) -> Reply {
    let mut out = Writer::new(answer.body.len());
    let kind = || quote(&answer.media_type());
    match form {
        Form::Empty => out.text(&said(answer.status)),
        Form::Image | Form::Audio => {
            let word = if form == Form::Image { "image" } else { "audio" };
            let (kind, data) = (kind(), STANDARD.encode(&answer.body));
            out.block(&format!(r#"{{"type":"{word}","data":"{data}","mimeType":{kind}}}"#));
        }
        Form::Bytes => {
            let (kind, data) = (kind(), STANDARD.encode(&answer.body));
            let uri = quote(answer.url.as_str());
            out.block(&format!(
                r#"{{"type":"resource","resource":{{"uri":{uri},"mimeType":{kind},"blob":"{data}"}}}}"#
            ));
        }
        Form::Json | Form::Text | Form::Page => out.text(&String::from_utf8_lossy(&answer.body)),
    }
    out.end(client, None, &meta(answer, &Beside::default()), false)
}

/// The API says no: its words, unless they are a page for people.
pub(crate) fn of_error(client: &Client, answer: &Answer) -> Reply {
    let said = said(answer.status);
    let unpaid = answer.status == StatusCode::PAYMENT_REQUIRED;
    let text = match answer.form() {
        Form::Json | Form::Text if unpaid => fenced(&said, &answer.body),
        Form::Json | Form::Text => format!("{said}: {}", String::from_utf8_lossy(&answer.body)),
        Form::Empty => said,
        _ => format!("{said}; the {} bytes of its page are not shown", answer.body.len()),
    };
    let mut out = Writer::new(text.len());
    out.text(&text);
    out.end(client, None, &meta(answer, &Beside::default()), true)
}

/// Money was asked for, and none was given.
pub(crate) fn unpaid(client: &Client, no: &pay::Refused) -> Reply {
    let held = no.payment.as_deref().map(|id| format!(" (payment {id})")).unwrap_or_default();
    failed(client, no.rule.as_str(), &format!("{}{held}", no.message))
}

/// The gate says why there is no result.
pub(crate) fn failed(client: &Client, code: &str, why: &str) -> Reply {
    let mut out = Writer::new(why.len());
    out.text(&format!("{code}: {why}"));
    out.end(client, None, b"", true)
}

/// A data result, and what is said beside it.
fn written(
    client: &Client,
    answer: &Answer,
    text: &str,
    structured: Option<&str>,
    beside: &Beside,
    failed: bool,
) -> Reply {
    let mut out = Writer::new(text.len() + structured.map_or(0, str::len));
    out.text(text);
    if let Some(note) = note(beside) {
        out.text(&note);
    }
    out.end(client, structured, &meta(answer, beside), failed)
}

fn said(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("HTTP {} {reason}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    }
}
