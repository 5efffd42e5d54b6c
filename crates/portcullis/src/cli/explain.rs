use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigFile, ExplainPayment, RoleName};

/// `portcullis explain …`
#[derive(Debug, Subcommand)]
pub enum Explain {
    /// A call of a tool
    #[command(
        after_help = "Example: portcullis explain call --principal alice --tool files__read_file --args '{\"path\":\"/srv/docs/a\"}'"
    )]
    Call(ExplainCall),
    /// A URL: whether it would be dialled, by which rule, and at which addresses
    #[command(
        after_help = "Example: portcullis explain url https://api.example.com/ --resolve api.example.com=10.0.0.5"
    )]
    Url(ExplainUrl),
    /// A request: exactly what a call of a tool of an HTTP API would send, its credentials masked
    #[command(
        after_help = "Example: portcullis explain request --source shop --tool getItem --args '{\"id\":7}'"
    )]
    Request(ExplainRequest),
    /// A demand for money: whether it would be paid, by which rule, and how much to whom
    #[command(
        after_help = "Example: curl -si https://api.example.com/report | portcullis explain payment --url https://api.example.com/report --challenge -"
    )]
    Payment(ExplainPayment),
    /// A recording: which tools became of it, on which evidence, and what was left out
    #[command(after_help = "Example: portcullis explain recording --source shop")]
    Recording(ExplainRecording),
}

/// `portcullis explain recording`
#[derive(Debug, Args)]
pub struct ExplainRecording {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// The source
    #[arg(long, value_name = "NAME")]
    pub source: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// `portcullis explain request`
#[derive(Debug, Args)]
pub struct ExplainRequest {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// The API
    #[arg(long, value_name = "NAME")]
    pub source: String,
    /// Whom the caller belongs to
    #[arg(long, default_value = "default")]
    pub tenant: String,
    /// The tool, by the API's own name
    #[arg(long, value_name = "NAME")]
    pub tool: String,
    /// Its arguments, a JSON object
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub args: String,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// `portcullis explain url`
#[derive(Debug, Args)]
pub struct ExplainUrl {
    /// The URL
    #[arg(required_unless_present = "batch", value_name = "URL")]
    pub url: Option<String>,
    /// Which configuration; read only where `--source` is given.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Judge it as a target of this source: with the private places it names
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Take these addresses for a name and ask no resolver; may be repeated
    #[arg(long, value_name = "NAME=ADDRESS[,ADDRESS]")]
    pub resolve: Vec<String>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Read cases from standard input, one JSON object a line, and write one verdict a line
    #[arg(long)]
    pub batch: bool,
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
