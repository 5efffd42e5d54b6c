//! What sources tell of their programs, as records of the audit log.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ambient::Clock;
use audit::{Outcome, Record, Text};
use identity::{Limiter, Rate};
use journal::Journal;
use model::{SourceName, Timestamp};
use protocol::json::quote;

use crate::digest;
use crate::port::SourceEvent;

/// Most records of one source in a minute: of what its programs did, and apart from those of what they were refused, so
/// that no program can hide the one behind the other.
const A_MINUTE: u32 = 60;
/// Sources that are told apart.
const SOURCES: usize = 1024;

/// Writes records about sources.
pub(crate) struct Notes {
    journal: Journal,
    clock: Clock,
    limits: Limiter<(SourceName, bool)>,
    /// How many were not recorded since the last that was.
    skipped: Mutex<HashMap<SourceName, u64>>,
}

impl Notes {
    pub(crate) fn new(journal: Journal, clock: Clock) -> Self {
        let limits = Limiter::new(Rate::new(A_MINUTE, Duration::from_mins(1)), SOURCES);
        Self { journal, clock, limits, skipped: Mutex::default() }
    }

    pub(crate) fn write(&self, source: &SourceName, event: SourceEvent) {
        let held = matches!(event, SourceEvent::Held { .. });
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        let over = self.limits.try_acquire(&(source.clone(), held), self.clock.instant()).is_err();
        // A log that has no room holds no calls either; there is nobody to be told here.
        let slot = if over { None } else { self.journal.reserve().ok() };
        let Some(slot) = slot else {
            *skipped.entry(source.clone()).or_default() += 1;
            return;
        };
        let before = skipped.remove(source).unwrap_or_default();
        drop(skipped);
        let time = Timestamp(self.clock.now_millis());
        slot.commit_detached(record(source, event, time, before));
    }
}

fn record(source: &SourceName, event: SourceEvent, time: Timestamp, skipped: u64) -> Record {
    let mut record = Record::new(audit::Kind::Source, time);
    record.source = Some(source.clone());
    let (outcome, rule, mut note) = match event {
        SourceEvent::Started { command, how } => {
            let words: Vec<String> = command.iter().map(|word| quote(word)).collect();
            let all = format!("[{}]", words.join(","));
            record.args_digest = Some(digest::sha256(all.as_bytes()));
            let program = command.into_iter().next().unwrap_or_default();
            (Outcome::Ok, None, format!("started {program}: {how}"))
        }
        SourceEvent::NotStarted { code, why } => {
            let confined = code.starts_with("confine_");
            let outcome = if confined { Outcome::Refused } else { Outcome::Failed };
            (outcome, Some(code), format!("not started: {why}"))
        }
        SourceEvent::Held { by, what } => (Outcome::Refused, Some(by), format!("held: {what}")),
        SourceEvent::Ended { well, how } => {
            (if well { Outcome::Ok } else { Outcome::Failed }, None, format!("ended: {how}"))
        }
    };
    if skipped > 0 {
        let _ = write!(note, " ({skipped} before it were not recorded)");
    }
    record.outcome = Some(outcome);
    record.rule = rule.map(Text::from);
    record.note = Some(Text::from(note));
    record
}
