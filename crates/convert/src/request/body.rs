use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::style::{self, scalar};
use super::{BadArgument, Payload, multipart};
use crate::{Body, BodyKind, FieldStyle, Style};

/// Makes the body, if there is anything to make it of.
pub(super) fn make(
    body: &Body,
    arguments: &Map<String, Value>,
) -> Result<Option<Payload>, BadArgument> {
    if let BodyKind::GraphQl { document, operation } = &body.kind {
        return Ok(Some(graphql(body, arguments, document, operation)));
    }
    let Some(value) = value(body, arguments)? else { return Ok(None) };
    let argument = body.whole.as_deref().unwrap_or("body");
    let mut content_type = body.media_type.clone();
    let bytes: Bytes = match &body.kind {
        BodyKind::Json | BodyKind::GraphQl { .. } => value.to_string().into(),
        BodyKind::Form(styles) => form(argument, &value, styles)?.into(),
        BodyKind::Multipart(styles) => {
            let made = multipart::make(members(argument, &value)?, styles)?;
            content_type = format!("{}; boundary={}", body.media_type, made.boundary);
            made.bytes.into()
        }
        BodyKind::Text => scalar(&value).into(),
        BodyKind::Binary => decoded(argument, &value)?.into(),
    };
    Ok(Some(Payload { content_type, bytes }))
}

/// The value of the body: one argument, or the members that are arguments of their own.
fn value(body: &Body, arguments: &Map<String, Value>) -> Result<Option<Value>, BadArgument> {
    if let Some(name) = &body.whole {
        let mut found = arguments.get(name).cloned();
        if found.is_none() && body.required {
            let message = format!("the argument `{name}` is missing");
            return Err(BadArgument::new(name, "missing", message));
        }
        if let Some(Value::Object(members)) = &mut found {
            members.extend(body.constants.iter().cloned());
        }
        return Ok(found);
    }
    let mut members = Map::new();
    for (argument, wire) in &body.members {
        if let Some(value) = arguments.get(argument) {
            members.insert(wire.clone(), value.clone());
        }
    }
    if members.is_empty() && body.constants.is_empty() && !body.required {
        return Ok(None);
    }
    members.extend(body.constants.iter().cloned());
    Ok(Some(Value::Object(members)))
}

fn graphql(
    body: &Body,
    arguments: &Map<String, Value>,
    document: &str,
    operation: &str,
) -> Payload {
    let mut variables = Map::new();
    for (argument, wire) in &body.members {
        if let Some(value) = arguments.get(argument) {
            variables.insert(wire.clone(), value.clone());
        }
    }
    variables.extend(body.constants.iter().cloned());
    let request = serde_json::json!({
        "query": document,
        "operationName": operation,
        "variables": variables,
    });
    Payload { content_type: body.media_type.clone(), bytes: request.to_string().into() }
}

fn form(
    argument: &str,
    value: &Value,
    styles: &[(String, FieldStyle)],
) -> Result<String, BadArgument> {
    let mut parts = Vec::new();
    for (name, value) in members(argument, value)? {
        let own = styles.iter().find(|(n, _)| n == name).map(|(_, style)| style);
        let (style, explode) = own.map_or((Style::Form, true), |s| (s.style, s.explode));
        let pairs = style::form(name, style, explode, value);
        parts.extend(pairs.into_iter().map(|p| format!("{}={}", p.name, p.value)));
    }
    Ok(parts.join("&"))
}

fn members<'v>(
    argument: &str,
    value: &'v Value,
) -> Result<impl Iterator<Item = (&'v String, &'v Value)>, BadArgument> {
    let members = value.as_object().ok_or_else(|| {
        BadArgument::new(argument, "wrong_type", format!("`{argument}` must be an object"))
    })?;
    Ok(members.iter())
}

/// Bytes, given as base64 (RFC 4648, either alphabet, with or without padding).
pub(super) fn decoded(argument: &str, value: &Value) -> Result<Vec<u8>, BadArgument> {
    let text = value.as_str().ok_or_else(|| {
        let message = format!("`{argument}` must be text: the bytes as base64");
        BadArgument::new(argument, "wrong_type", message)
    })?;
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
        .ok_or_else(|| {
            BadArgument::new(argument, "not_base64", format!("`{argument}` is no base64"))
        })
}
