use std::str::FromStr;

use clap::{Args, Subcommand};
use model::Effect;

use super::ConfigFile;

/// `portcullis pins …`
#[derive(Debug, Subcommand)]
pub enum PinsCommand {
    /// List what is pinned and what waits
    #[command(after_help = "Example: portcullis pins list --source files")]
    List {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Of this source only
        #[arg(long)]
        source: Option<String>,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show what changed in the definitions that wait
    #[command(after_help = "Example: portcullis pins diff notes__add_note")]
    Diff(Choice),
    /// Meet the sources now, as the first client would: pins what they offer
    #[command(after_help = "Example: portcullis pins meet")]
    Meet(ConfigFile),
    /// Accept definitions that wait, and effects
    #[command(
        after_help = "Examples: portcullis pins accept notes__add_note\n          portcullis pins accept --source files --effect proposed"
    )]
    Accept {
        /// Which.
        #[command(flatten)]
        choice: Choice,
        /// Accept this effect, too: `proposed`, or read, write, destructive, spend, config
        #[arg(long)]
        effect: Option<EffectChoice>,
    },
    /// Refuse definitions that wait, or ones accepted before
    #[command(after_help = "Example: portcullis pins reject notes__add_note")]
    Reject(Choice),
}

/// Which definitions.
#[derive(Debug, Args)]
pub struct Choice {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Names, as `pins list` shows them
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// All of one source
    #[arg(long)]
    pub source: Option<String>,
    /// All of all sources
    #[arg(long)]
    pub all: bool,
}

/// An effect to accept.
#[derive(Debug, Clone, Copy)]
pub enum EffectChoice {
    /// The one that annotations and name suggest.
    Proposed,
    /// This one.
    Is(Effect),
}

impl FromStr for EffectChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "proposed" { Ok(Self::Proposed) } else { text.parse().map(Self::Is) }
    }
}
