//! `multipart/form-data` (RFC 7578).

use std::hash::Hasher as _;

use serde_json::Value;

use super::style::scalar;
use super::{BadArgument, body};
use crate::FieldStyle;

pub(super) struct Made {
    pub(super) boundary: String,
    pub(super) bytes: Vec<u8>,
}

struct Part<'a> {
    name: &'a str,
    content_type: Option<String>,
    binary: bool,
    bytes: Vec<u8>,
}

pub(super) fn make(
    members: Vec<(&str, &Value)>,
    styles: &[(String, FieldStyle)],
) -> Result<Made, BadArgument> {
    let mut parts = Vec::new();
    for (name, value) in members {
        let own = styles.iter().find(|(n, _)| n == name).map(|(_, style)| style);
        match value {
            Value::Array(elements) if own.is_none_or(|s| s.content_type.is_none() || s.binary) => {
                for element in elements {
                    parts.push(part(name, element, own)?);
                }
            }
            value => parts.push(part(name, value, own)?),
        }
    }
    let boundary = boundary(&parts);
    let mut bytes = Vec::new();
    for part in &parts {
        bytes.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        bytes.extend_from_slice(head(part).as_bytes());
        bytes.extend_from_slice(&part.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(Made { boundary, bytes })
}

fn part<'a>(
    name: &'a str,
    value: &Value,
    style: Option<&FieldStyle>,
) -> Result<Part<'a>, BadArgument> {
    let binary = style.is_some_and(|s| s.binary);
    let content_type = style.and_then(|s| s.content_type.clone());
    let (bytes, usual) = if binary {
        (body::decoded(name, value)?, Some("application/octet-stream"))
    } else if value.is_object() || value.is_array() {
        (value.to_string().into_bytes(), Some("application/json"))
    } else {
        (scalar(value).into_bytes(), None)
    };
    let content_type = content_type.or_else(|| usual.map(str::to_owned));
    Ok(Part { name, content_type, binary, bytes })
}

/// Names are quoted as browsers do (RFC 7578, section 4.2, and the WHATWG form encoding).
fn head(part: &Part<'_>) -> String {
    let name = part.name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
    let file = if part.binary { "; filename=\"file\"" } else { "" };
    let kind = part.content_type.as_deref().map_or_else(String::new, |kind| {
        format!("Content-Type: {}\r\n", kind.replace(['\r', '\n'], ""))
    });
    format!("Content-Disposition: form-data; name=\"{name}\"{file}\r\n{kind}\r\n")
}

/// A boundary that occurs in no part: made from what they hold, so that the same call is the same request.
fn boundary(parts: &[Part<'_>]) -> String {
    let mut hash = std::hash::DefaultHasher::new();
    for part in parts {
        hash.write(part.name.as_bytes());
        hash.write(&part.bytes);
    }
    let mut tried = 0_u64;
    loop {
        hash.write_u64(tried);
        let boundary = format!("portcullis-{:016x}", hash.finish());
        let occurs =
            |part: &Part<'_>| part.bytes.windows(boundary.len()).any(|w| w == boundary.as_bytes());
        if !parts.iter().any(occurs) {
            return boundary;
        }
        tried += 1;
    }
}
