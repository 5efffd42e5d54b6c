//! How a connection opens: `initialize` (2025-11-25 basic/lifecycle) and `server/discover` (2026-07-28).

use std::borrow::Cow;

use bytes::Bytes;
use thiserror::Error;

use super::translate::Caching;
use super::writer::{Writer, texts};
use super::{ClientCapabilities, Era, ServerCapabilities, Version, keys};
use crate::json::{JsonError, Kind, Limits, Object, elements, unquote};

/// Why an opening message cannot be read. -32602 where a client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// A required member is missing or of the wrong kind.
    #[error("`{0}` is missing or of the wrong kind")]
    Member(&'static str),
    /// Not an object, or ambiguous.
    #[error("not a lawful object: {0}")]
    Json(#[from] JsonError),
}

/// The params of `initialize`.
#[derive(Debug, Clone)]
pub struct Initialize {
    /// The version the client asks for, as it wrote it.
    pub requested: String,
    /// What it declared; none if it declared nothing.
    pub capabilities: ClientCapabilities,
    /// Raw `clientInfo`.
    pub client_info: Option<Bytes>,
}

impl Initialize {
    /// Reads the params.
    pub fn parse(params: &Object) -> Result<Self, OpenError> {
        let requested =
            text(params, "protocolVersion")?.ok_or(OpenError::Member("protocolVersion"))?;
        let capabilities = match params.get("capabilities") {
            None => ClientCapabilities::none(),
            Some(raw) => ClientCapabilities::parse(raw)?,
        };
        Ok(Self { requested, capabilities, client_info: info(params, "clientInfo")? })
    }

    /// The params for an upstream; `client_info` is required there. Both are raw objects.
    pub fn write(version: Version, capabilities: &[u8], client_info: &[u8]) -> Bytes {
        Writer::new()
            .str("protocolVersion", version.as_str())
            .raw("capabilities", capabilities)
            .raw("clientInfo", client_info)
            .finish()
    }
}

/// The legacy version to answer `initialize` with: the same if it is offered, else the newest legacy one that is;
/// the oldest one to a client that is older than all of them (section 7.2). Never a modern one. `None` if no legacy
/// version is offered.
pub fn negotiate(requested: &str, offered: &[Version]) -> Option<Version> {
    let legacy = || offered.iter().copied().filter(|v| v.era() == Era::Legacy);
    if let Some(same) = legacy().find(|v| v.as_str() == requested) {
        return Some(same);
    }
    // Versions are dates, so that their order is that of their texts.
    let dated = requested.len() == 10
        && requested
            .bytes()
            .enumerate()
            .all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() });
    let oldest = legacy().min()?;
    if dated && requested < oldest.as_str() { Some(oldest) } else { legacy().max() }
}

/// The result of `initialize`.
#[derive(Debug, Clone, Default)]
pub struct InitializeResult {
    /// The version the server answers with.
    pub version: String,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// Raw `serverInfo`; required on the wire.
    pub server_info: Option<Bytes>,
    /// Untrusted text for the model.
    pub instructions: Option<String>,
}

impl InitializeResult {
    /// Reads a result.
    pub fn parse(result: &Object) -> Result<Self, OpenError> {
        Ok(Self {
            version: text(result, "protocolVersion")?
                .ok_or(OpenError::Member("protocolVersion"))?,
            capabilities: capabilities(result)?,
            server_info: info(result, "serverInfo")?,
            instructions: text(result, "instructions")?,
        })
    }

    /// Writes it. Without `server_info` an object with an empty name and version stands in.
    pub fn write(&self) -> Bytes {
        let nameless: &[u8] = br#"{"name":"","version":""}"#;
        let mut out = Writer::new();
        out.str("protocolVersion", &self.version)
            .raw("capabilities", self.capabilities.raw())
            .raw("serverInfo", self.server_info.as_deref().unwrap_or(nameless));
        if let Some(instructions) = &self.instructions {
            out.str("instructions", instructions);
        }
        out.finish()
    }
}

/// The result of `server/discover`.
#[derive(Debug, Clone, Default)]
pub struct DiscoverResult {
    /// `supportedVersions`, as the server wrote them; some servers list legacy ones too.
    pub versions: Vec<String>,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// Raw `serverInfo`, from `_meta`.
    pub server_info: Option<Bytes>,
    /// Untrusted text for the model.
    pub instructions: Option<String>,
    /// How the result may be kept.
    pub caching: Caching,
}

impl DiscoverResult {
    /// Reads a result. `supportedVersions` is required: it is what tells a modern server from one that answers
    /// anything with anything.
    pub fn parse(result: &Object) -> Result<Self, OpenError> {
        let versions = result.get("supportedVersions").as_ref().and_then(texts_of);
        let meta = super::client_capabilities::part(result, "_meta")?;
        let server_info =
            meta.and_then(|meta| info(&meta, keys::SERVER_INFO).transpose()).transpose()?;
        Ok(Self {
            versions: versions.ok_or(OpenError::Member("supportedVersions"))?,
            capabilities: capabilities(result)?,
            server_info,
            instructions: text(result, "instructions")?,
            caching: Caching::of(result),
        })
    }

    /// Writes it.
    pub fn write(&self) -> Bytes {
        let mut out = Writer::new();
        out.raw("resultType", b"\"complete\"")
            .raw("supportedVersions", &texts(self.versions.iter().map(String::as_str)))
            .raw("capabilities", self.capabilities.raw());
        if let Some(instructions) = &self.instructions {
            out.str("instructions", instructions);
        }
        out.raw("ttlMs", self.caching.ttl_ms.to_string().as_bytes());
        out.str("cacheScope", if self.caching.public { "public" } else { "private" });
        if let Some(info) = &self.server_info {
            out.raw("_meta", &Writer::new().raw(keys::SERVER_INFO, info).finish());
        }
        out.finish()
    }

    /// The newest modern version that both sides speak.
    pub fn common(&self) -> Option<Version> {
        let known = self.versions.iter().filter_map(|name| Version::parse(name));
        known.filter(|version| version.era() == Era::Modern).max()
    }
}

/// The `data` of an error about versions: `{supported, requested}` (-32022, and -32602 on `initialize`).
pub fn version_data(supported: &[Version], requested: &str) -> Bytes {
    Writer::new()
        .raw("supported", &texts(supported.iter().map(|v| v.as_str())))
        .str("requested", requested)
        .finish()
}

/// The texts of a raw array; `None` if it is no array of texts.
pub(crate) fn texts_of(raw: &Bytes) -> Option<Vec<String>> {
    let items = elements(raw, Limits::REPLY).ok()?;
    items.iter().map(|item| unquote(item).map(Cow::into_owned)).collect()
}

fn capabilities(result: &Object) -> Result<ServerCapabilities, OpenError> {
    let raw = result.get("capabilities").ok_or(OpenError::Member("capabilities"))?;
    Ok(ServerCapabilities::parse(raw)?)
}

/// A text that may be absent or `null`.
fn text(of: &Object, name: &'static str) -> Result<Option<String>, OpenError> {
    match of.raw(name) {
        None | Some(b"null") => Ok(None),
        Some(_) => Ok(Some(of.str(name).ok_or(OpenError::Member(name))?.into_owned())),
    }
}

/// A raw object that may be absent or `null`.
fn info(of: &Object, name: &'static str) -> Result<Option<Bytes>, OpenError> {
    match of.get(name) {
        Some(raw) => match Kind::of(&raw) {
            Some(Kind::Object) => Ok(Some(raw)),
            Some(Kind::Null) => Ok(None),
            _ => Err(OpenError::Member(name)),
        },
        None => Ok(None),
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
