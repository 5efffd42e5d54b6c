use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units::Span;

/// `[vault]`: where secrets are kept that `vault:name` and `${vault:name}` stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Vault {
    /// The file; `vault` in the state folder when not set. A relative path begins at the configuration.
    pub file: Option<PathBuf>,
    /// What opens it. Commands ask for a passphrase when it is not set; a gate has nobody to ask.
    pub key: Option<VaultKey>,
    /// How long the kernel's keyring remembers a passphrase that was typed, for the next command of the same login
    /// session; 24 h at most. Not at all when not set. `portcullis vault lock` forgets it.
    pub remember: Option<Span>,
}

/// What opens the vault: one of these.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VaultKey {
    /// A variable of the environment that holds the passphrase.
    PassphraseEnv(String),
    /// A file (0600) that holds 32 random bytes in base64.
    KeyFile(PathBuf),
    /// A credential of systemd that holds 32 random bytes in base64.
    Systemd(String),
    /// A variable of the environment that holds 32 random bytes in base64: for containers without anything better.
    Env(String),
    /// The socket of `portcullis vault serve`: this program never has the key.
    Daemon(PathBuf),
}
