//! `portcullis vault serve`: the process that holds the key.

use std::os::unix::fs::MetadataExt as _;

use ambient::Clock;
use anyhow::Context as _;
use vault::{Daemon, Scope, Times, Vault};

use super::key;
use crate::cli::ServeVault;
use crate::commands::serve::small_runtime;
use crate::config::{self, Loaded};
use crate::house::{asked_to_end, client_name, start_logs, vault_file};
use crate::say;

/// Opens the vault and answers until it is asked to end.
pub fn run(command: &ServeVault) -> anyhow::Result<()> {
    let loaded: Vec<Loaded> =
        command.configs.iter().map(|path| config::load(path)).collect::<Result<_, _>>()?;
    let first = loaded.first().context("name a configuration with `--config`")?;
    start_logs(first.config.log);
    let source = key::existing(first, &command.key)?;
    let vault = Vault::open(&vault_file(first), source)?;
    let scopes = loaded.iter().map(scope).collect::<anyhow::Result<_>>()?;
    let socket = std::path::absolute(&command.socket)?;
    small_runtime()?.block_on(async {
        let daemon = Daemon::bind(&socket, vault, scopes, Times::default(), Clock::system())?;
        let end = asked_to_end()?;
        say::line(format_args!("listening on {}", super::shown(&socket)));
        daemon.serve(end).await;
        Ok(())
    })
}

/// What the gate of a configuration may ask for: the secrets it names. It runs as the user that this daemon runs as.
fn scope(loaded: &Loaded) -> anyhow::Result<Scope> {
    let uid = std::fs::metadata("/proc/self").context("/proc cannot be read")?.uid();
    Ok(Scope { client: client_name(&loaded.path), uid, names: loaded.secret_names() })
}
