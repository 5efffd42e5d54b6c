use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ConfigFile;

/// `portcullis audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show the last records
    #[command(after_help = "Example: portcullis audit tail -n 50")]
    Tail {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// How many
        #[arg(short = 'n', long, default_value_t = 20)]
        count: u64,
        /// Of calls by this tenant only
        #[arg(long)]
        tenant: Option<String>,
        /// The lines of the log instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Find records
    #[command(
        after_help = "Example: portcullis audit search --principal alice --outcome refused --since 2026-01-01"
    )]
    Search {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Which records.
        #[command(flatten)]
        search: Wanted,
        /// The lines of the log instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Check that no record was changed, removed or put in another order
    #[command(after_help = "Example: portcullis audit verify --against /mnt/elsewhere/checkpoints")]
    Verify {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Checkpoints that were kept elsewhere: shows a log that was cut short
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// The verifier key that was noted when the log began
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Prove that one record is in the log, for somebody who has only the verifier key
    #[command(after_help = "Example: portcullis audit prove 17 > record-17.tlog-proof")]
    Prove {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// The number of the record
        seq: u64,
        /// A JSON object with the record, instead of the C2SP form
        #[arg(long)]
        json: bool,
    },
    /// Write records for another program
    #[command(
        after_help = "Example: portcullis audit export --format ocsf --since 2026-01-01 > calls.jsonl"
    )]
    Export {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// In which form
        #[arg(long, value_enum, default_value = "jsonl")]
        format: ExportFormat,
        /// Which records.
        #[command(flatten)]
        search: Wanted,
    },
}

/// Which records; what is left out does not matter.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Who called
    #[arg(long)]
    pub principal: Option<String>,
    /// Whom the caller belongs to; without what belongs to no tenant
    #[arg(long)]
    pub tenant: Option<String>,
    /// What was called
    #[arg(long)]
    pub tool: Option<String>,
    /// What is behind it
    #[arg(long)]
    pub source: Option<String>,
    /// How it ended: ok, tool_error, refused, limited, failed, cancelled, input_required
    #[arg(long)]
    pub outcome: Option<String>,
    /// Why it was refused, as a stable code such as policy_denied
    #[arg(long)]
    pub code: Option<String>,
    /// Not before this moment, such as 2026-11-21 or 2026-11-21T10:00:00Z
    #[arg(long)]
    pub since: Option<String>,
    /// Before this moment
    #[arg(long)]
    pub until: Option<String>,
}

/// How records leave the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    /// The lines of the log
    Jsonl,
    /// OCSF 1.3 API Activity
    Ocsf,
    /// ArcSight Common Event Format
    Cef,
}
