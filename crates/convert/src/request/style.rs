//! Values as text (OpenAPI 3.1, section 4.8.12.2; RFC 6570).

use serde_json::Value;

use super::encode;
use crate::{Parameter, Slashes, Style};

/// One part of a query or of a cookie, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

/// How each scalar of a value is encoded.
type Encode = fn(&str) -> String;

/// A scalar as text: numbers digit for digit.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Every scalar at the first level of a value.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(elements) => elements.iter().map(scalar).collect(),
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| [name.clone(), scalar(value)]).collect()
        }
        other => vec![scalar(other)],
    }
}

pub(super) fn path(parameter: &Parameter, value: &Value) -> String {
    let encode: Encode = match parameter.slashes {
        Slashes::Segments => encode::segments,
        Slashes::Encoded | Slashes::Refused => encode::value,
    };
    if parameter.content.is_some() {
        return encode(&content(value));
    }
    let name = encode::value(&parameter.wire);
    let parts = parts(value, encode);
    match parameter.style {
        Style::Label => format!(
            ".{}",
            parts.joined(if parameter.explode { "." } else { "," }, parameter.explode)
        ),
        Style::Matrix if parameter.explode => parts.matrix(&name),
        Style::Matrix => format!(";{name}={}", parts.joined(",", false)),
        _ => parts.joined(",", parameter.explode),
    }
}

/// A header field: as `simple`, nothing encoded.
pub(super) fn header(parameter: &Parameter, value: &Value) -> String {
    if parameter.content.is_some() {
        return content(value);
    }
    parts(value, str::to_owned).joined(",", parameter.explode)
}

/// The parts of a query or of a cookie.
pub(super) fn query(parameter: &Parameter, value: &Value) -> Vec<Pair> {
    let encode: Encode = if parameter.allow_reserved { encode::reserved } else { encode::value };
    let name = encode::value(&parameter.wire);
    if parameter.content.is_some() {
        return vec![Pair { name, value: encode(&content(value)) }];
    }
    pairs(&name, parameter.style, parameter.explode, value, encode)
}

/// A member of a form in the body.
pub(super) fn form(name: &str, style: Style, explode: bool, value: &Value) -> Vec<Pair> {
    pairs(&encode::value(name), style, explode, value, encode::value)
}

fn pairs(name: &str, style: Style, explode: bool, value: &Value, encode: Encode) -> Vec<Pair> {
    let one = |value: String| vec![Pair { name: name.to_owned(), value }];
    if style == Style::DeepObject {
        let mut found = Vec::new();
        deep(name, value, encode, &mut found);
        return found;
    }
    match (value, parts(value, encode)) {
        (_, Parts::One(text)) => one(text),
        (_, Parts::Many(each)) if explode => {
            each.into_iter().map(|value| Pair { name: name.to_owned(), value }).collect()
        }
        (_, Parts::Named(each)) if explode => {
            each.into_iter().map(|(name, value)| Pair { name, value }).collect()
        }
        (_, parts) => one(parts.joined(separator(style), false)),
    }
}

const fn separator(style: Style) -> &'static str {
    match style {
        Style::SpaceDelimited => "%20",
        Style::PipeDelimited => "%7C",
        Style::TabDelimited => "%09",
        _ => ",",
    }
}

/// `name[a][b]=value`; elements of lists repeat the name.
fn deep(name: &str, value: &Value, encode: Encode, found: &mut Vec<Pair>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                deep(&format!("{name}%5B{}%5D", encode::value(key)), value, encode, found);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                deep(name, element, encode, found);
            }
        }
        other => found.push(Pair { name: name.to_owned(), value: encode(&scalar(other)) }),
    }
}

/// A value, its scalars encoded. What is nested deeper than a style can say is written as JSON.
enum Parts {
    One(String),
    Many(Vec<String>),
    Named(Vec<(String, String)>),
}

fn parts(value: &Value, encode: Encode) -> Parts {
    match value {
        Value::Array(elements) => {
            Parts::Many(elements.iter().map(|e| encode(&scalar(e))).collect())
        }
        Value::Object(members) => Parts::Named(
            members.iter().map(|(name, v)| (encode(name), encode(&scalar(v)))).collect(),
        ),
        other => Parts::One(encode(&scalar(other))),
    }
}

impl Parts {
    /// `a,b` · `name,value` · exploded `name=value`.
    fn joined(&self, separator: &str, explode: bool) -> String {
        match self {
            Self::One(text) => text.clone(),
            Self::Many(each) => each.join(separator),
            Self::Named(each) => {
                let between = if explode { "=" } else { separator };
                let each: Vec<_> = each.iter().map(|(n, v)| format!("{n}{between}{v}")).collect();
                each.join(separator)
            }
        }
    }

    /// `;name=a;name=b` · `;a=1;b=2`
    fn matrix(&self, name: &str) -> String {
        let each: Vec<String> = match self {
            Self::One(text) => vec![format!(";{name}={text}")],
            Self::Many(each) => each.iter().map(|v| format!(";{name}={v}")).collect(),
            Self::Named(each) => each.iter().map(|(n, v)| format!(";{n}={v}")).collect(),
        };
        each.concat()
    }
}

/// A value in its media type: text as it is under `text/*`, everything else as JSON.
fn content(value: &Value) -> String {
    value.to_string()
}
