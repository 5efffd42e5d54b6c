use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use gate::port::Source;
use model::SourceName;
use store::{PinKind, PinState, Pins as _, SqliteStore, StoreError};

use crate::config::{self, Config};

/// Two accepted definitions of different sources that agents would know by one name: both are named. A gate with such
/// a collision does not start, because which of the two a call means would be chance.
pub fn collisions(
    store: &SqliteStore,
    config: &Config,
    servers: &[Arc<dyn Source>],
) -> Result<Vec<String>, StoreError> {
    let mut holders: HashMap<(PinKind, String), (SourceName, String)> = HashMap::new();
    let mut found = Vec::new();
    let sets = store.pinned_sources()?;
    for (server, source) in servers.iter().zip(&config.source) {
        let own = format!("{}#", server.identity());
        for set in sets.iter().filter(|id| id.starts_with(&own)) {
            let pins = store.pins(set)?.map(|set| set.pins).unwrap_or_default();
            for pin in pins.iter().filter(|p| p.state == PinState::Accepted) {
                let Some(name) = exposed(source, pin.key.kind, &pin.key.name) else { continue };
                let this = (server.name().clone(), pin.key.name.clone());
                match holders.entry((pin.key.kind, name)) {
                    Entry::Vacant(free) => {
                        free.insert(this);
                    }
                    Entry::Occupied(held) if *held.get() != this => {
                        let (other, name) = (held.get(), &held.key().1);
                        found.push(format!(
                            "`{}/{}` and `{}/{}` would both be called `{name}`: give one another name with `names`, or its source a prefix",
                            other.0, other.1, this.0, this.1
                        ));
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
    }
    Ok(found)
}

/// The name agents know a pinned tool or prompt by.
pub fn exposed(source: &config::Source, kind: PinKind, upstream: &str) -> Option<String> {
    if !matches!(kind, PinKind::Tool | PinKind::Prompt) {
        return None;
    }
    if let Some(name) = source.names.get(upstream) {
        return Some(name.clone());
    }
    let prefix = config::prefix(source);
    model::expose(prefix.as_deref(), upstream).ok().map(|name| name.to_string())
}
