//! What a recorded request carried.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use convert::{essence, is_json, is_media_type};
use graphql::Recorded;
use serde_json::Value;

use crate::entry::{PostData, Request};
use crate::fields::Fields;
use crate::multipart;
use crate::shape::Shape;
use crate::sieve::Refusal;

/// Largest body that is looked into.
pub(crate) const LARGEST: usize = 4 << 20;

/// By what bodies are unlike whatever is in them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    None,
    Json(String),
    Form,
    Multipart,
    Text(String),
    Bytes(String),
    /// The name and the document of an operation.
    GraphQl(String, String),
}

/// What a body was.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Nothing that has members.
    Plain,
    /// JSON, or the variables of a GraphQL operation.
    Json(Shape),
    /// A form.
    Fields(Fields),
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) class: Class,
    pub(crate) content: Content,
    pub(crate) operation: Option<Rc<Recorded>>,
}

impl Body {
    fn plain(class: Class) -> Self {
        Self { class, content: Content::Plain, operation: None }
    }
}

/// Reads the body of a request.
pub(crate) fn read(request: &Request, keep: &mut dyn FnMut(&str)) -> Result<Body, Refusal> {
    let reads = matches!(request.method.to_ascii_uppercase().as_str(), "GET" | "HEAD");
    let data = request.post_data.as_ref().filter(|data| {
        let text = data.text.as_deref().is_some_and(|t| !t.is_empty());
        text || data.params.as_deref().is_some_and(|p| !p.is_empty())
    });
    let Some(data) = data else {
        let sent = request.body_size.unwrap_or(0) > 0;
        return if sent && !reads {
            Err(("body_not_recorded", "it had a body, which is not in the recording"))
        } else {
            Ok(Body::plain(Class::None))
        };
    };
    if reads {
        return Err(("body_on_get", "it asks with a body, which has no meaning that is known"));
    }
    let kind = data.mime_type.as_deref().unwrap_or_default();
    let plain = essence(kind);
    match plain.as_str() {
        "application/x-www-form-urlencoded" => form(data, Class::Form, keep),
        "multipart/form-data" => form(data, Class::Multipart, keep),
        "application/graphql" => {
            Err(("unsupported_media_type", "its body is a bare GraphQL document"))
        }
        _ if is_json(&plain) => json(data, &plain, keep)?.ok_or(UNREADABLE),
        // Pages send JSON under this type to spare themselves a preflight.
        "text/plain" => {
            Ok(json(data, &plain, keep)?.unwrap_or_else(|| Body::plain(Class::Text(plain))))
        }
        _ if is_text(&plain) => Ok(Body::plain(Class::Text(plain))),
        _ if is_media_type(&plain) && !plain.contains('*') && !plain.starts_with("multipart/") => {
            Ok(Body::plain(Class::Bytes(plain)))
        }
        _ => Err(("unsupported_media_type", "the type of its body is not known")),
    }
}

const UNREADABLE: Refusal = ("unreadable_body", "its body is not what its type says");

fn is_text(kind: &str) -> bool {
    is_media_type(kind)
        && (kind.starts_with("text/") || kind.ends_with("+xml") || kind == "application/xml")
}

fn form(data: &PostData, class: Class, keep: &mut dyn FnMut(&str)) -> Result<Body, Refusal> {
    let fields = multipart::read(data, keep).ok_or(UNREADABLE)?;
    Ok(Body { class, content: Content::Fields(fields), operation: None })
}

/// JSON, and what is GraphQL in it; nothing if it is no object or list.
fn json(data: &PostData, kind: &str, keep: &mut dyn FnMut(&str)) -> Result<Option<Body>, Refusal> {
    let Some(text) = text(data.text.as_deref().unwrap_or_default(), data.encoding.as_deref())
    else {
        return Ok(None);
    };
    if text.len() > LARGEST {
        return Err(("unreadable_body", "its body is larger than 4 MiB"));
    }
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    if kind == "text/plain" && !value.is_object() && !value.is_array() {
        return Ok(None);
    }
    if value.get("query").is_some_and(is_document) {
        return graphql(&value, keep).map(Some);
    }
    if value.get(0).and_then(|first| first.get("query")).is_some_and(is_document) {
        return Err(("graphql_batch", "it sends several GraphQL operations at once"));
    }
    if value.pointer("/extensions/persistedQuery").is_some() {
        return Err(("graphql_persisted", "its GraphQL document is known to the service alone"));
    }
    let content = Content::Json(Shape::of(&value, keep));
    Ok(Some(Body { class: Class::Json(kind.to_owned()), content, operation: None }))
}

/// Whether a member `query` is a GraphQL document rather than what somebody looks for.
fn is_document(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default().trim_start();
    let begins = ["query", "mutation", "subscription", "fragment", "{", "#"]
        .iter()
        .any(|b| text.starts_with(b));
    begins && text.contains('{') && text.trim_end().ends_with('}')
}

fn graphql(value: &Value, keep: &mut dyn FnMut(&str)) -> Result<Body, Refusal> {
    let document = value.get("query").and_then(Value::as_str).unwrap_or_default();
    let operation = value.get("operationName").and_then(Value::as_str);
    let found = graphql::recorded(document, operation)?;
    let none = Value::Object(serde_json::Map::new());
    let variables = value.get("variables").filter(|v| v.is_object()).unwrap_or(&none);
    let class = Class::GraphQl(found.name.clone(), found.document.clone());
    let content = Content::Json(Shape::of(variables, keep));
    Ok(Body { class, content, operation: Some(Rc::new(found)) })
}

/// A text as it was, whatever it was recorded as.
pub(crate) fn text(text: &str, encoding: Option<&str>) -> Option<String> {
    if encoding.is_some_and(|e| e.eq_ignore_ascii_case("base64")) {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        return String::from_utf8(bytes).ok();
    }
    Some(text.to_owned())
}
