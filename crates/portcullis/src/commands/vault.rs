mod ask;
mod key;
mod serve;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ambient::Clock;
use audit::rfc3339;
use model::SecretName;
use serde_json::json;
use vault::{Bindings, KeySource, Listed, RecoveryKey, Safe};

use super::keys::note;
use crate::cli::{KeyOptions, SetSecret, VaultCommand, VaultPlace};
use crate::config::{self, Loaded};
use crate::house::{House, vault_file};
use crate::say;
use crate::table::Table;

/// Makes a vault, and sets, lists, rotates and deletes what is in it.
pub fn run(command: VaultCommand) -> anyhow::Result<ExitCode> {
    match command {
        VaultCommand::Init(place) => init(&place)?,
        VaultCommand::Set(set) => self::set(&set)?,
        VaultCommand::List { place, json } => list(&place, json)?,
        VaultCommand::Rotate { place, name } => rotate(&place, &name)?,
        VaultCommand::Rekey(place) => rekey(&place)?,
        VaultCommand::Delete { place, name } => delete(&place, &name)?,
        VaultCommand::Recover(place) => recover(&place)?,
        VaultCommand::Lock(file) => lock(&config::load(&file.config)?),
        VaultCommand::Path(file) => say::line(vault_file(&config::load(&file.config)?).display()),
        VaultCommand::Serve(command) => serve::run(&command)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(place: &VaultPlace) -> anyhow::Result<()> {
    let loaded = config::load(&place.file.config)?;
    let path = vault_file(&loaded);
    anyhow::ensure!(
        path.symlink_metadata().is_err(),
        "there is a vault {} already, and it is never overwritten: move it away first",
        path.display()
    );
    let source = key::fresh(&loaded, &place.key)?;
    let (_, recovery) = Safe::init(&path, source, Clock::system())?;
    say::note(format_args!("the vault {} is made", path.display()));
    show(&recovery);
    if loaded.config.vault.key.is_none() {
        say::note("for a gate to open it, say what its key is: see `key` in [vault]");
    }
    record(loaded, "vault made".to_owned())
}

fn set(set: &SetSecret) -> anyhow::Result<()> {
    let name = secret_name(&set.name)?;
    let bindings = bindings(set)?;
    let (loaded, safe) = open(&set.place)?;
    let value = ask::value(&name)?;
    let listed = safe.set(&name, &value, &bindings)?;
    say::line(format_args!("{name} is set: version {}, {}", listed.version, uses(&listed)));
    record(loaded, format!("secret {name} set, version {}", listed.version))
}

/// Programs by the file that is started in the end: that is what a gate asks for.
fn bindings(set: &SetSecret) -> anyhow::Result<Bindings> {
    if set.wallet {
        return Ok(Bindings::wallet());
    }
    let mut programs = Vec::new();
    for path in &set.programs {
        let real = path
            .canonicalize()
            .map_err(|e| anyhow::anyhow!("the program {} cannot be found: {e}", path.display()))?;
        let text = real
            .to_str()
            .ok_or_else(|| anyhow::anyhow!("the path {} is not UTF-8", real.display()))?;
        programs.push(text.to_owned());
    }
    let bindings = Bindings::parse(&set.hosts, &programs, &set.webhooks);
    let bindings = bindings.map_err(anyhow::Error::msg)?;
    anyhow::ensure!(
        !bindings.is_empty(),
        "a secret that is bound to nothing could be used for nothing: add `--host`, `--program`, `--webhook` or `--wallet`"
    );
    Ok(bindings)
}

fn rotate(place: &VaultPlace, name: &str) -> anyhow::Result<()> {
    let name = secret_name(name)?;
    let (loaded, safe) = open(place)?;
    anyhow::ensure!(
        safe.list()?.iter().any(|s| s.name == name),
        "the vault has no secret `{name}`: see `portcullis vault list`"
    );
    let value = ask::value(&name)?;
    let listed = safe.rotate(&name, &value)?;
    say::line(format_args!(
        "{name} has a new value, version {}: running gates use it from the next call on",
        listed.version
    ));
    record(loaded, format!("secret {name} rotated, version {}", listed.version))
}

fn rekey(place: &VaultPlace) -> anyhow::Result<()> {
    // With the passphrase itself, not with what is remembered of it.
    let (loaded, safe) = open_with(place, key::existing)?;
    let recovery = safe.rekey()?;
    key::keyring(&loaded).forget();
    say::note("the vault has a new master key; the recovery key before opens it no more");
    show(&recovery);
    record(loaded, "vault rekeyed".to_owned())
}

fn delete(place: &VaultPlace, name: &str) -> anyhow::Result<()> {
    let name = secret_name(name)?;
    let (loaded, safe) = open(place)?;
    safe.delete(&name)?;
    say::line(format_args!("{name} is deleted: calls that need it are refused from now on"));
    record(loaded, format!("secret {name} deleted"))
}

fn recover(place: &VaultPlace) -> anyhow::Result<()> {
    let loaded = config::load(&place.file.config)?;
    let written = ask::hidden("Recovery key: ")?;
    let recovery = RecoveryKey::parse(written.reveal())?;
    let source = key::fresh(&loaded, &place.key)?;
    let (_, fresh) = Safe::recover(&vault_file(&loaded), recovery, source, Clock::system())?;
    key::keyring(&loaded).forget();
    say::note("the vault has a new key; the one before opens it no more");
    show(&fresh);
    record(loaded, "vault recovered: it has a new key".to_owned())
}

/// Forgets what is remembered, whatever the configuration says by now.
fn lock(loaded: &Loaded) {
    if key::keyring(loaded).forget() {
        say::line("the passphrase is forgotten: the next command asks for it");
    } else {
        say::line("nothing was remembered in this session");
    }
}

fn open(place: &VaultPlace) -> anyhow::Result<(Loaded, Safe)> {
    open_with(place, key::remembered)
}

fn open_with(
    place: &VaultPlace,
    key: impl Fn(&Loaded, &KeyOptions) -> anyhow::Result<Arc<dyn KeySource>>,
) -> anyhow::Result<(Loaded, Safe)> {
    let loaded = config::load(&place.file.config)?;
    let path = vault_file(&loaded);
    // Before anybody is asked for a passphrase of a vault that is not there.
    anyhow::ensure!(
        path.symlink_metadata().is_ok(),
        "there is no vault {}: make one with `portcullis vault init`",
        path.display()
    );
    let source = key(&loaded, &place.key)?;
    let safe = Safe::open(&path, source, Clock::system())?;
    Ok((loaded, safe))
}

/// The only place a recovery key is ever shown.
fn show(recovery: &RecoveryKey) {
    say::line(&*recovery.text());
    say::note(
        "this is the recovery key: it is shown now and never again. Keep it apart from this machine; \
         with it, and without the other key, `portcullis vault recover` opens the vault",
    );
}

fn list(place: &VaultPlace, json: bool) -> anyhow::Result<()> {
    let (_, safe) = open(place)?;
    let all = safe.list()?;
    if json {
        let all: Vec<_> = all
            .iter()
            .map(|s| {
                json!({
                    "name": s.name.as_str(), "version": s.version, "hosts": s.bindings.hosts(),
                    "programs": s.bindings.programs(), "webhooks": s.bindings.webhooks(),
                    "wallet": s.bindings.is_wallet(),
                    "created": rfc3339(s.created), "changed": rfc3339(s.changed),
                })
            })
            .collect();
        say::line(serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "VERSION", "MAY GO TO", "CREATED", "CHANGED"]);
    for s in &all {
        table.row([
            s.name.to_string(),
            s.version.to_string(),
            uses(s),
            rfc3339(s.created),
            rfc3339(s.changed),
        ]);
    }
    if table.is_empty() {
        say::note("there is no secret: set one with `portcullis vault set NAME`");
    } else {
        say::text(table);
    }
    Ok(())
}

fn uses(listed: &Listed) -> String {
    let bindings = &listed.bindings;
    let webhooks = bindings.webhooks().iter().map(|w| format!("webhook {w}"));
    let all = bindings.hosts().into_iter().chain(bindings.programs().iter().cloned());
    let wallet = bindings.is_wallet().then(|| "the wallet".to_owned());
    all.chain(webhooks).chain(wallet).collect::<Vec<_>>().join(" ")
}

fn secret_name(text: &str) -> anyhow::Result<SecretName> {
    SecretName::new(text).map_err(anyhow::Error::msg)
}

/// Records what was done. A running gate has the log to itself: then the vault is all that shows it.
fn record(loaded: Loaded, text: String) -> anyhow::Result<()> {
    note(&House::open(loaded)?, text)
}

/// The path of a configuration, for messages.
fn shown(path: &Path) -> String {
    audit::terminal_safe(&path.display().to_string()).into_owned()
}
