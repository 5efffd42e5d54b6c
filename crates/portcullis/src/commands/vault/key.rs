//! Which key opens the vault: what the command line says, then the configuration, then what a person types.

use std::sync::Arc;

use vault::{KeySource, Material, Passphrase};

use super::{ask, shown};
use crate::cli::KeyOptions;
use crate::config::{Loaded, VaultKey};
use crate::house::key_source;
use crate::say;

/// The key of a vault that is there.
pub fn existing(loaded: &Loaded, options: &KeyOptions) -> anyhow::Result<Arc<dyn KeySource>> {
    let said = said(loaded, options);
    match said.as_ref().and_then(|key| key_source(loaded, key)) {
        Some(source) => Ok(source),
        None => Ok(Arc::new(Passphrase::given(ask::passphrase()?))),
    }
}

/// The key of a vault that is to be closed with it: a key file is made if there is none, a passphrase is judged.
pub fn fresh(loaded: &Loaded, options: &KeyOptions) -> anyhow::Result<Arc<dyn KeySource>> {
    match said(loaded, options) {
        Some(VaultKey::KeyFile(path)) => {
            let path = loaded.resolve(&path);
            if path.symlink_metadata().is_ok() {
                return Ok(Arc::new(Material::file(path)));
            }
            let made = Material::generate(&path)?;
            say::note(format_args!("the key file {} is made: keep a copy of it", shown(&path)));
            Ok(Arc::new(made))
        }
        Some(VaultKey::PassphraseEnv(name)) => Ok(Arc::new(Passphrase::variable(name).judged()?)),
        Some(key) if !matches!(key, VaultKey::Daemon(_)) => existing(loaded, options),
        _ => Ok(Arc::new(Passphrase::new(ask::new_passphrase()?)?)),
    }
}

/// What the command line says, or the configuration.
fn said(loaded: &Loaded, options: &KeyOptions) -> Option<VaultKey> {
    let KeyOptions { key_file, key_systemd, key_env, passphrase_env } = options.clone();
    // A path on the command line begins where the operator stands, not at the configuration.
    let file = key_file.map(|path| std::path::absolute(&path).unwrap_or(path));
    file.map(VaultKey::KeyFile)
        .or_else(|| key_systemd.map(VaultKey::Systemd))
        .or_else(|| key_env.map(VaultKey::Env))
        .or_else(|| passphrase_env.map(VaultKey::PassphraseEnv))
        .or_else(|| loaded.config.vault.key.clone())
}
