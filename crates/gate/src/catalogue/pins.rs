use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ambient::Clock;
use audit::{Record, Text};
use inspect::{Finding, Severity};
use journal::Journal;
use model::{Effect, SourceName, Timestamp};
use protocol::json::quote;
use store::{NewPin, PinKey, PinKind, PinSet, PinState, Store, StoreError};

use super::State;
use crate::PinMode;
use crate::port::Kind;

/// Who is named where nobody decided: the store's own word for it.
pub(super) const FIRST_CONTACT: &str = "first contact";

/// The pins of every source, from the store, and what was decided by comparing with them.
pub(crate) struct PinBook {
    store: Arc<dyn Store>,
    journal: Journal,
    clock: Clock,
    effects: Mutex<HashMap<String, HashMap<String, Effect>>>,
}

/// One list of one source, about to be compared.
pub(super) struct Contact<'a> {
    pub(super) source: &'a SourceName,
    pub(super) identity: String,
    pub(super) kind: Kind,
    pub(super) mode: PinMode,
}

/// One definition, as it was seen now.
pub(super) struct Seen<'a> {
    pub(super) name: &'a str,
    pub(super) digest: &'a str,
    pub(super) canonical: &'a [u8],
    pub(super) findings: &'a [Finding],
}

impl PinBook {
    pub(crate) fn new(store: Arc<dyn Store>, journal: Journal, clock: Clock) -> Self {
        Self { store, journal, clock, effects: Mutex::default() }
    }

    /// The state of each definition, in their order. A store that cannot be read or trusted quarantines all of them.
    pub(super) fn compare(&self, contact: &Contact<'_>, seen: &[Seen<'_>]) -> Vec<State> {
        if contact.mode == PinMode::Off {
            return seen
                .iter()
                .map(|s| found_wanting(s).map_or(State::Live, State::Quarantined))
                .collect();
        }
        match self.try_compare(contact, seen) {
            Ok(states) => states,
            Err(e) => {
                tracing::error!(source = %contact.source, "pins cannot be trusted: {e}");
                self.record(contact, &format!("pin store: {e}"));
                let why = "its pins cannot be read or trusted (see `portcullis doctor`)";
                seen.iter().map(|_| State::Quarantined(why.to_owned())).collect()
            }
        }
    }

    fn try_compare(
        &self,
        contact: &Contact<'_>,
        seen: &[Seen<'_>],
    ) -> Result<Vec<State>, StoreError> {
        match self.store.pins(&contact.identity)? {
            None => self.first_contact(contact, seen),
            Some(set) => self.against(contact, &set, seen),
        }
    }

    fn first_contact(
        &self,
        contact: &Contact<'_>,
        seen: &[Seen<'_>],
    ) -> Result<Vec<State>, StoreError> {
        let judged: Vec<State> = seen
            .iter()
            .map(|s| match (found_wanting(s), contact.mode) {
                (Some(why), _) => State::Quarantined(why),
                (None, PinMode::Ask) => {
                    State::Quarantined("it is new and waits for an operator".to_owned())
                }
                (None, _) => State::Live,
            })
            .collect();
        let offered: Vec<NewPin> =
            seen.iter().zip(&judged).map(|(s, state)| new_pin(contact, s, state)).collect();
        match self.store.first_contact(&contact.identity, &offered) {
            // Somebody else met it in the same moment.
            Err(StoreError::Exists(_)) => {
                let set = self.store.pins(&contact.identity)?;
                return set.map_or(Ok(judged), |set| self.against(contact, &set, seen));
            }
            other => other?,
        }
        let held = judged.iter().filter(|s| **s != State::Live).count();
        self.record(
            contact,
            &format!("first contact: {} pinned, {held} quarantined", seen.len() - held),
        );
        Ok(judged)
    }

    fn against(
        &self,
        contact: &Contact<'_>,
        set: &PinSet,
        seen: &[Seen<'_>],
    ) -> Result<Vec<State>, StoreError> {
        let mut states = Vec::with_capacity(seen.len());
        let mut held = Vec::new();
        for s in seen {
            let pin = set.pins.iter().find(|p| p.key.name == s.name);
            let pending = set.pending.iter().any(|p| p.key.name == s.name);
            let state = match pin {
                Some(pin) if pin.digest == s.digest => match (pin.state, found_wanting(s)) {
                    (PinState::Rejected, _) => {
                        State::Quarantined("an operator rejected it".to_owned())
                    }
                    (PinState::Accepted, Some(why)) if pin.decided_by == FIRST_CONTACT => {
                        State::Quarantined(why)
                    }
                    (PinState::Accepted, _) => State::Live,
                },
                Some(_) => {
                    State::Quarantined("its definition changed since it was accepted".to_owned())
                }
                None => State::Quarantined(
                    "it is new on a source that was accepted without it".to_owned(),
                ),
            };
            if state == State::Live {
                if pending {
                    self.store.clear_pending(&key(contact, s.name))?;
                }
            } else if pin.is_none_or(|p| p.digest != s.digest) {
                held.push((new_pin(contact, s, &state), pending));
            }
            states.push(state);
        }
        if !held.is_empty() {
            let fresh: Vec<&str> =
                held.iter().filter(|(_, old)| !old).map(|(p, _)| p.key.name.as_str()).collect();
            if !fresh.is_empty() {
                tracing::warn!(source = %contact.source, "quarantined: {}", fresh.join(", "));
                self.record(contact, &format!("quarantined: {}", fresh.join(", ")));
            }
            let found: Vec<NewPin> = held.into_iter().map(|(p, _)| p).collect();
            self.store.quarantine(&contact.identity, &found)?;
        }
        Ok(states)
    }

    /// The effect an operator accepted for a tool.
    pub(super) fn effect(&self, identity: &str, tool: &str) -> Option<Effect> {
        let mut effects = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        if !effects.contains_key(identity) {
            let accepted = match self.store.effects(identity) {
                Ok(accepted) => accepted,
                Err(e) => {
                    tracing::error!("accepted effects cannot be read or trusted: {e}");
                    Vec::new()
                }
            };
            let by_name = accepted.into_iter().map(|a| (a.key.name, a.effect)).collect();
            effects.insert(identity.to_owned(), by_name);
        }
        effects.get(identity)?.get(tool).copied()
    }

    /// Effects are read anew when they are next needed.
    pub(crate) fn forget(&self) {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether a server's instructions are the ones agreed to.
    pub(crate) fn instructions(
        &self,
        source: &SourceName,
        identity: &str,
        mode: PinMode,
        text: &str,
        findings: &[Finding],
    ) -> bool {
        let digest = crate::digest::hex(text.as_bytes());
        let canonical = quote(text).into_bytes();
        let seen = [Seen { name: "", digest: &digest, canonical: &canonical, findings }];
        let contact = Contact {
            source,
            identity: format!("{identity}/instructions"),
            kind: Kind::Tools,
            mode,
        };
        self.compare(&contact, &seen).first() == Some(&State::Live)
    }

    fn record(&self, contact: &Contact<'_>, note: &str) {
        let Ok(slot) = self.journal.reserve() else { return };
        let mut record = Record::new(audit::Kind::Pin, Timestamp(self.clock.now_millis()));
        record.source = Some(contact.source.clone());
        record.note = Some(Text::from(format!("{}s: {note}", contact.kind.as_str())));
        slot.commit_detached(record);
    }
}

/// Why a definition is quarantined for what it says, if it is.
fn found_wanting(seen: &Seen<'_>) -> Option<String> {
    let worst = seen.findings.iter().max_by_key(|f| f.severity)?;
    (worst.severity >= Severity::Quarantine)
        .then(|| format!("its definition was found wanting ({})", worst.rule))
}

fn new_pin(contact: &Contact<'_>, seen: &Seen<'_>, state: &State) -> NewPin {
    NewPin {
        key: key(contact, seen.name),
        digest: seen.digest.to_owned(),
        definition: seen.canonical.to_vec(),
        reason: match state {
            State::Live => String::new(),
            State::Quarantined(why) => why.clone(),
        },
        findings: findings_json(seen.findings),
    }
}

fn key(contact: &Contact<'_>, name: &str) -> PinKey {
    let kind = match contact.kind {
        _ if name.is_empty() => PinKind::Instructions,
        Kind::Tools => PinKind::Tool,
        Kind::Prompts => PinKind::Prompt,
        Kind::Resources => PinKind::Resource,
        Kind::Templates => PinKind::Template,
    };
    PinKey { source: contact.identity.clone(), kind, name: name.to_owned() }
}

fn findings_json(findings: &[Finding]) -> String {
    let each = findings.iter().map(|f| {
        format!(
            "{{\"severity\":{},\"rule\":{},\"path\":{},\"excerpt\":{}}}",
            quote(f.severity.as_str()),
            quote(f.rule),
            quote(&f.path),
            quote(&f.excerpt)
        )
    });
    format!("[{}]", each.collect::<Vec<_>>().join(","))
}
