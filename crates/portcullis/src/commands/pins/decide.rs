use std::process::ExitCode;

use audit::Kind;
use model::Effect;
use store::{Effects as _, PinKey, PinState, Pins as _};

use super::items::{Item, Pinned};
use crate::cli::{Choice, EffectChoice};
use crate::commands::look::user;
use crate::commands::serve::small_runtime;
use crate::house::{JournalUse, record};
use crate::say;

/// Accepts what waits, and effects where the command says so.
pub fn accept(choice: &Choice, effect: Option<EffectChoice>) -> anyhow::Result<ExitCode> {
    named(choice)?;
    let pinned = Pinned::open(&choice.file.config)?;
    let open =
        |i: &Item| waits(i) || (effect.is_some() && i.effect_key.is_some() && i.effect.is_none());
    let chosen = pinned.choose(choice, open)?;
    let by = user();
    let mut notes = Vec::new();
    for item in &chosen {
        // A yes is to the content that was read just now, not to the name.
        if let Some(pending) = &item.pending {
            pinned.house.store.accept(&item.key, &pending.digest, &by)?;
            notes.push(format!("{} accepted by {by}", item.shown));
        } else if let Some(pin) = item.pin.as_ref().filter(|p| p.state == PinState::Rejected) {
            pinned.house.store.accept(&item.key, &pin.digest, &by)?;
            notes.push(format!("{} accepted by {by}", item.shown));
        }
    }
    if let Some(effect) = effect {
        let effects = effects(&chosen, effect);
        pinned.house.store.accept_effects(&effects, &by)?;
        let each =
            effects.iter().map(|(key, e)| format!("effect {e} of {} accepted by {by}", key.name));
        notes.extend(each);
    }
    done(&pinned, &notes)
}

/// Refuses what waits, or what was accepted before.
pub fn reject(choice: &Choice) -> anyhow::Result<ExitCode> {
    named(choice)?;
    let pinned = Pinned::open(&choice.file.config)?;
    let by = user();
    let mut notes = Vec::new();
    for item in pinned.choose(choice, waits)? {
        let Some(digest) = item.digest() else { continue };
        pinned.house.store.reject(&item.key, digest, &by)?;
        notes.push(format!("{} rejected by {by}", item.shown));
    }
    done(&pinned, &notes)
}

/// Deciding on everything has to be said.
fn named(choice: &Choice) -> anyhow::Result<()> {
    let says = choice.all || choice.source.is_some() || !choice.names.is_empty();
    anyhow::ensure!(
        says,
        "say which: names, `--source NAME` or `--all` (`portcullis pins list` shows them)"
    );
    Ok(())
}

fn waits(item: &Item) -> bool {
    item.pending.as_ref().is_some_and(|p| p.rejected.is_none())
}

fn effects(chosen: &[&Item], choice: EffectChoice) -> Vec<(PinKey, Effect)> {
    let mut effects: Vec<(PinKey, Effect)> = Vec::new();
    for item in chosen {
        let Some(key) = &item.effect_key else { continue };
        let effect = match choice {
            EffectChoice::Is(effect) => Some(effect),
            EffectChoice::Proposed => item.proposed(),
        };
        // One tool may be pinned once for each era; the effect is the same.
        if let Some(effect) = effect.filter(|_| effects.iter().all(|(k, _)| k != key)) {
            effects.push((key.clone(), effect));
        }
    }
    effects
}

/// Tells, and records what a running gate does not record itself.
fn done(pinned: &Pinned, notes: &[String]) -> anyhow::Result<ExitCode> {
    if notes.is_empty() {
        say::note("there was nothing to decide");
        return Ok(ExitCode::SUCCESS);
    }
    for note in notes {
        say::line(audit::terminal_safe(note));
    }
    if let JournalUse::Open(journal) = pinned.house.journal_unless_running()? {
        small_runtime()?.block_on(async {
            for note in notes {
                record(&journal, &pinned.house.clock, Kind::Admin, Some(note.clone())).await?;
            }
            anyhow::Ok(())
        })?;
        journal.close();
    }
    Ok(ExitCode::SUCCESS)
}
