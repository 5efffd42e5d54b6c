use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use audit::{Kind, rfc3339};
use identity::{ApiKey, Grant, NewKey, new_key};
use model::Timestamp;
use serde_json::json;
use store::{ApiKeyRow, Keys as _};

use super::serve::small_runtime;
use crate::cli::{CreateKey, KeysCommand};
use crate::config;
use crate::house::{House, JournalUse, record};
use crate::say;
use crate::table::Table;

/// Makes, lists, revokes and rotates API keys.
pub fn run(command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Create(create) => make(&create)?,
        KeysCommand::List { file, json } => list(&file.config, json)?,
        KeysCommand::Revoke { file, id } => {
            let house = open(&file.config)?;
            house.store.revoke_key(&id)?;
            note(&house, format!("API key {id} revoked"))?;
            say::line(format_args!("{id} is revoked: it lets nobody in from now on"));
        }
        KeysCommand::Rotate { file, id, overlap } => rotate(&file.config, &id, overlap.0)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> anyhow::Result<House> {
    House::open(config::load(path)?)
}

fn make(create: &CreateKey) -> anyhow::Result<()> {
    let house = open(&create.file.config)?;
    if let Some(why) = config::undeclared(&create.tenant, &house.loaded.config) {
        bail!("{why}, or name another with `--tenant`");
    }
    let now = Timestamp(house.clock.now_millis());
    let grant = Grant {
        principal: identity::principal_id(&create.principal)?,
        tenant: identity::tenant_id(&create.tenant)?,
        role: create.role.into(),
        scopes: create.scopes.clone(),
        expires: create.expires.map(|span| now.after(span.0)),
    };
    let key = new_key(grant, now)?;
    house.store.insert_key(&row(&key.row, &create.note))?;
    note(&house, format!("API key {} of {} made", key.row.id, key.row.principal))?;
    show(&key, create.json);
    Ok(())
}

fn rotate(path: &Path, id: &str, overlap: std::time::Duration) -> anyhow::Result<()> {
    let house = open(path)?;
    let now = Timestamp(house.clock.now_millis());
    let rows = house.store.keys()?;
    let old =
        rows.iter().find(|k| k.id == id).with_context(|| format!("there is no API key {id}"))?;
    if let Some(why) = config::undeclared(old.tenant.as_str(), &house.loaded.config) {
        bail!("{why}");
    }
    let grant = Grant {
        principal: old.principal.clone(),
        tenant: old.tenant.clone(),
        role: old.role,
        scopes: old.scopes.clone(),
        expires: old.expires,
    };
    let key = new_key(grant, now)?;
    let until = now.after(overlap);
    house.store.rotate_key(id, &row(&key.row, &old.note), until)?;
    note(&house, format!("API key {id} of {} replaced by {}", old.principal, key.row.id))?;
    show(&key, false);
    say::note(format_args!("{id} stays good until {}", rfc3339(until)));
    Ok(())
}

/// What is kept of a new key.
pub fn row(key: &ApiKey, note: &str) -> ApiKeyRow {
    ApiKeyRow {
        id: key.id.clone(),
        principal: key.principal.clone(),
        tenant: key.tenant.clone(),
        role: key.role,
        scopes: key.scopes.clone(),
        hash: key.hash,
        created: key.created,
        expires: key.expires,
        revoked: key.revoked,
        replaced_by: None,
        overlap_until: key.overlap_until,
        note: note.to_owned(),
    }
}

/// The only place a key is ever shown.
fn show(key: &NewKey, json: bool) {
    if json {
        let text = json!({
            "key": key.secret.reveal(),
            "id": key.row.id,
            "principal": key.row.principal.as_str(),
        });
        say::line(text);
        return;
    }
    say::line(key.secret.reveal());
    say::note(format_args!(
        "this is key {} of {}: it is shown now and never again. Clients send it as `Authorization: Bearer …`",
        key.row.id, key.row.principal
    ));
}

/// Records what was done. A running gate holds the log, sees the change itself and records it.
pub(super) fn note(house: &House, text: String) -> anyhow::Result<()> {
    if let JournalUse::Open(journal) = house.journal_unless_running()? {
        small_runtime()?.block_on(record(&journal, &house.clock, Kind::Admin, Some(text)))?;
        journal.close();
    }
    Ok(())
}

fn list(path: &Path, json: bool) -> anyhow::Result<()> {
    let house = open(path)?;
    let now = Timestamp(house.clock.now_millis());
    let rows = house.store.keys()?;
    if json {
        let all: Vec<_> = rows.iter().map(|k| json!({
            "id": k.id, "principal": k.principal.as_str(), "tenant": k.tenant.as_str(), "role": k.role.as_str(),
            "scopes": k.scopes, "created": rfc3339(k.created), "expires": k.expires.map(rfc3339),
            "state": state(k, now), "replaced_by": k.replaced_by, "note": k.note,
        })).collect();
        say::line(serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let mut table =
        Table::new(&["ID", "PRINCIPAL", "TENANT", "ROLE", "SCOPES", "CREATED", "STATE", "NOTE"]);
    for k in &rows {
        table.row([
            k.id.clone(),
            k.principal.to_string(),
            k.tenant.to_string(),
            k.role.as_str().to_owned(),
            k.scopes.join(" "),
            rfc3339(k.created),
            state(k, now),
            k.note.clone(),
        ]);
    }
    if table.is_empty() {
        say::note("there is no key: make one with `portcullis keys create NAME`");
    } else {
        say::text(table);
    }
    Ok(())
}

fn state(key: &ApiKeyRow, now: Timestamp) -> String {
    let over = |end: Option<Timestamp>| end.is_some_and(|end| now >= end);
    if key.revoked.is_some() {
        "revoked".to_owned()
    } else if over(key.expires) {
        "expired".to_owned()
    } else if over(key.overlap_until) {
        "replaced".to_owned()
    } else if let Some(until) = key.overlap_until {
        format!("good until {}", rfc3339(until))
    } else {
        key.expires.map_or("good".to_owned(), |end| format!("good until {}", rfc3339(end)))
    }
}
