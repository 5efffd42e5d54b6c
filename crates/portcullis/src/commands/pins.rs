mod decide;
mod diff;
mod items;

use std::path::Path;
use std::process::ExitCode;

use protocol::mcp::Version;
use serde_json::json;

use self::items::{Item, Pinned};
use super::look;
use super::serve::small_runtime;
use crate::cli::PinsCommand;
use crate::config;
use crate::house::{House, JournalUse, build, finish, listens, next_epoch};
use crate::say;
use crate::table::Table;

/// Shows and decides on what sources say of themselves.
pub fn run(command: PinsCommand) -> anyhow::Result<ExitCode> {
    match command {
        PinsCommand::List { file, source, json } => list(&file.config, source.as_deref(), json),
        PinsCommand::Diff(choice) => {
            let pinned = Pinned::open(&choice.file.config)?;
            let chosen = pinned.choose(&choice, |item| item.pending.is_some())?;
            for item in chosen {
                diff::show(item);
            }
            Ok(ExitCode::SUCCESS)
        }
        PinsCommand::Meet(file) => meet(&file.config),
        PinsCommand::Accept { choice, effect } => decide::accept(&choice, effect),
        PinsCommand::Reject(choice) => decide::reject(&choice),
    }
}

fn list(path: &Path, source: Option<&str>, as_json: bool) -> anyhow::Result<ExitCode> {
    let pinned = Pinned::open(path)?;
    let mut items = pinned.items;
    items.retain(|i| source.is_none_or(|s| i.source == s));
    if as_json {
        let all: Vec<_> = items.iter().map(to_json).collect();
        say::line(serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["NAME", "KIND", "SOURCE", "STATE", "EFFECT"]);
    for item in &items {
        table.row([
            item.shown.clone(),
            item.key.kind.to_string(),
            item.source.clone(),
            item.state(),
            item.effect_text(),
        ]);
    }
    if table.is_empty() {
        say::note("nothing is pinned yet: start the gate, or run `portcullis pins meet`");
    } else {
        say::text(table);
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(item: &Item) -> serde_json::Value {
    json!({
        "name": item.shown,
        "kind": item.key.kind.as_str(),
        "source": item.source,
        "upstream": item.key.name,
        "state": item.state(),
        "waits": item.pending.as_ref().is_some_and(|p| p.rejected.is_none()),
        "digest": item.digest(),
        "effect": item.effect.map(model::Effect::as_str),
        "proposed": item.proposed().map(model::Effect::as_str),
    })
}

/// Meets every source in both eras, as clients would, with the log open.
fn meet(path: &Path) -> anyhow::Result<ExitCode> {
    let house = House::open(config::load(path)?)?;
    let JournalUse::Open(journal) = house.journal_unless_running()? else {
        anyhow::bail!(
            "the gate is running: the first client that asks for a list meets the sources"
        );
    };
    small_runtime()?.block_on(async {
        let own = listens(&house.loaded.config);
        let built = build(
            &house,
            journal.clone(),
            house.store.clone(),
            next_epoch(0, &house.clock),
            own,
            None,
        )?;
        for version in [Version::NEWEST_LEGACY, Version::MODERN] {
            let client = look::client(&look::operator(), version)?;
            for kind in gate::port::Kind::ALL {
                let _listed = built.gate.list(&client, kind, None, &gate::Arrival::default()).await;
            }
            let _welcome = built.gate.greet(&client).await;
            built.gate.end(&client);
        }
        finish(&built.gate, &built.sources, &journal, &house.clock).await;
        anyhow::Ok(())
    })?;
    list(path, None, false)
}
