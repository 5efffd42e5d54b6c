use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use protocol::json::quote_into;
use serde_json::{Map, Value};

use super::style::{self, scalar};
use super::{BadArgument, Payload, json, multipart};
use crate::{Body, BodyKind, FieldStyle, Style};

/// The value of a body: nothing of it is copied before it is written.
enum Given<'a> {
    /// As it stands.
    One(&'a Value),
    /// An object of these members, each name once.
    Members(Vec<Member<'a>>),
}

/// A name on the wire, and its value.
type Member<'a> = (&'a str, &'a Value);

/// Makes the body, if there is anything to make it of.
pub(super) fn make<'r>(
    body: &'r Body,
    arguments: &Map<String, Value>,
) -> Result<Option<Payload<'r>>, BadArgument> {
    let mut content_type = Cow::Borrowed(body.media_type.as_str());
    if let BodyKind::GraphQl { document, operation } = &body.kind {
        let bytes = graphql(body, arguments, document, operation).into();
        return Ok(Some(Payload { content_type, bytes }));
    }
    let Some(given) = given(body, arguments)? else { return Ok(None) };
    let argument = body.whole.as_deref().unwrap_or("body");
    let bytes: Bytes = match &body.kind {
        BodyKind::Json | BodyKind::GraphQl { .. } => given.json().into(),
        BodyKind::Form(styles) => form(given.members(argument)?, styles).into(),
        BodyKind::Multipart(styles) => {
            let made = multipart::make(given.members(argument)?, styles)?;
            content_type = format!("{}; boundary={}", body.media_type, made.boundary).into();
            made.bytes.into()
        }
        BodyKind::Text => match given {
            Given::One(value) => scalar(value).into(),
            Given::Members(_) => given.json().into(),
        },
        BodyKind::Binary => match given {
            Given::One(value) => decoded(argument, value)?.into(),
            Given::Members(_) => return Err(no_text(argument)),
        },
    };
    Ok(Some(Payload { content_type, bytes }))
}

/// The value of the body: one argument, or the members that are arguments of their own.
fn given<'a>(
    body: &'a Body,
    arguments: &'a Map<String, Value>,
) -> Result<Option<Given<'a>>, BadArgument> {
    if let Some(name) = &body.whole {
        return match arguments.get(name) {
            None if body.required => {
                let message = format!("the argument `{name}` is missing");
                Err(BadArgument::new(name, "missing", message))
            }
            Some(Value::Object(members)) if !body.constants.is_empty() => {
                let members = members.iter().map(|(name, value)| (name.as_str(), value));
                Ok(Some(Given::Members(each_once(members.chain(constants(body))))))
            }
            found => Ok(found.map(Given::One)),
        };
    }
    let mut members = named(body, arguments).peekable();
    if members.peek().is_none() && body.constants.is_empty() && !body.required {
        return Ok(None);
    }
    Ok(Some(Given::Members(each_once(members.chain(constants(body))))))
}

/// The members that are arguments of their own, as far as they are given.
fn named<'a>(
    body: &'a Body,
    arguments: &'a Map<String, Value>,
) -> impl Iterator<Item = Member<'a>> {
    body.members.iter().filter_map(|(name, wire)| Some((wire.as_str(), arguments.get(name)?)))
}

fn constants(body: &Body) -> impl Iterator<Item = Member<'_>> {
    body.constants.iter().map(|(name, value)| (name.as_str(), value))
}

/// Of members with the same name the last counts, in the place of the first.
fn each_once<'a>(all: impl Iterator<Item = Member<'a>>) -> Vec<Member<'a>> {
    let mut places = BTreeMap::<&str, usize>::new();
    let mut members = Vec::<Member>::new();
    for (name, value) in all {
        match places.entry(name) {
            Entry::Occupied(place) => members[*place.get()].1 = value,
            Entry::Vacant(place) => {
                place.insert(members.len());
                members.push((name, value));
            }
        }
    }
    members
}

impl<'a> Given<'a> {
    fn json(&self) -> Vec<u8> {
        match self {
            Self::One(value) => {
                let mut out = Vec::with_capacity(json::room(value));
                json::value(&mut out, value);
                out
            }
            Self::Members(members) => {
                let room = members.iter().map(|(name, value)| name.len() + json::room(value));
                let mut out = Vec::with_capacity(2 + room.sum::<usize>());
                json::members(&mut out, members.iter().copied());
                out
            }
        }
    }

    fn members(self, argument: &str) -> Result<Vec<Member<'a>>, BadArgument> {
        match self {
            Self::Members(members) => Ok(members),
            Self::One(Value::Object(members)) => {
                Ok(members.iter().map(|(name, value)| (name.as_str(), value)).collect())
            }
            Self::One(_) => {
                let message = format!("`{argument}` must be an object");
                Err(BadArgument::new(argument, "wrong_type", message))
            }
        }
    }
}

fn graphql(
    body: &Body,
    arguments: &Map<String, Value>,
    document: &str,
    operation: &str,
) -> Vec<u8> {
    let variables = each_once(named(body, arguments).chain(constants(body)));
    let mut out = Vec::with_capacity(document.len() + 256);
    out.extend_from_slice(b"{\"query\":");
    quote_into(&mut out, document);
    out.extend_from_slice(b",\"operationName\":");
    quote_into(&mut out, operation);
    out.extend_from_slice(b",\"variables\":");
    json::members(&mut out, variables.into_iter());
    out.push(b'}');
    out
}

fn form(members: Vec<Member<'_>>, styles: &[(String, FieldStyle)]) -> String {
    let mut parts = Vec::new();
    for (name, value) in members {
        let own = styles.iter().find(|(n, _)| n == name).map(|(_, style)| style);
        let (style, explode) = own.map_or((Style::Form, true), |s| (s.style, s.explode));
        let pairs = style::form(name, style, explode, value);
        parts.extend(pairs.into_iter().map(|p| format!("{}={}", p.name, p.value)));
    }
    parts.join("&")
}

/// Bytes, given as base64 (RFC 4648, either alphabet, with or without padding).
pub(super) fn decoded(argument: &str, value: &Value) -> Result<Vec<u8>, BadArgument> {
    let text = value.as_str().ok_or_else(|| no_text(argument))?;
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
        .ok_or_else(|| {
            BadArgument::new(argument, "not_base64", format!("`{argument}` is no base64"))
        })
}

fn no_text(argument: &str) -> BadArgument {
    let message = format!("`{argument}` must be text: the bytes as base64");
    BadArgument::new(argument, "wrong_type", message)
}
