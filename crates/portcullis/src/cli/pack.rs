use clap::{Args, Subcommand};

use super::ConfigFile;

/// `portcullis pack …`
#[derive(Debug, Subcommand)]
pub enum PackCommand {
    /// List the packs that ship and those of the configuration
    #[command(after_help = "Example: portcullis pack list")]
    List {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show what a pack is, what approving it grants, and the lines that install it
    #[command(
        after_help = "Examples: portcullis pack show github\n          portcullis pack show ./packs/ours"
    )]
    Show(ShowPack),
    /// Show what is new in a pack of the configuration, and approve it with `--write`
    #[command(after_help = "Example: portcullis pack approve github --write")]
    Approve(ApprovePack),
}

/// `portcullis pack show`
#[derive(Debug, Args)]
pub struct ShowPack {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// A pack of the configuration, one that ships, or a folder
    #[arg(value_name = "NAME|FOLDER")]
    pub pack: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// `portcullis pack approve`
#[derive(Debug, Args)]
pub struct ApprovePack {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// A pack of the configuration
    #[arg(value_name = "NAME")]
    pub pack: String,
    /// Write `approved` into the configuration
    #[arg(long)]
    pub write: bool,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
