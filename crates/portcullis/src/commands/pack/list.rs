use std::path::Path;
use std::process::ExitCode;

use packs::{BUILTIN, Pack};
use serde_json::{Value, json};

use super::find::configuration;
use crate::config::{self, Loaded, PackEntry};
use crate::say;
use crate::table::Table;

/// One line of the list.
struct Row {
    name: String,
    version: String,
    from: String,
    state: String,
    summary: String,
}

/// Lists the packs of the configuration, then those that ship and are not in it.
pub fn run(path: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let loaded = configuration(path)?;
    let mut rows: Vec<Row> =
        loaded.config.packs.iter().map(|(key, entry)| installed(key, entry, &loaded)).collect();
    for name in packs::builtin_names() {
        let from = format!("{BUILTIN}{name}");
        if loaded.config.packs.values().all(|entry| entry.from != from) {
            let pack = Pack::read(packs::builtin(name)?)?;
            rows.push(row(name, from, "ships", &pack));
        }
    }
    if as_json {
        let all: Vec<Value> = rows.iter().map(to_json).collect();
        say::line(serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["PACK", "VERSION", "FROM", "STATE", "WHAT"]);
    for Row { name, version, from, state, summary } in rows {
        table.row([name, version, from, state, summary]);
    }
    say::text(table);
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, from: String, state: &str, pack: &Pack) -> Row {
    Row {
        name: name.to_owned(),
        version: pack.version.clone(),
        from,
        state: state.to_owned(),
        summary: pack.summary.clone(),
    }
}

fn installed(key: &str, entry: &PackEntry, loaded: &Loaded) -> Row {
    match config::open(entry, loaded) {
        Ok(opened) => {
            let state = opened.state();
            row(key, entry.from.clone(), state, &opened.pack)
        }
        Err((_, error)) => Row {
            name: key.to_owned(),
            version: String::new(),
            from: entry.from.clone(),
            state: error.code.as_str().to_owned(),
            summary: error.message,
        },
    }
}

fn to_json(row: &Row) -> Value {
    json!({
        "pack": row.name,
        "version": row.version,
        "from": row.from,
        "state": row.state,
        "summary": row.summary,
    })
}
