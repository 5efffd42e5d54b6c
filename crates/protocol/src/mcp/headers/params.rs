use std::collections::HashSet;

use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;

use super::{Mismatch, PARAM_PREFIX, Wrong, decode, encode, single};
use crate::json::{self, Kind, Limits, Object, canonical, unquote};

/// The annotation in an input schema.
const ANNOTATION: &str = "x-mcp-header";
/// Longest header name part that is taken, in bytes.
const MAX_NAME: usize = 128;
/// Most annotations that one schema may carry.
const MAX_HEADERS: usize = 64;
/// Keywords whose values are data, not schemas.
const DATA: &[&str] = &["default", "const", "enum", "examples", "required", "title", "description"];
/// Keywords whose members are schemas under names of the author's choosing.
const NAMED: &[&str] = &["patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Which arguments of a tool are mirrored in headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParamHeaders(Vec<ParamHeader>);

/// One argument that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamHeader {
    /// What follows `Mcp-Param-`.
    pub name: String,
    /// Where the argument stands, from the root of the arguments.
    pub path: Vec<String>,
    /// Its declared type.
    pub kind: ParamKind,
}

/// The types that may be mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// `string`
    String,
    /// `integer`
    Integer,
    /// `boolean`
    Boolean,
}

/// Why a tool must not be offered over HTTP (2026-07-28 basic/transports/streamable-http).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DropReason {
    /// The schema is no object, ambiguous or beyond the limits.
    #[error("the input schema cannot be read")]
    Schema,
    /// Not a token (RFC 9110 section 5.6.2) of 1 to 128 characters.
    #[error("`x-mcp-header` is no header name")]
    Name,
    /// Two annotations name the same header.
    #[error("`x-mcp-header` names the same header twice")]
    Twice,
    /// On something else than a string, an integer or a boolean.
    #[error("`x-mcp-header` on a type that cannot be a header")]
    Type,
    /// Below `items`, a reference, a composition or a condition, or on the root.
    #[error("`x-mcp-header` where `properties` alone do not lead")]
    Place,
    /// More annotations than are taken.
    #[error("more than 64 `x-mcp-header` annotations")]
    TooMany,
}

impl ParamHeaders {
    /// Reads the annotations of a raw `inputSchema`.
    pub fn from_schema(schema: &Bytes) -> Result<Self, DropReason> {
        let text = std::str::from_utf8(schema).map_err(|_| DropReason::Schema)?;
        // The name may be written with escapes.
        if !text.contains(ANNOTATION) && !text.contains('\\') {
            return Ok(Self::default());
        }
        // A member that stands twice, at any depth, is refused.
        let schema = json::value(schema, Limits { depth: 100, ..Limits::REPLY });
        let schema = schema.map_err(|_| DropReason::Schema)?;
        let mut found = Found::default();
        found.walk(&schema, Some(&mut Vec::new()))?;
        Ok(Self(found.headers))
    }

    /// The mirrored arguments.
    pub fn as_slice(&self) -> &[ParamHeader] {
        &self.0
    }

    /// Checks the headers of a modern `tools/call` against its arguments. Headers that no annotation names pass.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "as `check_standard`: an iterator is made on the spot"
    )]
    pub fn check<'a, H>(&self, headers: H, arguments: &Object) -> Result<(), Mismatch>
    where
        H: IntoIterator<Item = (&'a str, &'a [u8])> + Clone,
    {
        for param in &self.0 {
            let name = format!("{PARAM_PREFIX}{}", param.name);
            let wrong = |what| Err(Mismatch::new(&name, what));
            match (param.value(arguments), single(headers.clone(), &name)?) {
                (None, None) => {}
                (None, Some(_)) => return wrong(Wrong::Unfounded),
                (Some(_), None) => return wrong(Wrong::Missing),
                (Some(value), Some(said)) => {
                    let Ok(said) = decode(said) else { return wrong(Wrong::Malformed) };
                    if !says(&said, &value) {
                        return wrong(Wrong::Differs);
                    }
                }
            }
        }
        Ok(())
    }

    /// The headers for these arguments: full names and values.
    pub fn build(&self, arguments: &Object) -> Vec<(String, String)> {
        let header = |param: &ParamHeader| {
            let value = param.value(arguments)?;
            Some((format!("{PARAM_PREFIX}{}", param.name), text(&value)?))
        };
        self.0.iter().filter_map(header).collect()
    }
}

impl ParamHeader {
    /// The raw argument, if it is there and of a kind that a header can hold.
    fn value(&self, arguments: &Object) -> Option<Bytes> {
        let (last, parents) = self.path.split_last()?;
        let mut at = arguments.clone();
        for parent in parents {
            at = at.object(parent).ok()??;
        }
        let value = at.get(last)?;
        let mirrored = matches!(Kind::of(&value)?, Kind::String | Kind::Number | Kind::Bool);
        mirrored.then_some(value)
    }
}

/// Whether a decoded header value says the same as a raw argument. Numbers compare as numbers, exactly.
fn says(said: &str, value: &[u8]) -> bool {
    match Kind::of(value) {
        Some(Kind::String) => unquote(value).is_some_and(|text| text == said),
        Some(Kind::Number) => {
            let number = |text: &[u8]| match Kind::of(text) {
                Some(Kind::Number) => canonical(text, Limits::REQUEST).ok(),
                _ => None,
            };
            let said = number(said.as_bytes());
            said.is_some() && said == number(value)
        }
        _ => said.as_bytes() == value,
    }
}

fn text(value: &[u8]) -> Option<String> {
    Some(match Kind::of(value)? {
        Kind::String => encode(&unquote(value)?).into_owned(),
        Kind::Number => {
            let number = canonical(value, Limits::REQUEST).ok()?;
            String::from_utf8(number.as_bytes().to_vec()).ok()?
        }
        _ => String::from_utf8(value.to_vec()).ok()?,
    })
}

#[derive(Default)]
struct Found {
    headers: Vec<ParamHeader>,
    names: HashSet<String>,
}

impl Found {
    /// Walks one schema. `path` is there as long as only `properties` led here.
    fn walk(
        &mut self,
        schema: &Value,
        mut path: Option<&mut Vec<String>>,
    ) -> Result<(), DropReason> {
        let Value::Object(members) = schema else {
            return if let Value::Array(items) = schema {
                items.iter().try_for_each(|item| self.walk(item, None))
            } else {
                Ok(())
            };
        };
        if let Some(annotation) = members.get(ANNOTATION) {
            self.take(annotation, members.get("type"), path.as_deref().map(Vec::as_slice))?;
        }
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        match path.as_deref_mut() {
                            None => self.walk(property, None)?,
                            Some(path) => {
                                path.push(name.clone());
                                self.walk(property, Some(path))?;
                                path.pop();
                            }
                        }
                    }
                }
                (keyword, Value::Object(schemas)) if NAMED.contains(&keyword) => {
                    schemas.values().try_for_each(|schema| self.walk(schema, None))?;
                }
                (keyword, _) if DATA.contains(&keyword) || keyword == ANNOTATION => {}
                (_, value) => self.walk(value, None)?,
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        annotation: &Value,
        declared: Option<&Value>,
        path: Option<&[String]>,
    ) -> Result<(), DropReason> {
        let name = annotation.as_str().filter(|name| is_token(name)).ok_or(DropReason::Name)?;
        let path = path.filter(|path| !path.is_empty()).ok_or(DropReason::Place)?;
        let kind = match declared.and_then(Value::as_str) {
            Some("string") => ParamKind::String,
            Some("integer") => ParamKind::Integer,
            Some("boolean") => ParamKind::Boolean,
            _ => return Err(DropReason::Type),
        };
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(DropReason::Twice);
        }
        if self.headers.len() == MAX_HEADERS {
            return Err(DropReason::TooMany);
        }
        self.headers.push(ParamHeader { name: name.to_owned(), path: path.to_vec(), kind });
        Ok(())
    }
}

fn is_token(name: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(tchar)
}
