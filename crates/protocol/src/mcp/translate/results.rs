use bytes::Bytes;

use super::content;
use super::lists::{Caching, is_cacheable};
use crate::json::{JsonError, Object, Raw, unquote};
use crate::mcp::{Draft, Method, Version, keys};
use crate::splice::Splice;

/// What a result is (2026-07-28 basic/index, `resultType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultType {
    /// `complete`, or no `resultType` at all.
    Complete,
    /// `input_required`
    InputRequired,
    /// `task`, of the tasks extension.
    Task,
    /// Anything else: the result is invalid.
    Unknown,
}

/// A result, read once; its members are slices.
#[derive(Debug, Clone)]
pub struct Peek {
    /// The result.
    pub object: Object,
    /// What it is.
    pub result_type: ResultType,
    /// A tool says that it failed.
    pub is_error: bool,
    /// It has a `_meta`.
    pub has_meta: bool,
}

/// Reads a raw result in one pass, without copying it.
pub fn peek_result(raw: Raw) -> Result<Peek, JsonError> {
    let object = raw.object()?;
    let result_type = match object.raw("resultType") {
        None | Some(b"\"complete\"") => ResultType::Complete,
        Some(other) => match unquote(other).as_deref() {
            Some("complete") => ResultType::Complete,
            Some("input_required") => ResultType::InputRequired,
            Some("task") => ResultType::Task,
            _ => ResultType::Unknown,
        },
    };
    let (is_error, has_meta) = (object.is_true("isError"), object.has("_meta"));
    Ok(Peek { object, result_type, is_error, has_meta })
}

/// ML: a legacy result for a modern client (section 7.4): `resultType` `complete`, caching members on the six
/// methods that must have them, raw `server_info` in `_meta` if given. All else stays as it is.
pub fn result_to_modern(
    method: &Method,
    result: Object,
    caching: Caching,
    server_info: Option<&Bytes>,
) -> Draft {
    let mut draft = Draft::from(result);
    if let Some(info) = server_info {
        draft.set_meta(keys::SERVER_INFO, info.clone());
    }
    draft.splice().set("resultType", &b"\"complete\""[..]);
    if is_cacheable(method) {
        draft.splice().set("ttlMs", caching.ttl_ms.to_string()).set("cacheScope", caching.scope());
    }
    draft
}

/// LM: a complete modern result for a legacy client of version `to` (sections 7.4 and 7.17). Takes out `resultType`,
/// `ttlMs` and `cacheScope`, and says the rest as [`result_between_legacy`] does.
pub fn result_to_legacy(method: &Method, result: Object, to: Version) -> Result<Draft, JsonError> {
    let mut draft = result_between_legacy(method, result, to)?;
    for name in ["resultType", "ttlMs", "cacheScope"] {
        if draft.original().raw(name).is_some() {
            draft.splice().remove(name);
        }
    }
    Ok(draft)
}

/// LL: a legacy result for a client of an older legacy version. Structured content that the client has no word for
/// becomes text, and so do resource links before 2025-06-18 and audio before 2025-03-26 (section 7.17).
pub fn result_between_legacy(
    method: &Method,
    result: Object,
    to: Version,
) -> Result<Draft, JsonError> {
    let mut splice = Splice::new();
    content::lower(method, &result, to, &mut splice)?;
    Ok(Draft::new(result, splice))
}
