//! How things stand on this machine.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use gate::Tool;
use identity::Installation;
use model::{Effect, Timestamp};
use protocol::mcp::Version;
use store::Keys as _;

use super::Advice;
use crate::commands::look::{self, Look};
use crate::config::{Auth, Loaded};
use crate::house::{House, audit_dir, good, money, policies, strays, unfit};

/// Files that only their owner may read.
pub fn files(loaded: &Loaded, found: &mut Vec<Advice>) {
    let state = loaded.state_dir();
    if state.join("installation.key").exists()
        && let Err(e) = Installation::load(&state)
    {
        found.push(Advice::new(
            "installation-key",
            e.to_string(),
            "the gate does not start like this",
        ));
    }
    let tls = loaded.config.server.tls.as_ref().map(|tls| loaded.resolve(&tls.key));
    for path in [Some(state.join("state.db")), Some(audit_dir(loaded).join("key")), tls]
        .into_iter()
        .flatten()
    {
        let mode = path.metadata().map_or(0, |m| m.mode() & 0o7777);
        if mode & 0o077 != 0 {
            found.push(Advice::new(
                "file-mode",
                format!("{} has mode {mode:04o}, which lets others at it", path.display()),
                format!("run `chmod 600 {}`", path.display()),
            ));
        }
    }
}

/// Whether the log is what was written.
pub fn log(loaded: &Loaded, found: &mut Vec<Advice>) {
    let dir = audit_dir(loaded);
    if !dir.exists() {
        return;
    }
    let kept = loaded.config.audit.checkpoint_to.as_ref();
    let kept = kept.and_then(|path| std::fs::read_to_string(loaded.resolve(path)).ok());
    match journal::verify(&dir, kept.as_deref(), None) {
        Ok(report) => {
            for problem in report.problems {
                let at = problem.record.map(|r| format!("record {r}: ")).unwrap_or_default();
                found.push(Advice::new(
                    "audit-changed",
                    format!("the audit log was changed: {at}{}", problem.reason),
                    "find out who did; see `portcullis audit verify`",
                ));
            }
        }
        Err(journal::ReadError::Missing(_)) => {}
        Err(e) => found.push(Advice::new(
            "audit-unreadable",
            e.to_string(),
            "see `portcullis audit verify`",
        )),
    }
}

/// Whether the store can be read and trusted, and whether anybody gets in.
pub fn store(loaded: &Loaded, found: &mut Vec<Advice>) {
    if !loaded.state_dir().join("state.db").exists() {
        return;
    }
    let house = match House::open(loaded.clone()) {
        Ok(house) => house,
        Err(e) => {
            return found.push(Advice::new(
                "store",
                format!("{e:#}"),
                "the gate does not start like this",
            ));
        }
    };
    let now = Timestamp(house.clock.now_millis());
    match house.store.keys() {
        Err(e) => {
            found.push(Advice::new("store", e.to_string(), "restore the database from a backup"));
        }
        Ok(rows) if loaded.config.server.auth == Auth::Keys && good(&rows, now) == 0 => {
            found.push(Advice::new(
                "no-keys",
                "there is no good API key, so nobody gets in",
                "make one with `portcullis keys create NAME`",
            ));
        }
        Ok(_) => {}
    }
}

/// Whether the books of money load, and are as far as the audit log says.
pub fn ledger(loaded: &Loaded, found: &mut Vec<Advice>) {
    if loaded.config.payments.is_none() || !loaded.state_dir().join("state.db").exists() {
        return;
    }
    let Ok(house) = House::open(loaded.clone()) else { return };
    if let Err(e) = money::treasury(&house) {
        let fix = "put the newer file back; where it is lost, see what wallets say was paid since, then run `portcullis ledger confirm-restored`";
        found.push(Advice::new("ledger", e.to_string(), fix).error());
    }
}

/// What the sources offer, against what was agreed to.
pub async fn tools(path: &Path, found: &mut Vec<Advice>) {
    let Ok(look) = Look::open(path) else { return };
    let Ok(client) = look::client(&look::operator(), Version::MODERN) else { return };
    let tools = look.gate.tools(&client).await;
    let prompts = look.gate.prompts(&client).await;
    let mut silent = Vec::new();
    for source in look.gate.sources() {
        if let Some(trouble) = source.status().last_trouble {
            silent.push(source.name().clone());
            found.push(Advice::new(
                "source-down",
                format!("source `{}`: {trouble}", source.name()),
                "see that it runs, or take it out of the configuration",
            ));
        }
        let name = source.name().as_str();
        unaccepted(name, tools.iter().filter(|t| t.source == name), found);
    }
    for (name, holder, newcomer) in look.gate.collisions() {
        found.push(Advice::new(
            "collision",
            format!("{newcomer} and {holder} would both be called {name}"),
            "give one another name with `names`",
        ));
    }
    for tool in &tools {
        of_tool(tool, found);
    }
    for (tenant, pattern) in unfit(&look.loaded, &tools) {
        found.push(Advice::new(
            "tenant-pattern",
            format!("tenant `{tenant}`: the pattern `{pattern}` matches no tool that its sources have now"),
            "see the names with `portcullis tools --tenant NAME`, or leave it out",
        ));
    }
    if let Ok(set) = policies(&look.loaded, 1) {
        for stray in strays(&look.loaded, &set, &tools, &prompts, &silent) {
            found.push(Advice::new(
                "name-unmatched",
                format!(
                    "{}: `{}` matches nothing that there is now{}",
                    stray.place, stray.name, stray.hint
                ),
                "see the names with `portcullis tools`; a line that matches nothing does nothing",
            ));
        }
    }
    look.close().await;
}

fn unaccepted<'a>(source: &str, tools: impl Iterator<Item = &'a Tool>, found: &mut Vec<Advice>) {
    let names: Vec<&str> = tools.filter(|t| !t.accepted).map(|t| t.exposed.as_str()).collect();
    if !names.is_empty() {
        found.push(Advice::new(
            "effects-unaccepted",
            format!(
                "source `{source}`: no effect is accepted for {}, so they count as destructive",
                names.join(", ")
            ),
            format!(
                "set `effects`, or run `portcullis pins accept --source {source} --effect proposed`"
            ),
        ));
    }
}

fn of_tool(tool: &Tool, found: &mut Vec<Advice>) {
    if let Some(why) = &tool.quarantined {
        found.push(Advice::new(
            "quarantined",
            format!("{} is quarantined: {why}", tool.exposed),
            format!("see `portcullis pins diff {}`, then accept or reject it", tool.exposed),
        ));
    }
    if tool.accepted && tool.effect == Effect::Read && tool.proposed != Effect::Read {
        found.push(Advice::new(
            "effect-conflict",
            format!(
                "{} is set to `read`, and its own name or annotations suggest `{}`",
                tool.exposed, tool.proposed
            ),
            "look at what it does, and set its effect by name",
        ));
    }
}
