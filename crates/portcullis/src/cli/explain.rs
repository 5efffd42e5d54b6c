use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigFile, RoleName};

/// `portcullis explain …`
#[derive(Debug, Subcommand)]
pub enum Explain {
    /// A call of a tool
    #[command(
        after_help = "Example: portcullis explain call --principal alice --tool files__read_file --args '{\"path\":\"/srv/docs/a\"}'"
    )]
    Call(ExplainCall),
}

/// `portcullis explain call`
#[derive(Debug, Args)]
pub struct ExplainCall {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Who calls.
    #[command(flatten)]
    pub who: Who,
    /// The tool, by the name agents use
    #[arg(long, required_unless_present = "batch")]
    pub tool: Option<String>,
    /// Its arguments, a JSON object
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub args: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Read cases from standard input, one JSON object a line, and write one verdict a line
    #[arg(long)]
    pub batch: bool,
}

/// Who calls.
#[derive(Debug, Args)]
pub struct Who {
    /// Who calls
    #[arg(long, default_value = "anonymous")]
    pub principal: String,
    /// Whom they belong to
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// What they are to the gate
    #[arg(long, value_enum, default_value = "agent")]
    pub role: RoleName,
    /// What their key is limited to; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
}

/// `portcullis policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Compile the policies of the configuration and say how many there are
    #[command(after_help = "Example: portcullis policy check")]
    Check(ConfigFile),
    /// Run cases against the policies: one JSON object a line, with the verdict it should get
    #[command(
        after_help = "Example of a case: {\"principal\":\"alice\",\"source\":\"files\",\"name\":\"files__read\",\"effect\":\"read\",\"expect\":\"allow\"}"
    )]
    Test {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// The cases
        #[arg(value_name = "FILE")]
        cases: PathBuf,
    },
    /// Say which policies apply to a call, without asking any source
    #[command(
        after_help = "Example: portcullis policy explain --principal alice --source files --tool files__read --effect read"
    )]
    Explain {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// Who calls.
        #[command(flatten)]
        who: Who,
        /// The source
        #[arg(long)]
        source: String,
        /// The tool, by the name agents use
        #[arg(long)]
        tool: String,
        /// Its accepted effect; destructive and not accepted when left out
        #[arg(long)]
        effect: Option<model::Effect>,
        /// Its arguments, a JSON object
        #[arg(long, default_value = "{}", value_name = "JSON")]
        args: String,
    },
}
