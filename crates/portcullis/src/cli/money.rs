use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ConfigFile;

/// `portcullis ledger …`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// List payments, the latest change first; or show one
    #[command(after_help = "Example: portcullis ledger show --state held")]
    Show {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One payment, by its id
        id: Option<String>,
        /// Only those that are asked, granted, reserved, signed, sent, held, settled, released or denied
        #[arg(long)]
        state: Option<String>,
        /// Only those of this agent
        #[arg(long)]
        agent: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// List payments whose outcome is not known: their money stays held
    #[command(after_help = "Example: portcullis ledger holds")]
    Holds {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Ask wallets, mints and chains what became of held payments, and book what they prove
    #[command(
        after_help = "Example: portcullis ledger reconcile\nExample: portcullis ledger reconcile 0123456789abcdef0123456789abcdef --released 'the seller confirmed in writing'"
    )]
    Reconcile {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One payment, which you have looked into yourself
        #[arg(requires = "word")]
        id: Option<String>,
        /// Your word that nothing was paid, and what you know it from: its money is free again
        #[arg(long, value_name = "WHY", group = "word", requires = "id")]
        released: Option<String>,
        /// Your word that it was paid in full, and where the proof is
        #[arg(long, value_name = "PROOF", group = "word", requires = "id")]
        settled: Option<String>,
    },
    /// Write what was spent, by month, tenant, agent, tool and payee
    #[command(after_help = "Example: portcullis ledger export --format csv > spend.csv")]
    Export {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// In which form
        #[arg(long, default_value = "csv")]
        format: Statement,
    },
    /// Confirm that this machine's clock is right although the books have later moments
    #[command(after_help = "Example: portcullis ledger confirm-clock")]
    ConfirmClock(ConfigFile),
    /// Confirm that a ledger which the audit log knows to be older than another is the one to go on with
    #[command(after_help = "Example: portcullis ledger confirm-restored")]
    ConfirmRestored(ConfigFile),
}

/// The form of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Statement {
    /// Comma-separated values (RFC 4180)
    Csv,
    /// A JSON array
    Json,
}

/// `portcullis budget …`
#[derive(Debug, Subcommand)]
pub enum BudgetCommand {
    /// Show how every budget stands: used, held and left
    #[command(after_help = "Example: portcullis budget status")]
    Status {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
}

/// `portcullis pause` and `portcullis resume`
#[derive(Debug, Args)]
pub struct Pause {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// What: `all`, `agent:NAME`, `tenant:NAME`, `tool:NAME`, `source:NAME`, `origin:URL`, `payee:WHO` or `rail:NAME`
    #[arg(default_value = "all")]
    pub what: String,
}

/// `portcullis explain payment`
#[derive(Debug, Args)]
pub struct ExplainPayment {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// What was asked for
    #[arg(long, required_unless_present = "batch")]
    pub url: Option<String>,
    /// The method it was asked with
    #[arg(long, default_value = "GET")]
    pub method: String,
    /// The tool that was called, by its exposed name
    #[arg(long)]
    pub tool: Option<String>,
    /// The answer that asks for money: its status line, header fields, an empty line and the body, as `curl -i` prints it
    /// (`-`: standard input)
    #[arg(long, value_name = "FILE", required_unless_present = "batch")]
    pub challenge: Option<PathBuf>,
    /// Read one JSON case a line (id, url, status, headers, body, state) and write one answer a line
    #[arg(long, conflicts_with_all = ["url", "challenge"])]
    pub batch: bool,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
