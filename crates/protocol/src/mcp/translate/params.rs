use bytes::Bytes;

use crate::json::{Edit, JsonError, Object, quote};
use crate::mcp::{Level, Method, Version, keys};

/// Members that belong to one hop or one era and never reach the other: answers and state of MRTR, and legacy tasks.
const ERA_MEMBERS: [&str; 3] = ["inputResponses", "requestState", "task"];
/// Members of `_meta` that only modern servers know; strict legacy ones refuse them.
const MODERN_META: [&str; 4] =
    [keys::PROTOCOL_VERSION, keys::CLIENT_CAPABILITIES, keys::CLIENT_INFO, keys::LOG_LEVEL];

/// What every hop sets for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hop<'a> {
    /// The member that names the thing (`name`, `uri`, `taskId`) and the upstream's own value for it.
    pub target: Option<(&'a str, &'a str)>,
    /// Raw progress token for this hop; without one, any that is there is taken out (section 7.9).
    pub progress_token: Option<&'a [u8]>,
}

/// What a request to a modern upstream says in `_meta` (section 7.4).
#[derive(Debug, Clone, Copy)]
pub struct Modern<'a> {
    /// The upstream's version.
    pub version: Version,
    /// Raw `clientCapabilities`, already projected.
    pub capabilities: &'a [u8],
    /// Raw `clientInfo`; taken out without it.
    pub client_info: Option<&'a [u8]>,
    /// Log messages that are wanted; none without it (section 7.10).
    pub log_level: Option<Level>,
}

/// ML: params of a modern client for a legacy upstream of version `to`.
///
/// Takes out the modern members of `_meta`, `inputResponses`, `requestState` and `task`, and what the version has no
/// word for (completion `context` before 2025-06-18). Trace and vendor members stay. The error is an ambiguous
/// `_meta`.
pub fn params_to_legacy(
    params: &Object,
    method: &Method,
    to: Version,
    hop: &Hop<'_>,
) -> Result<Bytes, JsonError> {
    let mut changes = Changes::new(params)?;
    for name in MODERN_META {
        changes.drop_meta(name);
    }
    changes.drop_era_members();
    if *method == Method::Complete && to < Version::V2025_06_18 {
        changes.drop("context");
    }
    Ok(changes.apply(hop))
}

/// LM: params of a legacy client for a modern upstream.
///
/// Sets the required members of `_meta`; what a legacy client wrote under those names is overruled. Takes out `task`,
/// and `inputResponses` and `requestState`, which are the gate's to give (see [`super::with_inputs`]).
pub fn params_to_modern(
    params: &Object,
    modern: &Modern<'_>,
    hop: &Hop<'_>,
) -> Result<Bytes, JsonError> {
    let mut changes = Changes::new(params)?;
    changes.speak(modern);
    changes.drop_era_members();
    Ok(changes.apply(hop))
}

/// MM or LL: params for an upstream of the client's own era. `modern`, if given, overrules what the client says of
/// itself (a common version, capabilities reduced by policy). Without any change it is the same buffer.
pub fn params_same_era(
    params: &Object,
    modern: Option<&Modern<'_>>,
    hop: &Hop<'_>,
) -> Result<Bytes, JsonError> {
    let mut changes = Changes::new(params)?;
    if let Some(modern) = modern {
        changes.speak(modern);
    }
    Ok(changes.apply(hop))
}

/// Changes to params and to the `_meta` in them.
struct Changes<'a> {
    params: &'a Object,
    had_meta: bool,
    meta: Object,
    meta_edit: Edit<'a>,
    meta_changed: bool,
    edit: Edit<'a>,
}

impl<'a> Changes<'a> {
    fn new(params: &'a Object) -> Result<Self, JsonError> {
        let meta = params.object("_meta")?;
        Ok(Self {
            params,
            had_meta: meta.is_some(),
            meta: meta.unwrap_or_else(Object::empty),
            meta_edit: Edit::new(),
            meta_changed: false,
            edit: Edit::new(),
        })
    }

    fn drop(&mut self, name: &'a str) {
        if self.params.has(name) {
            self.edit = std::mem::take(&mut self.edit).remove(name);
        }
    }

    fn drop_era_members(&mut self) {
        for name in ERA_MEMBERS {
            self.drop(name);
        }
    }

    fn drop_meta(&mut self, name: &'a str) {
        if self.meta.has(name) {
            self.meta_changed = true;
            self.meta_edit = std::mem::take(&mut self.meta_edit).remove(name);
        }
    }

    fn set_meta(&mut self, name: &'a str, raw: Vec<u8>) {
        if self.meta.raw(name) != Some(&raw) {
            self.meta_changed = true;
            self.meta_edit = std::mem::take(&mut self.meta_edit).set(name, raw);
        }
    }

    fn speak(&mut self, modern: &Modern<'_>) {
        self.set_meta(keys::PROTOCOL_VERSION, quote(modern.version.as_str()).into_bytes());
        self.set_meta(keys::CLIENT_CAPABILITIES, modern.capabilities.to_vec());
        match modern.client_info {
            Some(info) => self.set_meta(keys::CLIENT_INFO, info.to_vec()),
            None => self.drop_meta(keys::CLIENT_INFO),
        }
        match modern.log_level {
            Some(level) => self.set_meta(keys::LOG_LEVEL, quote(level.as_str()).into_bytes()),
            None => self.drop_meta(keys::LOG_LEVEL),
        }
    }

    fn apply(mut self, hop: &Hop<'a>) -> Bytes {
        match hop.progress_token {
            Some(token) => self.set_meta(keys::PROGRESS_TOKEN, token.to_vec()),
            None => self.drop_meta(keys::PROGRESS_TOKEN),
        }
        let mut edit = self.edit;
        if self.meta_changed {
            let meta = self.meta_edit.apply(&self.meta);
            edit = match &meta[..] {
                b"{}" if self.had_meta => edit.remove("_meta"),
                meta => edit.set("_meta", meta.to_vec()),
            };
        }
        if let Some((member, value)) = hop.target
            && self.params.str(member).as_deref() != Some(value)
        {
            edit = edit.set_str(member, value);
        }
        edit.apply(self.params)
    }
}
