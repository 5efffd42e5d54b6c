use std::path::Path;

use ambient::Clock;
use egress::{Egress, Options};
use gate::EventHub;
use model::Effect;
use store::{Effects as _, Pending, Pin, PinKey, PinKind, PinState, Pins as _};

use crate::cli::Choice;
use crate::config;
use crate::house::{House, Ways, effect_key, exposed, launcher, servers};

/// Everything pinned, or waiting, of the configured sources.
pub struct Pinned {
    /// What the installation keeps.
    pub house: House,
    /// In the order of sources, kinds and names.
    pub items: Vec<Item>,
}

/// One definition.
pub struct Item {
    /// The configured name of its source.
    pub source: String,
    /// The name people use for it.
    pub shown: String,
    /// How the store names it.
    pub key: PinKey,
    /// What was decided.
    pub pin: Option<Pin>,
    /// What waits, or was refused.
    pub pending: Option<Pending>,
    /// Where its effect is kept, if it is a tool.
    pub effect_key: Option<PinKey>,
    /// The effect the configuration sets, or an operator accepted.
    pub effect: Option<Effect>,
}

impl Pinned {
    /// Reads them. Contacts no source.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let house = House::open(config::load(path)?)?;
        let clock = Clock::system();
        let ways = Ways {
            egress: Egress::new(Options::default(), clock.clone()),
            launcher: launcher(&house),
            clock,
            // Nothing is dialled or started from here.
            secrets: std::sync::Arc::new(model::NoVault),
            payer: None,
        };
        let servers = servers(&house.loaded, &ways, &EventHub::default().events())?.sources;
        let sets = house.store.pinned_sources()?;
        let mut items = Vec::new();
        for ((server, settings), source) in servers.iter().zip(&house.loaded.config.source) {
            let identity = server.identity();
            let accepted = house.store.effects(identity)?;
            for id in sets.iter().filter(|id| belongs(id, identity)) {
                let Some(set) = house.store.pins(id)? else { continue };
                let names: Vec<PinKey> = keys(&set.pins, &set.pending);
                for key in names {
                    let is_tool = key.kind == PinKind::Tool;
                    let by_operator = accepted
                        .iter()
                        .find(|a| is_tool && a.key.name == key.name)
                        .map(|a| a.effect);
                    items.push(Item {
                        source: source.name.clone(),
                        shown: exposed(source, key.kind, &key.name)
                            .unwrap_or_else(|| plain(&source.name, &key)),
                        pin: set.pins.iter().find(|p| p.key == key).cloned(),
                        pending: set.pending.iter().find(|p| p.key == key).cloned(),
                        effect_key: is_tool.then(|| effect_key(identity, &key.name)),
                        effect: is_tool
                            .then(|| settings.effect(&key.name))
                            .flatten()
                            .or(by_operator),
                        key,
                    });
                }
            }
        }
        Ok(Self { house, items })
    }

    /// The items a command names; without any name, those it could be about.
    pub fn choose(
        &self,
        choice: &Choice,
        possible: impl Fn(&Item) -> bool,
    ) -> anyhow::Result<Vec<&Item>> {
        let mut chosen = Vec::new();
        for name in &choice.names {
            let before = chosen.len();
            chosen.extend(self.items.iter().filter(|i| i.shown == *name));
            anyhow::ensure!(chosen.len() > before, "nothing called `{name}` is pinned or waits");
        }
        if let Some(source) = &choice.source {
            let known = self.house.loaded.config.source.iter().any(|s| s.name == *source);
            anyhow::ensure!(known, "there is no source `{source}`");
        }
        if choice.names.is_empty() {
            let fits =
                |i: &&Item| choice.source.as_ref().is_none_or(|s| i.source == *s) && possible(i);
            chosen.extend(self.items.iter().filter(fits));
        }
        Ok(chosen)
    }
}

impl Item {
    /// How it stands, in a word or two.
    pub fn state(&self) -> String {
        match (&self.pin, &self.pending) {
            (_, Some(p)) if p.rejected.is_some() => "rejected".to_owned(),
            (Some(_), Some(p)) => format!("changed, waits: {}", p.reason),
            (None, Some(p)) => format!("new, waits: {}", p.reason),
            (Some(pin), None) if pin.state == PinState::Rejected => "rejected".to_owned(),
            (Some(pin), None) => format!("accepted ({})", pin.decided_by),
            (None, None) => "unknown".to_owned(),
        }
    }

    /// The digest that a decision would be about.
    pub fn digest(&self) -> Option<&str> {
        let pending = self.pending.as_ref().map(|p| p.digest.as_str());
        pending.or(self.pin.as_ref().map(|p| p.digest.as_str()))
    }

    /// The newest definition there is.
    pub fn definition(&self) -> Option<&[u8]> {
        let pending = self.pending.as_ref().map(|p| p.definition.as_slice());
        pending.or(self.pin.as_ref().map(|p| p.definition.as_slice()))
    }

    /// The effect that annotations and name suggest, for a tool.
    pub fn proposed(&self) -> Option<Effect> {
        self.effect_key.as_ref()?;
        let definition: serde_json::Value = serde_json::from_slice(self.definition()?).ok()?;
        Some(inspect::propose_effect(&self.key.name, definition.get("annotations")))
    }

    /// Its effect in a word or two; empty where there are none.
    pub fn effect_text(&self) -> String {
        match (self.effect, self.proposed()) {
            (Some(effect), _) => effect.to_string(),
            (None, Some(proposed)) => format!("none ({proposed} proposed)"),
            (None, None) => String::new(),
        }
    }
}

/// The gate keeps one set for each list and era of a source, and one for its instructions.
fn belongs(id: &str, identity: &str) -> bool {
    id.strip_prefix(identity).is_some_and(|rest| rest.starts_with('#') || rest == "/instructions")
}

fn keys(pins: &[Pin], pending: &[Pending]) -> Vec<PinKey> {
    let mut keys: Vec<PinKey> = pins.iter().map(|p| p.key.clone()).collect();
    keys.extend(pending.iter().map(|p| p.key.clone()));
    keys.sort();
    keys.dedup();
    keys
}

/// A name for what agents do not call by name.
fn plain(source: &str, key: &PinKey) -> String {
    match key.kind {
        PinKind::Instructions => format!("{source}/instructions"),
        _ => format!("{source}/{}", key.name),
    }
}
