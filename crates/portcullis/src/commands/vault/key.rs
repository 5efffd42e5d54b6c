//! Which key opens the vault: what the command line says, then the configuration, then what a person types.

use std::sync::Arc;
use std::time::Duration;

use vault::{KeyError, KeySource, Keyring, Material, Passphrase, Remembered};

use super::{ask, shown};
use crate::cli::KeyOptions;
use crate::config::{Loaded, VaultKey};
use crate::house::{key_source, vault_file};
use crate::say;

/// The key of a vault that is there.
pub fn existing(loaded: &Loaded, options: &KeyOptions) -> anyhow::Result<Arc<dyn KeySource>> {
    let said = said(loaded, options);
    match said.as_ref().and_then(|key| key_source(loaded, key)) {
        Some(source) => Ok(source),
        None => Ok(Arc::new(Passphrase::given(ask::passphrase()?))),
    }
}

/// The same, for what leaves the key as it is: a passphrase is not asked for while the keyring remembers it.
pub fn remembered(loaded: &Loaded, options: &KeyOptions) -> anyhow::Result<Arc<dyn KeySource>> {
    let is_typed = said(loaded, options).is_none();
    if !is_typed || loaded.config.vault.remember.is_none() {
        return existing(loaded, options);
    }
    let ask = || {
        let typed = ask::passphrase().map_err(|e| KeyError::Unavailable(format!("{e:#}")))?;
        Ok(Passphrase::given(typed))
    };
    Ok(Arc::new(Remembered::new(keyring(loaded), ask)))
}

/// Where the passphrase of a vault is remembered.
pub fn keyring(loaded: &Loaded) -> Keyring {
    let life = loaded.config.vault.remember.map_or(Duration::ZERO, |life| life.0);
    Keyring::of(&vault_file(loaded), life)
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
