//! Whether the secrets that a configuration refers to are there.

use std::path::Path;

use ambient::Clock;
use vault::{Keyring, Safe};

use super::Advice;
use crate::config::{Loaded, VaultKey};
use crate::house::{key_source, vault_file};

/// The vault, its key and every reference to it.
pub fn look(loaded: &Loaded, found: &mut Vec<Advice>) {
    remembered(loaded, found);
    let wanted = loaded.secret_names();
    let path = vault_file(loaded);
    let Some(key) = &loaded.config.vault.key else {
        if !wanted.is_empty() {
            found.push(Advice::new(
                "vault-key",
                "secrets of the vault are referred to, and nothing says what opens it: calls that need one are refused",
                "set `key` in [vault], such as `key = { key-file = \"vault.key\" }`",
            ));
        }
        return;
    };
    let Some(source) = key_source(loaded, key) else { return daemon(loaded, key, found) };
    if !path.exists() && wanted.is_empty() {
        return;
    }
    let listed = Safe::open(&path, source, Clock::system()).and_then(|safe| safe.list());
    let listed = match listed {
        Ok(listed) => listed,
        Err(e) => {
            found.push(Advice::new(
                e.code(),
                e.to_string(),
                "until then calls that need a secret are refused",
            ));
            return;
        }
    };
    for name in wanted.iter().filter(|name| !listed.iter().any(|s| s.name == **name)) {
        found.push(Advice::new(
            "secret-missing",
            format!("the secret `{name}` is referred to and not in the vault: calls that need it are refused"),
            format!("run `portcullis vault set {name} --host HOST` (or `--program PATH`)"),
        ));
    }
    readable_by_all(key, found);
}

/// Whether a typed passphrase is remembered, where that is wanted.
fn remembered(loaded: &Loaded, found: &mut Vec<Advice>) {
    let Some(life) = loaded.config.vault.remember else { return };
    let text = match Keyring::check() {
        Ok(()) => format!(
            "the kernel's keyring remembers the passphrase of the vault for {} s, within one login session",
            life.0.as_secs()
        ),
        Err(why) => format!(
            "the passphrase of the vault is asked for each time: the kernel's keyring cannot be used here: {why}"
        ),
    };
    found.push(Advice::info("vault-remember", text));
}

fn daemon(loaded: &Loaded, key: &VaultKey, found: &mut Vec<Advice>) {
    let VaultKey::Daemon(socket) = key else { return };
    let socket = loaded.resolve(socket);
    if !socket.exists() {
        found.push(Advice::new(
            "vault-daemon",
            format!(
                "nothing listens on {}: calls that need a secret are refused",
                socket.display()
            ),
            format!("run `portcullis vault serve --socket {}`", socket.display()),
        ));
    }
}

/// The environment of a process can be read by every other process of its user.
fn readable_by_all(key: &VaultKey, found: &mut Vec<Advice>) {
    let (VaultKey::PassphraseEnv(name) | VaultKey::Env(name)) = key else { return };
    let container = Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists();
    if !container {
        found.push(Advice::new(
            "vault-key-in-environment",
            format!("the key of the vault is in the environment (`{name}`), which every program of this user can read"),
            "use `key = { key-file = … }`, a credential of systemd, or `portcullis vault serve`",
        ));
    }
}
