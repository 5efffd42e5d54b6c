use clap::{Args, Subcommand, ValueEnum};
use model::Role;

use super::ConfigFile;
use crate::config::units::Span;

/// `portcullis keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and show it, once
    #[command(
        after_help = "Example: portcullis keys create alice --scope 'tool:files__*' --expires 90d"
    )]
    Create(CreateKey),
    /// List keys: whose they are and how they stand, never the keys themselves
    #[command(after_help = "Example: portcullis keys list")]
    List {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Take a key out of use, now
    #[command(after_help = "Example: portcullis keys revoke 0123456789ab")]
    Revoke {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// The id of the key, as `keys list` shows it
        id: String,
    },
    /// Make a key that takes the place of another, which stays good for a while
    #[command(after_help = "Example: portcullis keys rotate 0123456789ab --overlap 24h")]
    Rotate {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// The id of the old key
        id: String,
        /// How long the old key stays good
        #[arg(long, default_value = "24h")]
        overlap: Span,
    },
}

/// `portcullis keys create`
#[derive(Debug, Args)]
pub struct CreateKey {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Whom the key proves: the name of an agent, a person or a service
    pub principal: String,
    /// Whom they belong to
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// What they are to the gate
    #[arg(long, value_enum, default_value = "agent")]
    pub role: RoleName,
    /// What the key is limited to, such as `tool:files__*`; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// After how long it is refused, such as `90d`
    #[arg(long, value_name = "SPAN")]
    pub expires: Option<Span>,
    /// A note for yourself
    #[arg(long, default_value = "")]
    pub note: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// A role, as it is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// It calls tools.
    Agent,
    /// It may change the gate.
    Operator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Agent => Self::Agent,
            RoleName::Operator => Self::Operator,
        }
    }
}
