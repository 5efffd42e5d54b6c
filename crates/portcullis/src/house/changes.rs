use std::collections::{BTreeMap, BTreeSet};

use store::{ApiKeyRow, Effects as _, Keys as _, PinState, Pins as _, SqliteStore, StoreError};

/// What operators have decided, as it stands in the store: one line for each decision. A running gate compares it with
/// what it knew and takes up what another program (a command of the operator) has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions {
    keys: Result<BTreeMap<String, ApiKeyRow>, StoreError>,
    pins: Result<BTreeSet<String>, StoreError>,
}

/// What differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// API keys: load them anew.
    pub keys: bool,
    /// Pins or accepted effects: look at everything anew.
    pub pins: bool,
    /// What happened, for the audit log.
    pub notes: Vec<String>,
}

/// What the store writes where nobody decided.
const NOBODY: &str = "first contact";

impl Decisions {
    /// Reads all of them.
    pub fn read(store: &SqliteStore) -> Self {
        let keys = store.keys().map(|rows| rows.into_iter().map(|k| (k.id.clone(), k)).collect());
        Self { keys, pins: pins(store) }
    }

    /// What `now` has that this has not, or has otherwise.
    pub fn changes(&self, now: &Self) -> Changes {
        let mut notes = Vec::new();
        match (&self.keys, &now.keys) {
            (Ok(before), Ok(after)) => key_notes(before, after, &mut notes),
            (_, Err(e)) if self.keys != now.keys => notes.push(format!("API keys: {e}")),
            _ => {}
        }
        match (&self.pins, &now.pins) {
            (Ok(before), Ok(after)) => {
                notes.extend(after.difference(before).cloned());
                notes.extend(before.difference(after).map(|line| format!("no longer: {line}")));
            }
            (_, Err(e)) if self.pins != now.pins => notes.push(format!("pins: {e}")),
            _ => {}
        }
        Changes { keys: self.keys != now.keys, pins: self.pins != now.pins, notes }
    }
}

fn key_notes(
    before: &BTreeMap<String, ApiKeyRow>,
    after: &BTreeMap<String, ApiKeyRow>,
    notes: &mut Vec<String>,
) {
    for (id, key) in after {
        let what = match before.get(id) {
            None => "made",
            Some(old) if old == key => continue,
            Some(old) if old.revoked.is_none() && key.revoked.is_some() => "revoked",
            Some(old) if old.replaced_by != key.replaced_by => "replaced",
            Some(_) => "changed",
        };
        notes.push(format!("API key {id} of {} {what}", key.principal));
    }
    let gone = before.keys().filter(|id| !after.contains_key(*id));
    notes.extend(gone.map(|id| format!("API key {id} removed")));
}

fn pins(store: &SqliteStore) -> Result<BTreeSet<String>, StoreError> {
    let mut lines = BTreeSet::new();
    let mut identities = BTreeSet::new();
    for id in store.pinned_sources()? {
        identities.extend(id.split_once('#').map(|(own, _)| own.to_owned()));
        let Some(set) = store.pins(&id)? else { continue };
        for pin in set.pins.iter().filter(|p| p.decided_by != NOBODY) {
            let word = if pin.state == PinState::Accepted { "accepted" } else { "rejected" };
            let digest: String = pin.digest.chars().take(12).collect();
            lines.insert(format!("{} {word} as {digest} by {}", pin.key, pin.decided_by));
        }
        for held in &set.pending {
            if let Some(no) = &held.rejected {
                let digest: String = held.digest.chars().take(12).collect();
                lines.insert(format!("{} rejected as {digest} by {}", held.key, no.by));
            }
        }
    }
    for identity in identities {
        for effect in store.effects(&identity)? {
            lines
                .insert(format!("{} has effect {}, says {}", effect.key, effect.effect, effect.by));
        }
    }
    Ok(lines)
}
