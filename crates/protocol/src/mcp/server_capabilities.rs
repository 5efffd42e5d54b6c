use std::ops::Deref;

use bytes::Bytes;

use super::client_capabilities::part;
use super::extensions;
use super::keys::TASKS_EXTENSION;
use super::writer::Writer;
use super::{Era, Version};
use crate::json::{JsonError, Limits, Object};

/// What a server, or this gate for many of them, offers (2026-07-28 schema `ServerCapabilities`).
///
/// Derefs to the parsed [`ServerFlags`]. Made from flags with `From`, it holds exactly those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCapabilities {
    raw: Bytes,
    flags: ServerFlags,
}

/// The parts of [`ServerCapabilities`] that are known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFlags {
    /// `tools`
    pub tools: Option<Offer>,
    /// `resources`
    pub resources: Option<Offer>,
    /// `prompts`
    pub prompts: Option<Offer>,
    /// `logging`
    pub logging: bool,
    /// `completions`
    pub completions: bool,
    /// The tasks extension.
    pub tasks: bool,
    /// Raw `tasks` of 2025-11-25.
    pub legacy_tasks: Option<Bytes>,
    /// Raw `extensions` object.
    pub extensions: Option<Bytes>,
    /// Raw `experimental` object.
    pub experimental: Option<Bytes>,
}

/// One kind of thing a server offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offer {
    /// It tells when the list changes.
    pub list_changed: bool,
    /// Single items can be watched; resources only.
    pub subscribe: bool,
}

impl ServerCapabilities {
    /// Reads the raw object. Known members that are no objects are refused (`null` counts as absent).
    pub fn parse(raw: Bytes) -> Result<Self, JsonError> {
        let all = Object::parse(raw.clone(), Limits::REQUEST)?;
        let offer = |name: &str| {
            let offer = |o: Object| Offer {
                list_changed: o.is_true("listChanged"),
                subscribe: name == "resources" && o.is_true("subscribe"),
            };
            part(&all, name).map(|o| o.map(offer))
        };
        let text = |name: &str| part(&all, name).map(|o| o.map(|o| o.text().clone()));
        let extensions = part(&all, "extensions")?;
        let flags = ServerFlags {
            tools: offer("tools")?,
            resources: offer("resources")?,
            prompts: offer("prompts")?,
            logging: part(&all, "logging")?.is_some(),
            completions: part(&all, "completions")?.is_some(),
            tasks: extensions.as_ref().is_some_and(|o| o.raw(TASKS_EXTENSION).is_some()),
            legacy_tasks: text("tasks")?,
            extensions: extensions.map(|o| o.text().clone()),
            experimental: text("experimental")?,
        };
        Ok(Self { raw, flags })
    }

    /// What all of them together offer: a flag is set where one has it. Unknown members are left out.
    pub fn merge<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let all: Vec<&Self> = all.into_iter().collect();
        let offer = |of: fn(&ServerFlags) -> Option<Offer>| {
            all.iter().filter_map(|c| of(&c.flags)).reduce(|a, b| Offer {
                list_changed: a.list_changed | b.list_changed,
                subscribe: a.subscribe | b.subscribe,
            })
        };
        let union = |of: fn(&ServerFlags) -> Option<&Bytes>| {
            extensions::union(all.iter().filter_map(|c| of(&c.flags)))
        };
        Self::from(ServerFlags {
            tools: offer(|f| f.tools),
            resources: offer(|f| f.resources),
            prompts: offer(|f| f.prompts),
            logging: all.iter().any(|c| c.logging),
            completions: all.iter().any(|c| c.completions),
            tasks: all.iter().any(|c| c.tasks),
            legacy_tasks: union(|f| f.legacy_tasks.as_ref()),
            extensions: union(|f| f.extensions.as_ref()),
            experimental: union(|f| f.experimental.as_ref()),
        })
    }

    /// What a client of version `to` may be told that a server of version `from` offers.
    ///
    /// Tasks pass only within their own era; `completions` only to 2025-03-26 and later. Unknown members are left
    /// out: nobody may be promised what this gate does not relay.
    pub fn project(&self, from: Version, to: Version) -> Self {
        let same = from.era() == to.era();
        let tasks = self.tasks && same && to.era() == Era::Modern;
        let legacy_tasks = same && from == Version::V2025_11_25 && to == Version::V2025_11_25;
        let flags = &self.flags;
        Self::from(ServerFlags {
            completions: flags.completions && to >= Version::V2025_03_26,
            tasks,
            legacy_tasks: flags.legacy_tasks.clone().filter(|_| legacy_tasks),
            extensions: flags.extensions.as_ref().and_then(|e| extensions::project(e, from, to)),
            ..flags.clone()
        })
    }

    /// The object as it goes on the wire.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl From<ServerFlags> for ServerCapabilities {
    fn from(flags: ServerFlags) -> Self {
        let mut out = Writer::new();
        let mut offer = |name: &str, offer: Option<Offer>| {
            if let Some(offer) = offer {
                let mut one = Writer::new();
                if offer.subscribe && name == "resources" {
                    one.raw("subscribe", b"true");
                }
                if offer.list_changed {
                    one.raw("listChanged", b"true");
                }
                out.raw(name, &one.finish());
            }
        };
        offer("tools", flags.tools);
        offer("resources", flags.resources);
        offer("prompts", flags.prompts);
        out.maybe("logging", flags.logging.then_some(b"{}"));
        out.maybe("completions", flags.completions.then_some(b"{}"));
        out.maybe("tasks", flags.legacy_tasks.as_deref());
        out.maybe("extensions", flags.extensions.as_deref());
        out.maybe("experimental", flags.experimental.as_deref());
        Self { raw: out.finish(), flags }
    }
}

impl Default for ServerCapabilities {
    fn default() -> Self {
        Self { raw: Bytes::from_static(b"{}"), flags: ServerFlags::default() }
    }
}

impl Deref for ServerCapabilities {
    type Target = ServerFlags;

    fn deref(&self) -> &ServerFlags {
        &self.flags
    }
}

#[cfg(test)]
#[path = "server_capabilities_tests.rs"]
mod tests;
