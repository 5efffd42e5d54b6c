//! Everything about one pack that an operator decides by.

use model::Effect;
use packs::{Pack, changes};
use serde_json::{Value, json};

use super::find::Found;
use super::lines::{commands, lines};
use crate::config::{self, Loaded};
use crate::house;

/// One tool of a pack.
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its effect, as the pack sets it; nothing is set of what counts as destructive.
    pub effect: Option<Effect>,
    /// The request it becomes; nothing is known of that for an MCP server.
    pub request: String,
}

/// A pack on one page.
pub struct Card {
    /// The pack.
    pub found: Found,
    /// How it stands.
    pub state: &'static str,
    /// What is other than approved; nothing is known where the approved one was not kept.
    pub changes: Vec<String>,
    /// What it offers.
    pub tools: Vec<Tool>,
    /// Its policy, for the name its source has.
    pub policy: String,
}

impl Card {
    /// Looks a pack over: it is held to its manifest as at a start.
    pub fn new(found: Found, loaded: &Loaded) -> anyhow::Result<Self> {
        let pack = found.opened.pack.clone();
        let state = if found.installed { found.opened.state() } else { "not installed" };
        let before = found.opened.approved.filter(|digest| *digest != pack.digest);
        let before = before.and_then(|digest| config::kept(loaded, digest));
        let changes = before.map(|before| changes(&before, &pack)).unwrap_or_default();
        let source =
            config::pack_source(&found.key, &found.entry, pack).map_err(|(_, error)| error)?;
        let policy = house::pack_policy(&source)?.unwrap_or_default();
        let effect = |name: &str| house::effect_of(&source, name);
        let tools = if source.mcp.is_some() {
            let each = source.effects.iter();
            each.map(|(name, effect)| Tool {
                name: name.clone(),
                effect: Some(*effect),
                request: String::new(),
            })
            .collect()
        } else {
            let tools = house::tools_of(&source, loaded).map_err(|e| anyhow::anyhow!("{e}"))?;
            let each = tools.into_iter().map(|tool| Tool {
                effect: effect(&tool.name),
                request: format!("{} {}", tool.recipe.method, tool.recipe.path),
                name: tool.name,
            });
            each.collect()
        };
        Ok(Self { found, state, changes, tools, policy })
    }

    /// The pack itself.
    pub const fn pack(&self) -> &Pack {
        &self.found.opened.pack
    }

    /// What approving grants, each as what it is and which.
    pub fn grants(&self) -> Vec<(&'static str, String)> {
        let manifest = &self.pack().manifest;
        let mut out: Vec<(&str, String)> =
            manifest.hosts.iter().map(|place| ("host", place.to_string())).collect();
        if !manifest.methods.is_empty() {
            let methods: Vec<&str> = manifest.methods.iter().map(String::as_str).collect();
            out.push(("methods", methods.join(", ")));
        }
        let named = |what, all: &std::collections::BTreeMap<String, String>| {
            all.iter().map(|(n, p)| (what, format!("{n}: {p}"))).collect::<Vec<_>>()
        };
        out.extend(named("secret", &manifest.secrets));
        out.extend(named("setting", &manifest.settings));
        out.extend(manifest.program.as_ref().map(|program| ("program", program.to_string())));
        out
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let pack = self.pack();
        let manifest = &pack.manifest;
        let program = manifest.program.as_ref().map(|p| {
            json!({
                "command": p.command, "env": p.env, "read": p.read, "write": p.write,
                "network": p.network, "sockets": p.sockets,
            })
        });
        let tools = self.tools.iter().map(|tool| {
            json!({
                "name": tool.name,
                "effect": tool.effect.map(Effect::as_str),
                "request": (!tool.request.is_empty()).then_some(&tool.request),
            })
        });
        json!({
            "pack": self.found.key,
            "name": pack.name.as_str(),
            "version": pack.version,
            "summary": pack.summary,
            "from": self.found.entry.from,
            "digest": pack.digest.to_string(),
            "state": self.state,
            "changes": self.changes,
            "manifest": {
                "hosts": manifest.hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "methods": manifest.methods,
                "secrets": manifest.secrets,
                "settings": manifest.settings,
                "program": program,
            },
            "tools": tools.collect::<Vec<_>>(),
            "policy": self.policy,
            "lines": lines(&self.found),
            "commands": commands(&self.found),
        })
    }
}
