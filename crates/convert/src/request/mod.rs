//! From the arguments of a call to the exact request.

mod body;
mod encode;
mod json;
mod multipart;
mod path;
mod server;
mod style;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value};
use url::Url;

use crate::{Location, Parameter, Recipe};
pub use server::Server;
use style::Pair;

/// The exact request that goes out, but for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'r> {
    /// The method.
    pub method: &'r str,
    /// The absolute URL. It has the origin of the base and stays under its path.
    pub url: Url,
    /// Header fields, `Content-Type` not among them.
    pub headers: Vec<(&'r str, Cow<'r, str>)>,
    /// The body.
    pub body: Option<Payload<'r>>,
}

/// A body and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload<'r> {
    /// `Content-Type`: the recipe's own, but for what is in parts.
    pub content_type: Cow<'r, str>,
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

/// Makes the request of a call. Where many are made, a [`Server`] that is kept spares reading the base each time.
///
/// Arguments are raw text: each is encoded exactly once. What is absent is not sent, what is empty is.
///
/// # Errors
/// The first argument that cannot be sent safely.
pub fn request<'r>(
    recipe: &'r Recipe,
    arguments: &Map<String, Value>,
) -> Result<Request<'r>, BadArgument> {
    Server::new(&recipe.base).request(recipe, arguments)
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
fn given<'r: 'v, 'v>(
    recipe: &'r Recipe,
    arguments: &'v Map<String, Value>,
    location: Location,
) -> impl Iterator<Item = Result<(&'r Parameter, &'v Value), BadArgument>> {
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

/// Header fields: those that are always sent, and those of parameters, their cookies among them.
fn fields<'r>(
    recipe: &'r Recipe,
    arguments: &Map<String, Value>,
) -> Result<Vec<(&'r str, Cow<'r, str>)>, BadArgument> {
    let mut fields = Vec::new();
    for (name, value) in &recipe.headers {
        fields.push((field_name(name)?, Cow::Borrowed(sendable(name, value)?)));
    }
    for found in given(recipe, arguments, Location::Header) {
        let (parameter, value) = found?;
        let text = style::header(parameter, value);
        let name = field_name(&parameter.wire)?;
        sendable(&parameter.argument, &text)?;
        fields.push((name, Cow::Owned(text)));
    }
    let mut cookies = Vec::new();
    for found in given(recipe, arguments, Location::Cookie) {
        let (parameter, value) = found?;
        let pairs = style::query(parameter, value);
        cookies.extend(pairs.into_iter().map(|p| format!("{}={}", p.name, p.value)));
    }
    if !cookies.is_empty() {
        fields.push(("Cookie", Cow::Owned(cookies.join("; "))));
    }
    Ok(fields)
}

/// The name of a header field: a token (RFC 9110, section 5.1).
fn field_name(name: &str) -> Result<&str, BadArgument> {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    if name.is_empty() || !name.bytes().all(lawful) {
        let message = format!("`{}` is no name of a header field", name.escape_debug());
        return Err(BadArgument::new("", "bad_header", message));
    }
    Ok(name)
}

/// What a header field can carry (RFC 9110, section 5.5): no control character.
fn sendable<'t>(argument: &str, text: &'t str) -> Result<&'t str, BadArgument> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        let message = format!(
            "the argument `{argument}` holds a control character, and goes into a header field"
        );
        return Err(BadArgument::new(argument, "control_character", message));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
