//! What a modern request says of itself in `params._meta` (2026-07-28 basic/index).

use bytes::Bytes;
use thiserror::Error;

use super::Level;
use super::keys;
use crate::json::{JsonError, Kind, Object};

/// The members of `_meta` that a gate reads. Everything else in it passes.
#[derive(Debug, Clone, Default)]
pub struct RequestMeta {
    /// `protocolVersion`, as the client wrote it. A request that has it is a modern one.
    pub version: Option<String>,
    /// Raw `clientCapabilities` object.
    pub capabilities: Option<Bytes>,
    /// Raw `clientInfo` object: the client's own words, never used to decide.
    pub client_info: Option<Bytes>,
    /// Raw `progressToken`, a string or an integer.
    pub progress_token: Option<Bytes>,
    /// `traceparent`, if it is a text.
    pub traceparent: Option<String>,
    /// `tracestate`, if it is a text.
    pub tracestate: Option<String>,
    /// `baggage`, if it is a text.
    pub baggage: Option<String>,
    log_level: Option<Result<Level, MetaError>>,
}

/// What is wrong with request metadata. Always -32602; HTTP 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MetaError {
    /// `_meta` is no object, or one of its members stands twice.
    #[error("`_meta` must be an object without duplicate members: {0}")]
    Malformed(JsonError),
    /// A required member is not there.
    #[error("`_meta` lacks `{0}`")]
    Missing(&'static str),
    /// A member is of the wrong kind.
    #[error("`_meta` member `{0}` is of the wrong kind")]
    Kind(&'static str),
    /// `logLevel` names no level.
    #[error("unknown log level")]
    Level,
}

impl MetaError {
    /// The JSON-RPC error code.
    pub const fn code(self) -> i32 {
        super::codes::INVALID_PARAMS
    }
}

impl RequestMeta {
    /// Reads `_meta` of the params of a request of either era. No `_meta` at all is the empty one.
    ///
    /// An unknown log level is an error only where it is asked for, by [`RequestMeta::log_level`]: the specification
    /// has headers and version checked first.
    pub fn read(params: &Object) -> Result<Self, MetaError> {
        let Some(meta) = params.object("_meta").map_err(MetaError::Malformed)? else {
            return Ok(Self::default());
        };
        let text = |name| meta.str(name).map(std::borrow::Cow::into_owned);
        let version = text(keys::PROTOCOL_VERSION);
        if version.is_none() && meta.raw(keys::PROTOCOL_VERSION).is_some() {
            return Err(MetaError::Kind(keys::PROTOCOL_VERSION));
        }
        let log_level = meta.raw(keys::LOG_LEVEL).map(|_| {
            meta.str(keys::LOG_LEVEL).and_then(|name| Level::parse(&name)).ok_or(MetaError::Level)
        });
        Ok(Self {
            version,
            capabilities: of_kind(&meta, keys::CLIENT_CAPABILITIES, Kind::Object)?,
            client_info: of_kind(&meta, keys::CLIENT_INFO, Kind::Object)?,
            progress_token: progress_token(&meta)?,
            traceparent: text(keys::TRACEPARENT),
            tracestate: text(keys::TRACESTATE),
            baggage: text(keys::BAGGAGE),
            log_level,
        })
    }

    /// Version and raw capabilities, which every modern request must have.
    pub fn required(&self) -> Result<(&str, &Bytes), MetaError> {
        let version = self.version.as_deref().ok_or(MetaError::Missing(keys::PROTOCOL_VERSION))?;
        let capabilities =
            self.capabilities.as_ref().ok_or(MetaError::Missing(keys::CLIENT_CAPABILITIES))?;
        Ok((version, capabilities))
    }

    /// The least grave message that is wanted for this request; none are without it.
    pub fn log_level(&self) -> Result<Option<Level>, MetaError> {
        self.log_level.transpose()
    }
}

fn of_kind(meta: &Object, name: &'static str, kind: Kind) -> Result<Option<Bytes>, MetaError> {
    match meta.get(name) {
        Some(raw) if Kind::of(&raw) != Some(kind) => Err(MetaError::Kind(name)),
        other => Ok(other),
    }
}

fn progress_token(meta: &Object) -> Result<Option<Bytes>, MetaError> {
    let Some(raw) = meta.get(keys::PROGRESS_TOKEN) else { return Ok(None) };
    match crate::rpc::Id::from_raw(raw) {
        Some(token) => Ok(Some(token.raw().clone())),
        None => Err(MetaError::Kind(keys::PROGRESS_TOKEN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Limits;

    fn read(meta: &str) -> Result<RequestMeta, MetaError> {
        let params = format!(r#"{{"name":"x","_meta":{meta}}}"#);
        RequestMeta::read(&Object::parse(params.into(), Limits::REQUEST).unwrap())
    }

    #[test]
    fn everything_a_gate_needs_is_read_2_2() {
        let meta = read(
            r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol/clientCapabilities":{ "roots":{} },
            "io.modelcontextprotocol/clientInfo":{"name":"c"},
            "io.modelcontextprotocol/logLevel":"error",
            "progressToken":"p","traceparent":"00-a","tracestate":"s=1","baggage":"b=2"}"#,
        )
        .unwrap();
        assert_eq!(meta.required().unwrap().0, "2026-07-28");
        assert_eq!(&meta.required().unwrap().1[..], br#"{ "roots":{} }"#);
        assert_eq!(meta.log_level(), Ok(Some(Level::Error)));
        assert_eq!(meta.progress_token.as_deref(), Some(&b"\"p\""[..]));
        assert_eq!(
            (meta.traceparent.as_deref(), meta.tracestate.as_deref(), meta.baggage.as_deref()),
            (Some("00-a"), Some("s=1"), Some("b=2"))
        );
    }

    #[test]
    fn a_member_twice_is_refused_g_protocol_03() {
        let twice = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol\/protocolVersion":"2025-11-25"}"#;
        assert!(matches!(read(twice), Err(MetaError::Malformed(JsonError::Duplicate(_)))));
    }

    #[test]
    fn a_required_member_that_is_missing_is_named_g_protocol_44() {
        let none = RequestMeta::read(&Object::empty()).unwrap();
        assert_eq!(none.required(), Err(MetaError::Missing(keys::PROTOCOL_VERSION)));
        let version = read(r#"{"io.modelcontextprotocol/protocolVersion":"x"}"#).unwrap();
        assert_eq!(version.required(), Err(MetaError::Missing(keys::CLIENT_CAPABILITIES)));
        assert_eq!(MetaError::Level.code(), -32602);
    }

    #[test]
    fn members_of_another_kind_are_refused_but_a_bad_level_only_when_asked_for() {
        for bad in [
            "7",
            "null",
            r#"{"io.modelcontextprotocol/protocolVersion":20260728}"#,
            r#"{"io.modelcontextprotocol/clientCapabilities":[]}"#,
            r#"{"io.modelcontextprotocol/clientInfo":"me"}"#,
            r#"{"progressToken":1.5}"#,
            r#"{"progressToken":null}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        for bad in [r#""loud""#, "3", "null"] {
            let meta = read(&format!(r#"{{"io.modelcontextprotocol/logLevel":{bad}}}"#)).unwrap();
            assert_eq!(meta.log_level(), Err(MetaError::Level), "{bad}");
        }
    }
}
