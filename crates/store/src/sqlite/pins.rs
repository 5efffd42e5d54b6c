use model::Timestamp;
use rusqlite::types::Value;

use super::row::{Columns, maybe_time, text, time};
use super::sealed::{Realm, Set};
use super::{SqliteStore, Tx};
use crate::{NewPin, Pending, Pin, PinKey, PinSet, PinState, Pins, Rejection, StoreError};

/// Places of the tables in [`Realm::Pins`].
const PINS: usize = 0;
const PENDING: usize = 1;

/// Who decides when a source is met for the first time.
const FIRST_CONTACT: &str = "first contact";

impl Pins for SqliteStore {
    fn pinned_sources(&self) -> Result<Vec<String>, StoreError> {
        self.read(|tx| tx.owners(Realm::Pins))
    }

    fn pins(&self, source: &str) -> Result<Option<PinSet>, StoreError> {
        self.read(|tx| {
            let mut set = tx.set(Realm::Pins, source)?;
            let known = set.known();
            let set = read_set(&mut set, source)?;
            Ok(known.then_some(set))
        })
    }

    fn first_contact(&self, source: &str, offered: &[NewPin]) -> Result<(), StoreError> {
        distinct(source, offered)?;
        self.write(|tx| {
            let set = tx.set(Realm::Pins, source)?;
            if set.known() {
                return Err(StoreError::Exists(format!("the source {source}")));
            }
            for new in offered {
                if new.reason.is_empty() {
                    put_pin(&set, &accepted(new, tx.now))?;
                } else {
                    put_pending(&set, &waiting(new, tx.now))?;
                }
            }
            set.seal()
        })
    }

    fn quarantine(&self, source: &str, found: &[NewPin]) -> Result<(), StoreError> {
        distinct(source, found)?;
        self.write(|tx| {
            let mut set = tx.set(Realm::Pins, source)?;
            if !set.known() {
                return Err(StoreError::NotFound(format!("source {source}")));
            }
            let known = read_set(&mut set, source)?.pending;
            let mut changed = false;
            for new in found {
                let old = known.iter().find(|old| old.key == new.key);
                let next = match old {
                    Some(old) if old.digest == new.digest => Pending {
                        reason: new.reason.clone(),
                        findings: new.findings.clone(),
                        ..old.clone()
                    },
                    _ => waiting(new, tx.now),
                };
                if old != Some(&next) {
                    put_pending(&set, &next)?;
                    changed = true;
                }
            }
            if changed { set.seal() } else { Ok(()) }
        })
    }

    fn clear_pending(&self, key: &PinKey) -> Result<bool, StoreError> {
        self.write(|tx| {
            let (set, found) = one(tx, key)?;
            if found.pending.is_none() {
                return Ok(false);
            }
            set.delete(PENDING, key_columns(key))?;
            set.seal().map(|()| true)
        })
    }

    fn accept(&self, key: &PinKey, digest: &str, by: &str) -> Result<Pin, StoreError> {
        self.write(|tx| {
            let (set, found) = one(tx, key)?;
            let pin = found.choose(key, digest)?.decided(PinState::Accepted, by, tx.now);
            if found.waits(digest) {
                set.delete(PENDING, key_columns(key))?;
            } else if found.pin.as_ref().is_some_and(|pin| pin.state == PinState::Accepted) {
                // It is the pin already: who decided it stays on record.
                return found.pin.ok_or_else(|| missing(key));
            }
            put_pin(&set, &pin)?;
            set.seal()?;
            Ok(pin)
        })
    }

    fn reject(&self, key: &PinKey, digest: &str, by: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            let (set, found) = one(tx, key)?;
            let pin = found.choose(key, digest)?.decided(PinState::Rejected, by, tx.now);
            let accepted = found.pin.as_ref().is_some_and(|pin| pin.state == PinState::Accepted);
            match found.pending {
                Some(pending) if pending.digest == digest && accepted => {
                    let no = Rejection { by: by.to_owned(), at: tx.now };
                    put_pending(&set, &Pending { rejected: Some(no), ..pending })?;
                }
                Some(pending) if pending.digest == digest => {
                    set.delete(PENDING, key_columns(key))?;
                    put_pin(&set, &pin)?;
                }
                _ => put_pin(&set, &pin)?,
            }
            set.seal()
        })
    }
}

/// What there is of one name.
struct Found {
    pin: Option<Pin>,
    pending: Option<Pending>,
}

/// A definition somebody decides on, with the moment its name was first seen.
struct Choice<'a> {
    key: &'a PinKey,
    digest: &'a str,
    definition: &'a [u8],
    first_seen: Timestamp,
}

impl Found {
    fn waits(&self, digest: &str) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.digest == digest)
    }

    /// The definition of this digest, whether it waits or was decided on before.
    fn choose<'a>(&'a self, key: &'a PinKey, digest: &str) -> Result<Choice<'a>, StoreError> {
        let (pin, pending) = (self.pin.as_ref(), self.pending.as_ref());
        let seen = pending.map(|p| p.seen);
        let first_seen = pin.map(|p| p.first_seen).or(seen).ok_or_else(|| missing(key))?;
        let waiting = pending.map(|p| (p.digest.as_str(), p.definition.as_slice()));
        let decided = pin.map(|p| (p.digest.as_str(), p.definition.as_slice()));
        let mut all = waiting.into_iter().chain(decided);
        if let Some((digest, definition)) = all.clone().find(|(found, _)| *found == digest) {
            return Ok(Choice { key, digest, definition, first_seen });
        }
        let found = all.next().map_or_else(String::new, |(found, _)| found.to_owned());
        Err(StoreError::Stale { what: key.to_string(), found })
    }
}

impl Choice<'_> {
    fn decided(&self, state: PinState, by: &str, now: Timestamp) -> Pin {
        Pin {
            key: self.key.clone(),
            digest: self.digest.to_owned(),
            definition: self.definition.to_vec(),
            state,
            first_seen: self.first_seen,
            decided_at: now,
            decided_by: by.to_owned(),
        }
    }
}

fn one<'t>(tx: &'t Tx<'t>, key: &PinKey) -> Result<(Set<'t>, Found), StoreError> {
    let mut set = tx.set(Realm::Pins, &key.source)?;
    let all = read_set(&mut set, &key.source)?;
    let pin = all.pins.into_iter().find(|pin| pin.key == *key);
    let pending = all.pending.into_iter().find(|pending| pending.key == *key);
    Ok((set, Found { pin, pending }))
}

fn missing(key: &PinKey) -> StoreError {
    StoreError::NotFound(format!("definition of {key}"))
}

/// Each definition is of this source, has a digest, and is there once.
fn distinct(source: &str, all: &[NewPin]) -> Result<(), StoreError> {
    let mut keys: Vec<&PinKey> = all.iter().map(|new| &new.key).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(StoreError::Invalid(format!("the source {source} offers a name twice")));
    }
    if all.iter().any(|new| new.key.source != source || new.digest.is_empty()) {
        return Err(StoreError::Invalid(format!("a definition is not one of the source {source}")));
    }
    Ok(())
}

fn accepted(new: &NewPin, now: Timestamp) -> Pin {
    let NewPin { key, digest, definition, .. } = new;
    let choice = Choice { key, digest, definition, first_seen: now };
    choice.decided(PinState::Accepted, FIRST_CONTACT, now)
}

fn waiting(new: &NewPin, now: Timestamp) -> Pending {
    Pending {
        key: new.key.clone(),
        digest: new.digest.clone(),
        definition: new.definition.clone(),
        reason: new.reason.clone(),
        findings: new.findings.clone(),
        seen: now,
        rejected: None,
    }
}

fn read_set(set: &mut Set<'_>, source: &str) -> Result<PinSet, StoreError> {
    let pins = set.take(PINS).into_iter().map(read_pin).collect::<Result<_, _>>()?;
    let pending = set.take(PENDING).into_iter().map(read_pending).collect::<Result<_, _>>()?;
    Ok(PinSet { source: source.to_owned(), pins, pending })
}

fn read_pin(row: Vec<Value>) -> Result<Pin, StoreError> {
    let mut row = Columns::new(row);
    Ok(Pin {
        key: read_key(&mut row)?,
        digest: row.text()?,
        definition: row.blob()?,
        state: row.word(state)?,
        first_seen: row.time()?,
        decided_at: row.time()?,
        decided_by: row.text()?,
    })
}

fn read_pending(row: Vec<Value>) -> Result<Pending, StoreError> {
    let mut row = Columns::new(row);
    Ok(Pending {
        key: read_key(&mut row)?,
        digest: row.text()?,
        definition: row.blob()?,
        reason: row.text()?,
        findings: row.text()?,
        seen: row.time()?,
        rejected: match (row.maybe_time()?, row.maybe_text()?) {
            (Some(at), Some(by)) => Some(Rejection { by, at }),
            _ => None,
        },
    })
}

fn put_pin(set: &Set<'_>, pin: &Pin) -> Result<(), StoreError> {
    let mut row = key_columns(&pin.key);
    row.extend([
        text(&pin.digest),
        Value::Blob(pin.definition.clone()),
        text(pin.state.as_str()),
        time(pin.first_seen)?,
        time(pin.decided_at)?,
        text(&pin.decided_by),
    ]);
    set.put(PINS, row)
}

fn put_pending(set: &Set<'_>, pending: &Pending) -> Result<(), StoreError> {
    let rejected = pending.rejected.as_ref();
    let mut row = key_columns(&pending.key);
    row.extend([
        text(&pending.digest),
        Value::Blob(pending.definition.clone()),
        text(&pending.reason),
        text(&pending.findings),
        time(pending.seen)?,
        maybe_time(rejected.map(|no| no.at))?,
        rejected.map_or(Value::Null, |no| text(&no.by)),
    ]);
    set.put(PENDING, row)
}

/// The columns that name a row of a source.
pub(super) fn key_columns(key: &PinKey) -> Vec<Value> {
    vec![text(&key.source), text(key.kind.as_str()), text(&key.name)]
}

pub(super) fn read_key(row: &mut Columns) -> Result<PinKey, StoreError> {
    Ok(PinKey { source: row.text()?, kind: row.word(|word| word.parse().ok())?, name: row.text()? })
}

fn state(word: &str) -> Option<PinState> {
    [PinState::Accepted, PinState::Rejected].into_iter().find(|state| state.as_str() == word)
}
