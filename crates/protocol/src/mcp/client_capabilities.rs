use std::ops::Deref;

use bytes::Bytes;

use super::extensions;
use super::keys::TASKS_EXTENSION;
use super::writer::Writer;
use super::{Era, Method, Version};
use crate::json::{JsonError, Kind, Limits, Object, canonical};

/// What a client declared that it can be asked (2026-07-28 schema `ClientCapabilities`).
///
/// Derefs to the parsed [`ClientFlags`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCapabilities {
    raw: Bytes,
    canonical: Vec<u8>,
    flags: ClientFlags,
}

/// The parts of [`ClientCapabilities`] that decide what may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the specification's own flags, each on its own")]
pub struct ClientFlags {
    /// `roots`
    pub roots: bool,
    /// `roots.listChanged`; legacy only.
    pub roots_list_changed: bool,
    /// `sampling`
    pub sampling: bool,
    /// `sampling.tools`
    pub sampling_tools: bool,
    /// `sampling.context`
    pub sampling_context: bool,
    /// `elicitation.form`, or an empty `elicitation`.
    pub elicitation_form: bool,
    /// `elicitation.url`
    pub elicitation_url: bool,
    /// The tasks extension.
    pub tasks: bool,
    /// `tasks` of 2025-11-25: the client hosts tasks itself.
    pub legacy_tasks: bool,
    /// Raw `extensions` object.
    pub extensions: Option<Bytes>,
    /// Raw `experimental` object.
    pub experimental: Option<Bytes>,
}

impl ClientCapabilities {
    /// Reads the raw object. Refused: duplicate members at any depth, and known members that are no objects
    /// (`null` counts as absent).
    pub fn parse(raw: Bytes) -> Result<Self, JsonError> {
        let all = Object::parse(raw.clone(), Limits::REQUEST)?;
        let canonical = canonical(&raw, Limits::REQUEST)?.as_bytes().to_vec();
        let part = |name: &str| part(&all, name);
        let (roots, sampling, elicitation) =
            (part("roots")?, part("sampling")?, part("elicitation")?);
        let extensions = part("extensions")?;
        let has = |of: &Option<Object>, name: &str| of.as_ref().is_some_and(|o| declared(o, name));
        let form = |o: &Object| declared(o, "form") || !declared(o, "url");
        let flags = ClientFlags {
            roots: roots.is_some(),
            roots_list_changed: roots.as_ref().is_some_and(|o| o.is_true("listChanged")),
            sampling: sampling.is_some(),
            sampling_tools: has(&sampling, "tools"),
            sampling_context: has(&sampling, "context"),
            elicitation_form: elicitation.as_ref().is_some_and(form),
            elicitation_url: has(&elicitation, "url"),
            tasks: has(&extensions, TASKS_EXTENSION),
            legacy_tasks: part("tasks")?.is_some(),
            extensions: extensions.map(|o| o.text().clone()),
            experimental: part("experimental")?.map(|o| o.text().clone()),
        };
        Ok(Self { raw, canonical, flags })
    }

    /// Of a client that can be asked nothing: `{}`.
    pub fn none() -> Self {
        Self {
            raw: Bytes::from_static(b"{}"),
            canonical: b"{}".to_vec(),
            flags: ClientFlags::default(),
        }
    }

    /// The object as the client wrote it.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The raw object to declare to an upstream of version `to`, for a client that speaks `from`.
    ///
    /// Never more than was declared. Client-hosted tasks are never declared, `roots` only between legacy peers or
    /// between modern ones (a legacy server asks for them outside any call, which a modern client cannot answer), the
    /// tasks extension only between modern peers.
    pub fn project(&self, from: Version, to: Version) -> Bytes {
        let mut out = Writer::new();
        let same = from.era() == to.era();
        let both = |v: Version| from >= v && to >= v;
        if self.roots && (same || to.era() == Era::Modern) {
            let told = self.roots_list_changed && same && to.era() == Era::Legacy;
            out.raw("roots", if told { br#"{"listChanged":true}"# } else { b"{}" });
        }
        if self.sampling {
            let mut sampling = Writer::new();
            if self.sampling_context && to >= Version::V2025_11_25 {
                sampling.raw("context", b"{}");
            }
            if self.sampling_tools && both(Version::V2025_11_25) {
                sampling.raw("tools", b"{}");
            }
            out.raw("sampling", &sampling.finish());
        }
        if let Some(elicitation) = self.elicitation(from, to) {
            out.raw("elicitation", elicitation);
        }
        let extensions =
            self.extensions.as_ref().and_then(|raw| extensions::project(raw, from, to));
        out.maybe("experimental", self.experimental.as_deref());
        out.maybe("extensions", extensions.as_deref());
        out.finish()
    }

    fn elicitation(&self, from: Version, to: Version) -> Option<&'static [u8]> {
        if from < Version::V2025_06_18 || to < Version::V2025_06_18 {
            return None;
        }
        let url =
            self.elicitation_url && from >= Version::V2025_11_25 && to >= Version::V2025_11_25;
        match (self.elicitation_form, url) {
            (true, true) => Some(br#"{"form":{},"url":{}}"#),
            (false, true) => Some(br#"{"url":{}}"#),
            (true, false) => Some(b"{}"),
            (false, false) => None,
        }
    }

    /// Whether the client declared what this request to it needs; else the raw `requiredCapabilities`.
    ///
    /// A method that is no request to a client is never allowed, except `ping`.
    pub fn allows(&self, method: &Method, params: &Object) -> Result<(), Bytes> {
        let needs = |declared: bool, what: &'static [u8]| {
            if declared { Ok(()) } else { Err(Bytes::from_static(what)) }
        };
        match method {
            Method::Ping => Ok(()),
            Method::RootsList => needs(self.roots, br#"{"roots":{}}"#),
            Method::CreateMessage => {
                if params.raw("tools").is_some() || params.raw("toolChoice").is_some() {
                    return needs(self.sampling_tools, br#"{"sampling":{"tools":{}}}"#);
                }
                needs(self.sampling, br#"{"sampling":{}}"#)
            }
            Method::Elicit => match params.raw("mode") {
                None => needs(self.elicitation_form, br#"{"elicitation":{"form":{}}}"#),
                Some(_) => match params.str("mode").as_deref() {
                    Some("form") => needs(self.elicitation_form, br#"{"elicitation":{"form":{}}}"#),
                    Some("url") => needs(self.elicitation_url, br#"{"elicitation":{"url":{}}}"#),
                    _ => needs(false, br#"{"elicitation":{}}"#),
                },
            },
            _ => needs(false, b"{}"),
        }
    }

    /// Whether anything at all may be asked of this client.
    pub fn can_be_asked(&self) -> bool {
        self.roots || self.sampling || self.elicitation_form || self.elicitation_url
    }

    /// Canonical bytes: the same for two declarations that mean the same.
    pub fn fingerprint(&self) -> Vec<u8> {
        self.canonical.clone()
    }
}

impl Default for ClientCapabilities {
    fn default() -> Self {
        Self::none()
    }
}

impl Deref for ClientCapabilities {
    type Target = ClientFlags;

    fn deref(&self) -> &ClientFlags {
        &self.flags
    }
}

/// A member that must be an object; `null` is as good as absent.
pub(super) fn part(all: &Object, name: &str) -> Result<Option<Object>, JsonError> {
    if all.raw(name) == Some(b"null") {
        return Ok(None);
    }
    all.object(name)
}

/// A setting that is there and is neither `null` nor `false`.
fn declared(all: &Object, name: &str) -> bool {
    all.raw(name).is_some_and(|raw| Kind::of(raw) != Some(Kind::Null) && raw != b"false")
}

#[cfg(test)]
#[path = "client_capabilities_tests.rs"]
mod tests;
