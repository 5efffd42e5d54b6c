use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use inspect::{Context, Finding, Schema, Severity};
use model::{Effect, NameError, SourceName};
use protocol::json::{self, Edit, Limits, Object, canonical, elements};
use protocol::mcp::Era;
use protocol::mcp::headers::ParamHeaders;

use super::entry::InputSchema;
use super::pins::{Contact, Seen};
use super::{Catalogue, Entry, Shelf, State};
use crate::SourceSettings;
use crate::port::{Kind, Listing};

/// Judges every definition of a listing: name, text, schema, pin, effect. A bad one hurts no other.
pub(super) fn judge(
    catalogue: &Catalogue,
    shelf: &Shelf,
    kind: Kind,
    listing: &Listing,
) -> Vec<Arc<Entry>> {
    let mut found = Vec::new();
    let mut names = HashSet::new();
    for page in &listing.pages {
        for raw in elements(page, Limits::REPLY).unwrap_or_default() {
            match Candidate::read(shelf, kind, raw) {
                Ok(c) if names.insert(c.upstream.clone()) => found.push(c),
                Ok(c) => warn(shelf, kind, &c.upstream, "is defined twice in one list"),
                Err((name, why)) => warn(shelf, kind, &name, &why),
            }
        }
    }
    let neighbours = catalogue.neighbours(shelf.source.name());
    for candidate in &mut found {
        candidate.inspect(shelf, &neighbours);
    }
    found.retain(|c| {
        let rejected = c.findings.iter().find(|f| f.severity == Severity::Reject);
        if let Some(f) = rejected {
            warn(shelf, kind, &c.upstream, &format!("{}: {}", f.rule, f.excerpt));
        }
        rejected.is_none()
    });
    let contact = Contact {
        source: shelf.source.name(),
        identity: identity(shelf, listing.era, kind),
        kind,
        mode: shelf.settings.pins,
    };
    let seen: Vec<Seen<'_>> = found.iter().map(Candidate::seen).collect();
    let states = catalogue.book().compare(&contact, &seen);
    found
        .into_iter()
        .zip(states)
        .map(|(c, state)| Arc::new(c.settle(catalogue, shelf, listing.era, state)))
        .collect()
}

/// What pins are kept under. A server of both eras may describe itself differently in each.
fn identity(shelf: &Shelf, era: Era, kind: Kind) -> String {
    format!("{}#{}/{}", shelf.source.identity(), era.as_str(), kind.as_str())
}

/// The name agents use for something of this source.
pub(crate) fn expose(
    source: &SourceName,
    settings: &SourceSettings,
    kind: Kind,
    upstream: &str,
) -> Result<String, NameError> {
    match kind {
        Kind::Tools | Kind::Prompts => {
            let own = settings.names.iter().find(|(from, _)| from == upstream);
            if let Some((_, to)) = own {
                return model::ExposedName::new(to).map(|n| n.as_str().to_owned());
            }
            model::expose(settings.prefix.as_deref(), upstream).map(|n| n.as_str().to_owned())
        }
        // The UI of an App is found by its scheme, so it keeps its URI; whose it may be is checked elsewhere.
        Kind::Resources | Kind::Templates if upstream.starts_with("ui://") => {
            Ok(upstream.to_owned())
        }
        Kind::Resources | Kind::Templates => Ok(match settings.prefix {
            Some(_) => format!("{source}+{upstream}"),
            None => upstream.to_owned(),
        }),
    }
}

/// A definition on its way into the catalogue.
struct Candidate {
    kind: Kind,
    upstream: String,
    exposed: String,
    raw: Object,
    canonical: Vec<u8>,
    digest: String,
    findings: Vec<Finding>,
    param_headers: ParamHeaders,
    schema: Option<InputSchema>,
}

impl Candidate {
    fn read(shelf: &Shelf, kind: Kind, raw: Bytes) -> Result<Self, (String, String)> {
        let unnamed = |why: &str| (String::from("?"), why.to_owned());
        let form = canonical(&raw, Limits::REPLY).map_err(|e| unnamed(&e.to_string()))?;
        let raw = Object::parse(raw, Limits::REPLY).map_err(|_| unnamed("is no object"))?;
        let member = match kind {
            Kind::Tools | Kind::Prompts => "name",
            Kind::Resources => "uri",
            Kind::Templates => "uriTemplate",
        };
        let upstream = raw.str(member).ok_or_else(|| unnamed("has no name"))?.into_owned();
        let exposed = expose(shelf.source.name(), &shelf.settings, kind, &upstream)
            .map_err(|e| (upstream.clone(), e.to_string()))?;
        let param_headers = match kind {
            Kind::Tools => match raw.get("inputSchema") {
                Some(schema) => ParamHeaders::from_schema(&schema)
                    .map_err(|e| (upstream.clone(), e.to_string()))?,
                None => ParamHeaders::default(),
            },
            _ => ParamHeaders::default(),
        };
        let canonical = form.as_bytes().to_vec();
        let digest = crate::digest::hex(&canonical);
        let findings = Vec::new();
        Ok(Self {
            kind,
            upstream,
            exposed,
            raw,
            canonical,
            digest,
            findings,
            param_headers,
            schema: None,
        })
    }

    fn inspect(&mut self, shelf: &Shelf, neighbours: &inspect::Neighbours) {
        let Ok(value) = json::value(self.raw.text(), Limits::REPLY) else { return };
        let name = shelf.source.name().as_str();
        let context = Context::definition(name, neighbours);
        let found = match self.kind {
            Kind::Tools => inspect::scan_definition(&value, &context),
            Kind::Prompts => inspect::scan_prompt(&value, &context),
            Kind::Resources | Kind::Templates => inspect::scan_resource(&value, &context),
        };
        self.findings = found.into_iter().filter(|f| shelf.counts(f)).collect();
        // Arguments are held against the schema that agents are shown.
        let shown = inspect::without_stripped(&value, &self.findings);
        if let (Kind::Tools, Some(document)) = (self.kind, shown.get("inputSchema")) {
            match Schema::compile(document, inspect::Limits::default()) {
                Ok(compiled) => {
                    self.schema = Some(InputSchema { document: document.clone(), compiled });
                }
                Err(problem) => self.findings.push(problem.finding("/inputSchema")),
            }
        }
    }

    fn seen(&self) -> Seen<'_> {
        Seen {
            name: &self.upstream,
            digest: &self.digest,
            canonical: &self.canonical,
            findings: &self.findings,
        }
    }

    fn settle(self, catalogue: &Catalogue, shelf: &Shelf, era: Era, state: State) -> Entry {
        let (effect, accepted) = match self.kind {
            Kind::Tools => match shelf.settings.effect(&self.upstream) {
                Some(effect) => (effect, true),
                None => match catalogue.book().effect(shelf.source.identity(), &self.upstream) {
                    Some(effect) => (effect, true),
                    None => (Effect::Destructive, false),
                },
            },
            // Reading is what these are for; the operator named the source.
            Kind::Resources | Kind::Templates | Kind::Prompts => (Effect::Read, true),
        };
        let definition = self.shown();
        Entry {
            kind: self.kind,
            source: shelf.source.clone(),
            upstream: self.upstream,
            exposed: self.exposed,
            definition,
            digest: self.digest,
            effect,
            accepted,
            state,
            findings: self.findings,
            param_headers: self.param_headers,
            schema: self.schema,
            era,
        }
    }

    fn stripped(&self) -> Option<Object> {
        let value = json::value(self.raw.text(), Limits::REPLY).ok()?;
        let text = inspect::without_stripped(&value, &self.findings).to_string();
        Object::parse(Bytes::from(text), Limits::REPLY).ok()
    }

    /// The definition with its exposed name, less what must be stripped. Everything else stays byte for byte.
    fn shown(&self) -> Object {
        let member = match self.kind {
            Kind::Tools | Kind::Prompts => "name",
            Kind::Resources => "uri",
            Kind::Templates => "uriTemplate",
        };
        let mut edit = Edit::new();
        if self.exposed != self.upstream {
            edit = edit.set_str(member, &self.exposed);
        }
        let strips = self.findings.iter().any(|f| f.severity == Severity::Strip);
        let base = if strips { self.stripped() } else { None }.unwrap_or_else(|| self.raw.clone());
        Object::parse(edit.apply(&base), Limits::REPLY).unwrap_or(base)
    }
}

/// Findings that only the words gave away: heuristics, which an operator may switch off for a source.
pub(super) fn is_heuristic(finding: &Finding) -> bool {
    const BY_WORDS: [&str; 13] = [
        "instruction",
        "role-change",
        "fake-turn",
        "tool-directive",
        "concealment",
        "prompt-theft",
        "exfiltration",
        "confirmation-bypass",
        "claimed-consent",
        "unsafe-link",
        "credential-path",
        "encoded-payload",
        "cross-reference",
    ];
    BY_WORDS.contains(&finding.rule)
}

fn warn(shelf: &Shelf, kind: Kind, name: &str, why: &str) {
    let kind = kind.as_str();
    tracing::warn!(source = %shelf.source.name(), kind, name = ?name, "not exposed: {why}");
}
