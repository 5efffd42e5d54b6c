use std::collections::HashMap;
use std::sync::Arc;

use gate::port::Source;
use store::{PinKind, PinState, Pins as _, SqliteStore, StoreError};

use crate::config::{self, Config, meet};

/// Two accepted definitions of different sources that agents of one tenant would know by one name: both are named. A gate with such
/// a collision does not start, because which of the two a call means would be chance.
pub fn collisions(
    store: &SqliteStore,
    config: &Config,
    servers: &[Arc<dyn Source>],
) -> Result<Vec<String>, StoreError> {
    let mut holders: HashMap<(PinKind, String), Vec<(&config::Source, String)>> = HashMap::new();
    let mut found = Vec::new();
    let sets = store.pinned_sources()?;
    for (server, source) in servers.iter().zip(&config.source) {
        let own = format!("{}#", server.identity());
        for set in sets.iter().filter(|id| id.starts_with(&own)) {
            let pins = store.pins(set)?.map(|set| set.pins).unwrap_or_default();
            for pin in pins.iter().filter(|p| p.state == PinState::Accepted) {
                let Some(name) = exposed(source, pin.key.kind, &pin.key.name) else { continue };
                let upstream = &pin.key.name;
                let held = holders.entry((pin.key.kind, name.clone())).or_default();
                let same = |(other, its): &&(&config::Source, String)| {
                    other.name == source.name && its == upstream
                };
                if held.iter().any(|holder| same(&holder)) {
                    continue;
                }
                if let Some((other, its)) = held.iter().find(|(other, _)| meet(other, source)) {
                    found.push(format!(
                        "`{}/{its}` and `{}/{upstream}` would both be called `{name}`: give one another name with `names`, or its source a prefix",
                        other.name, source.name
                    ));
                    continue;
                }
                held.push((source, upstream.clone()));
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
