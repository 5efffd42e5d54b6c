//! From the arguments of a call to the exact request.

mod body;
mod encode;
mod multipart;
mod path;
mod style;

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};
use url::Url;

use crate::{Location, Parameter, Recipe};
use style::Pair;

/// The exact request that goes out, but for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL. It has the origin of the base and stays under its path.
    pub url: String,
    /// Header fields, `Content-Type` not among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Payload>,
}

/// A body and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// `Content-Type`.
    pub content_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

/// An argument that cannot become part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadArgument {
    /// Its name; empty if it is about the request as a whole.
    pub argument: String,
    /// A stable code: `missing`, `dot_segment`, `control_character`, `empty_segment`, `slash_in_segment`,
    /// `wrong_type`, `not_base64`, `not_under_base`, `bad_header`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl BadArgument {
    pub(crate) fn new(argument: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { argument: argument.to_owned(), code, message: message.into() }
    }
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadArgument {}

/// Makes the request of a call.
///
/// Arguments are raw text: each is encoded exactly once. What is absent is not sent, what is empty is.
///
/// # Errors
/// The first argument that cannot be sent safely.
pub fn request(recipe: &Recipe, arguments: &Map<String, Value>) -> Result<Request, BadArgument> {
    let path = path::expand(recipe, arguments)?;
    let query = query(recipe, arguments)?;
    let url = joined(&recipe.base, &path, &query)?;
    let mut headers = Vec::new();
    for (name, value) in &recipe.headers {
        headers.push((field_name(name)?, sendable(name, value.clone())?));
    }
    headers.extend(fields(recipe, arguments)?);
    let body = recipe.body.as_ref().map(|body| body::make(body, arguments)).transpose()?.flatten();
    Ok(Request { method: recipe.method.clone(), url, headers, body })
}

/// The value of a parameter: the fixed one, or the argument. `null` counts as absent where it may be.
fn value<'a>(
    parameter: &'a Parameter,
    arguments: &'a Map<String, Value>,
) -> Result<Option<&'a Value>, BadArgument> {
    if let Some(fixed) = &parameter.fixed {
        return Ok(Some(fixed));
    }
    match arguments.get(&parameter.argument) {
        None | Some(Value::Null) if parameter.required => {
            let name = &parameter.argument;
            Err(BadArgument::new(name, "missing", format!("the argument `{name}` is missing")))
        }
        None | Some(Value::Null) => Ok(None),
        found => Ok(found),
    }
}

/// The parameters of one place that have a value.
fn given<'a>(
    recipe: &'a Recipe,
    arguments: &'a Map<String, Value>,
    location: Location,
) -> impl Iterator<Item = Result<(&'a Parameter, &'a Value), BadArgument>> {
    recipe
        .parameters
        .iter()
        .filter(move |p| p.location == location)
        .filter_map(|p| Some(value(p, arguments).transpose()?.map(|value| (p, value))))
}

fn query(recipe: &Recipe, arguments: &Map<String, Value>) -> Result<String, BadArgument> {
    let mut parts: Vec<String> = recipe
        .query
        .iter()
        .map(|(name, value)| format!("{}={}", encode::query(name), encode::query(value)))
        .collect();
    for found in given(recipe, arguments, Location::Query) {
        let (parameter, value) = found?;
        if is_empty(value) && !parameter.allow_empty && !value.is_string() {
            continue;
        }
        for Pair { name, value } in style::query(parameter, value) {
            parts.push(if name.is_empty() { value } else { format!("{name}={value}") });
        }
    }
    Ok(parts.join("&"))
}

/// An empty list or object has nothing to write.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Header fields, the cookies of parameters among them.
fn fields(
    recipe: &Recipe,
    arguments: &Map<String, Value>,
) -> Result<Vec<(String, String)>, BadArgument> {
    let mut fields = Vec::new();
    for found in given(recipe, arguments, Location::Header) {
        let (parameter, value) = found?;
        let text = style::header(parameter, value);
        fields.push((field_name(&parameter.wire)?, sendable(&parameter.argument, text)?));
    }
    let mut cookies = Vec::new();
    for found in given(recipe, arguments, Location::Cookie) {
        let (parameter, value) = found?;
        let pairs = style::query(parameter, value);
        cookies.extend(pairs.into_iter().map(|p| format!("{}={}", p.name, p.value)));
    }
    if !cookies.is_empty() {
        fields.push(("Cookie".to_owned(), cookies.join("; ")));
    }
    Ok(fields)
}

/// The name of a header field: a token (RFC 9110, section 5.1).
fn field_name(name: &str) -> Result<String, BadArgument> {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    if name.is_empty() || !name.bytes().all(lawful) {
        let message = format!("`{}` is no name of a header field", name.escape_debug());
        return Err(BadArgument::new("", "bad_header", message));
    }
    Ok(name.to_owned())
}

/// What a header field can carry (RFC 9110, section 5.5): no control character.
fn sendable(argument: &str, text: String) -> Result<String, BadArgument> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        let message = format!(
            "the argument `{argument}` holds a control character, and goes into a header field"
        );
        return Err(BadArgument::new(argument, "control_character", message));
    }
    Ok(text)
}

/// Base, path and query in one, held against the base: the origin is its own, and the path begins with its path.
fn joined(base: &str, path: &str, query: &str) -> Result<String, BadArgument> {
    let outside = |what: &str| BadArgument::new("", "not_under_base", what);
    let root = Url::parse(base).map_err(|_| outside("the server is no URL"))?;
    let prefix = base.trim_end_matches('/');
    let mark = if query.is_empty() { "" } else { "?" };
    let text = format!("{prefix}{path}{mark}{query}");
    let url = Url::parse(&text).map_err(|_| outside("the request has no lawful URL"))?;
    let under = root.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(under);
    let stays = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if url.origin() != root.origin() || !stays || url.fragment().is_some() {
        return Err(outside("the request would leave its server"));
    }
    // What the parser folded away was no part of the path that was checked.
    if url.path().matches('/').count() != format!("{under}{path}").matches('/').count() {
        return Err(outside("the request would leave its place"));
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests;
