//! Where the secrets of an installation come from.

use std::path::PathBuf;
use std::sync::Arc;

use ambient::Clock;
use model::{NoVault, Secrets};
use vault::{KeySource, Material, Passphrase, RemoteVault, Vault};

use super::House;
use crate::config::{Loaded, VaultKey};

impl House {
    /// What gives out secrets: the vault, the daemon that holds it, or nothing. A vault is opened when the first
    /// secret is needed; one that cannot be refuses the calls that need it, and no others.
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        let loaded = &self.loaded;
        match &loaded.config.vault.key {
            Some(VaultKey::Daemon(socket)) => {
                Arc::new(remote(loaded, loaded.resolve(socket), self.clock.clone()))
            }
            Some(key) => match key_source(loaded, key) {
                Some(source) => Arc::new(Vault::closed(&vault_file(loaded), source)),
                None => Arc::new(NoVault),
            },
            None => Arc::new(NoVault),
        }
    }
}

/// The vault file of a configuration.
pub fn vault_file(loaded: &Loaded) -> PathBuf {
    match &loaded.config.vault.file {
        Some(file) => loaded.resolve(file),
        None => loaded.state_dir().join("vault"),
    }
}

/// What opens the vault, as the configuration says; a daemon has the key to itself.
pub fn key_source(loaded: &Loaded, key: &VaultKey) -> Option<Arc<dyn KeySource>> {
    Some(match key {
        VaultKey::PassphraseEnv(name) => Arc::new(Passphrase::variable(name)),
        VaultKey::KeyFile(path) => Arc::new(Material::file(loaded.resolve(path))),
        VaultKey::Systemd(name) => Arc::new(Material::credential(name)),
        VaultKey::Env(name) => Arc::new(Material::variable(name)),
        VaultKey::Daemon(_) => return None,
    })
}

/// The name under which a daemon knows a configuration: its path, links followed.
pub fn client_name(path: &std::path::Path) -> String {
    let real = path.canonicalize().or_else(|_| std::path::absolute(path));
    real.unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn remote(loaded: &Loaded, socket: PathBuf, clock: Clock) -> RemoteVault {
    RemoteVault::new(socket, client_name(&loaded.path), clock)
}
