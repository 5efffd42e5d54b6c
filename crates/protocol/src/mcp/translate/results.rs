use bytes::Bytes;

use super::content;
use super::lists::{Caching, is_cacheable};
use crate::Rope;
use crate::json::{JsonError, Limits, Object};
use crate::mcp::{Method, Version, keys, labels};
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
pub fn peek_result(raw: Bytes) -> Result<Peek, JsonError> {
    let object = Object::parse(raw, Limits::REPLY)?;
    let result_type = match (object.raw("resultType"), object.str("resultType").as_deref()) {
        (None, _) | (_, Some("complete")) => ResultType::Complete,
        (_, Some("input_required")) => ResultType::InputRequired,
        (_, Some("task")) => ResultType::Task,
        _ => ResultType::Unknown,
    };
    let (is_error, has_meta) = (object.is_true("isError"), object.raw("_meta").is_some());
    Ok(Peek { object, result_type, is_error, has_meta })
}

/// ML: a legacy result for a modern client (section 7.4): `resultType` `complete`, caching members on the six
/// methods that must have them, raw `server_info` in `_meta` if given. All else stays as it is.
pub fn result_to_modern(
    method: &Method,
    result: &Object,
    caching: Caching,
    server_info: Option<&Bytes>,
) -> Result<Rope, JsonError> {
    let mut splice = Splice::new();
    if let Some(info) = server_info {
        splice.set("_meta", labels::with_meta(result, keys::SERVER_INFO, info.clone())?);
    }
    splice.set("resultType", &b"\"complete\""[..]);
    if is_cacheable(method) {
        splice.set("ttlMs", caching.ttl_ms.to_string()).set("cacheScope", caching.scope());
    }
    Ok(splice.apply(result))
}

/// LM: a complete modern result for a legacy client of version `to` (sections 7.4 and 7.17). Takes out `resultType`,
/// `ttlMs` and `cacheScope`, and says the rest as [`result_between_legacy`] does.
pub fn result_to_legacy(method: &Method, result: &Object, to: Version) -> Result<Rope, JsonError> {
    let mut splice = Splice::new();
    for name in ["resultType", "ttlMs", "cacheScope"] {
        if result.raw(name).is_some() {
            splice.remove(name);
        }
    }
    content::lower(method, result, to, &mut splice)?;
    Ok(splice.apply(result))
}

/// LL: a legacy result for a client of an older legacy version. Structured content that the client has no word for
/// becomes text, and so do resource links before 2025-06-18 and audio before 2025-03-26 (section 7.17).
pub fn result_between_legacy(
    method: &Method,
    result: &Object,
    to: Version,
) -> Result<Rope, JsonError> {
    let mut splice = Splice::new();
    content::lower(method, result, to, &mut splice)?;
    Ok(splice.apply(result))
}
