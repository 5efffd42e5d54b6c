use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;

/// `portcullis vault …`
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Make a vault, and show its recovery key, once
    #[command(after_help = "Example: portcullis vault init --key-file /etc/portcullis/vault.key")]
    Init(VaultPlace),
    /// Set a secret: its value from a prompt or standard input, and where it may go
    #[command(
        after_help = "Example: portcullis vault set shop-token --host api.example.com < token.txt"
    )]
    Set(SetSecret),
    /// List secrets: names, versions and where they may go, never values
    #[command(after_help = "Example: portcullis vault list")]
    List {
        /// Which vault.
        #[command(flatten)]
        place: VaultPlace,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Give a secret its next value; where it may go stays
    #[command(after_help = "Example: portcullis vault rotate shop-token < new-token.txt")]
    Rotate {
        /// Which vault.
        #[command(flatten)]
        place: VaultPlace,
        /// The secret
        name: String,
    },
    /// Make a new master key and a new recovery key; values stay
    #[command(after_help = "Example: portcullis vault rekey")]
    Rekey(VaultPlace),
    /// Remove a secret
    #[command(after_help = "Example: portcullis vault delete shop-token")]
    Delete {
        /// Which vault.
        #[command(flatten)]
        place: VaultPlace,
        /// The secret
        name: String,
    },
    /// Set another key with the recovery key, which is used up
    #[command(after_help = "Example: portcullis vault recover --key-file /etc/portcullis/new.key")]
    Recover(VaultPlace),
    /// Forget the passphrase that the kernel's keyring remembers
    #[command(after_help = "Example: portcullis vault lock")]
    Lock(ConfigFile),
    /// Print where the vault is
    #[command(after_help = "Example: cp \"$(portcullis vault path)\" /backup/")]
    Path(ConfigFile),
    /// Hold the key, and give secrets to gates over a unix socket
    #[command(
        after_help = "Example: portcullis vault serve --socket /run/portcullis/vault.sock --key-file /etc/portcullis/vault.key"
    )]
    Serve(ServeVault),
}

/// Which vault, and what opens it.
#[derive(Debug, Clone, Args)]
pub struct VaultPlace {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// What opens it.
    #[command(flatten)]
    pub key: KeyOptions,
}

/// What opens the vault, in the place of `key` in the configuration.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub struct KeyOptions {
    /// A file (0600) with 32 random bytes in base64; `init` and `recover` make it if there is none
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// A credential of systemd with 32 random bytes in base64
    #[arg(long, value_name = "NAME")]
    pub key_systemd: Option<String>,
    /// A variable of the environment with 32 random bytes in base64
    #[arg(long, value_name = "VARIABLE")]
    pub key_env: Option<String>,
    /// A variable of the environment with the passphrase
    #[arg(long, value_name = "VARIABLE")]
    pub passphrase_env: Option<String>,
}

/// `portcullis vault set`
#[derive(Debug, Args)]
pub struct SetSecret {
    /// Which vault.
    #[command(flatten)]
    pub place: VaultPlace,
    /// Its name: a-z, 0-9, `-`, `_`, `.` and `/`
    pub name: String,
    /// A host it may be sent to, such as `api.example.com`, `*.example.com` or `10.0.0.5:8443`; may be repeated
    #[arg(long = "host", value_name = "HOST[:PORT]")]
    pub hosts: Vec<String>,
    /// A program it may be given to; may be repeated
    #[arg(long = "program", value_name = "PATH")]
    pub programs: Vec<PathBuf>,
    /// A webhook whose signatures are checked with it; may be repeated
    #[arg(long = "webhook", value_name = "NAME")]
    pub webhooks: Vec<String>,
    /// The gate's own wallet signs with it; it goes nowhere then
    #[arg(long, conflicts_with_all = ["hosts", "programs", "webhooks"])]
    pub wallet: bool,
}

/// `portcullis vault serve`
#[derive(Debug, Args)]
pub struct ServeVault {
    /// Configurations of the gates that may ask; the first says where the vault is
    #[arg(long = "config", short = 'c', default_value = "portcullis.toml", value_name = "FILE")]
    pub configs: Vec<PathBuf>,
    /// Where to listen, in a folder for its owner alone
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// What opens it.
    #[command(flatten)]
    pub key: KeyOptions,
}
