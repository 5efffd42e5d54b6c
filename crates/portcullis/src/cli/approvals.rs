use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;

/// `portcullis approvals …`
#[derive(Debug, Subcommand)]
pub enum ApprovalsCommand {
    /// List calls that wait for a person
    #[command(after_help = "Example: portcullis approvals list --all")]
    List {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Those that were answered, used or ran out lately, too
        #[arg(long)]
        all: bool,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show one: what exactly would be done, for whom, and what changed since the last such call
    #[command(
        after_help = "Example: portcullis approvals show apr_0123456789abcdef0123456789abcdef"
    )]
    Show {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Its id, as `approvals list` shows it
        id: String,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Say yes: the call may be made, once
    #[command(
        after_help = "Example: portcullis approvals approve apr_0123456789abcdef0123456789abcdef"
    )]
    Approve {
        /// Which, and who answers.
        #[command(flatten)]
        which: Which,
        /// Remember payee and price for the next time
        #[arg(long)]
        keep: bool,
        /// Let it count in every session of the caller, not only in the one that asked
        #[arg(long)]
        any_session: bool,
    },
    /// Say no
    #[command(
        after_help = "Example: portcullis approvals refuse apr_0123456789abcdef0123456789abcdef"
    )]
    Refuse(Which),
}

/// Which question, and who answers it.
#[derive(Debug, Args)]
pub struct Which {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Its id, as `approvals list` shows it
    pub id: String,
    /// Answer as the operator whose API key is in this file (`-`: standard input), not as the user of this machine
    #[arg(long = "as", value_name = "FILE")]
    pub operator: Option<PathBuf>,
}
