//! What an API answered, as the result of a tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gate::Client;
use gate::port::Reply;
use http::header::{
    CONTENT_TYPE, PROXY_AUTHENTICATE, SET_COOKIE, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, StatusCode};
use protocol::json::{Limits, Object, quote};
use serde_json::{Map, Value, json};
use url::Url;

use crate::api::Operation;
use crate::shape::LeftOut;
use crate::unpaid::fenced;
use crate::view::VIEW;
use crate::writer::Writer;

/// Status and header fields of the answer, for workflows and programs.
const HTTP: &str = "portcullis/http";
/// What was left out, and how to get it.
const SHAPED: &str = "portcullis/shaped";
/// Arguments of the call that gets the next page.
const NEXT: &str = "portcullis/next";
/// Where the answer does not fit the schema that describes it.
const SCHEMA: &str = "portcullis/schema";
/// Bytes of header fields that are told.
const HEADERS: usize = 2048;

/// An answer as it came, or from memory.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) url: Url,
}

/// What is said beside the data.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) next: Option<Map<String, Value>>,
    pub(crate) schema: Vec<String>,
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
    pub(crate) fn media_type(&self) -> String {
        let value = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(crate) fn form(&self) -> Form {
        let kind = self.media_type();
        match kind.as_str() {
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
    out.end(client, None, &Map::new(), true)
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

/// For the model, which does not see `_meta`: what is missing, and how to get it.
fn note(beside: &Beside) -> Option<String> {
    let mut lines = Vec::new();
    for left in &beside.left_out {
        let place = if left.at.is_empty() { String::new() } else { format!(" at {}", left.at) };
        let more = left.next.map_or_else(String::new, |next| {
            format!("; the rest: the same call with \"{VIEW}\": {{\"offset\": {next}}}")
        });
        lines.push(format!("Left out{place}: {}{more}.", left.what));
    }
    if !beside.left_out.is_empty() {
        lines.push(format!("All of it: the same call with \"{VIEW}\": {{\"full\": true}}."));
    }
    if let Some(next) = &beside.next {
        let next = Value::Object(next.clone());
        lines.push(format!("There is a next page: the same call with {next}."));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn meta(answer: &Answer, beside: &Beside) -> Map<String, Value> {
    let mut meta = Map::new();
    let mut http = Map::new();
    http.insert("status".into(), json!(answer.status.as_u16()));
    let headers = told(&answer.headers);
    if !headers.is_empty() {
        http.insert("headers".into(), Value::Object(headers));
    }
    meta.insert(HTTP.into(), Value::Object(http));
    if !beside.left_out.is_empty() {
        let each = beside
            .left_out
            .iter()
            .map(|left| json!({"at": left.at, "what": left.what, "next": left.next}));
        meta.insert(SHAPED.into(), each.collect());
    }
    if let Some(next) = &beside.next {
        meta.insert(NEXT.into(), Value::Object(next.clone()));
    }
    if !beside.schema.is_empty() {
        meta.insert(SCHEMA.into(), json!(beside.schema));
    }
    meta
}

/// Header fields that say something about the answer, and hold no credential.
fn told(headers: &HeaderMap) -> Map<String, Value> {
    const PLAIN: [&str; 6] =
        ["content-type", "etag", "last-modified", "link", "location", "retry-after"];
    let hidden = [SET_COOKIE, WWW_AUTHENTICATE, PROXY_AUTHENTICATE, TRANSFER_ENCODING];
    let mut told = Map::new();
    let mut room = HEADERS;
    for (name, value) in headers {
        let wanted = PLAIN.contains(&name.as_str()) || name.as_str().starts_with("x-");
        let Ok(text) = value.to_str() else { continue };
        let size = name.as_str().len() + text.len();
        if !wanted || hidden.contains(name) || size > room {
            continue;
        }
        room -= size;
        told.insert(name.to_string(), json!(text));
    }
    told
}
