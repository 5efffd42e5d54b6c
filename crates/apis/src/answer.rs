//! What an API answered, as the result of a tool.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gate::Client;
use gate::port::Reply;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use protocol::json::Object;
use protocol::mcp::{CallToolResult, ContentBlock, Media, Structured};
use serde_json::Value;
use url::Url;

use crate::api::Operation;
use crate::beside::{Beside, meta, note};
use crate::unpaid::fenced;

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
    let body = Structured::parse(answer.body.clone()).ok()?;
    Some(written(client, answer, ContentBlock::Structured, &body, beside, failed))
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
    let (structured, plain) = match value {
        Value::Object(_) => (Structured::parse(json.into()), None),
        _ => (Structured::parse(format!("{{\"body\":{json}}}").into()), Some(json)),
    };
    let Ok(structured) = structured else {
        return failed(
            client,
            "result_too_large",
            "the answer is nested too deeply or has too many values",
        );
    };
    let said = text.or(plain.as_deref()).map_or(ContentBlock::Structured, ContentBlock::Text);
    written(client, answer, said, &structured, beside, false)
}

/// Text, bytes, or nothing at all.
pub(crate) fn of_other(client: &Client, answer: &Answer, form: Form) -> Reply {
    let meta = meta(answer, &Beside::default());
    let shown = |block| {
        let (content, meta) = (&[block], meta.as_ref());
        reply(client, CallToolResult { content, meta, ..CallToolResult::default() })
    };
    match form {
        Form::Empty => shown(ContentBlock::Text(&said(answer.status))),
        Form::Json | Form::Text | Form::Page => {
            shown(ContentBlock::Text(&String::from_utf8_lossy(&answer.body)))
        }
        Form::Image | Form::Audio | Form::Bytes => {
            let data = STANDARD.encode(&answer.body);
            let media = Media { mime_type: &answer.media_type(), data: &data };
            shown(match form {
                Form::Image => ContentBlock::Image(media),
                Form::Audio => ContentBlock::Audio(media),
                _ => ContentBlock::Blob(answer.url.as_str(), media),
            })
        }
    }
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
    error(client, &text, meta(answer, &Beside::default()).as_ref())
}

/// Money was asked for, and none was given.
pub(crate) fn unpaid(client: &Client, no: &pay::Refused) -> Reply {
    let held = no.payment.as_deref().map(|id| format!(" (payment {id})")).unwrap_or_default();
    failed(client, no.rule.as_str(), &format!("{}{held}", no.message))
}

/// The gate says why there is no result.
pub(crate) fn failed(client: &Client, code: &str, why: &str) -> Reply {
    error(client, &format!("{code}: {why}"), None)
}

fn error(client: &Client, text: &str, meta: Option<&Object>) -> Reply {
    let content = &[ContentBlock::Text(text)];
    reply(client, CallToolResult { content, meta, is_error: true, structured: None })
}

/// A data result, and what is said beside it.
fn written(
    client: &Client,
    answer: &Answer,
    said: ContentBlock<'_>,
    structured: &Structured,
    beside: &Beside,
    is_error: bool,
) -> Reply {
    let note = note(beside);
    let both = [said, ContentBlock::Text(note.as_deref().unwrap_or_default())];
    let content = if note.is_some() { &both[..] } else { &both[..1] };
    let (structured, meta) = (Some(structured), meta(answer, beside));
    reply(client, CallToolResult { content, structured, is_error, meta: meta.as_ref() })
}

fn reply(client: &Client, result: CallToolResult<'_>) -> Reply {
    Reply::Complete { result: result.write(client.version), failed: result.is_error }
}

fn said(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("HTTP {} {reason}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    }
}
