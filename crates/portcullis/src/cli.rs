//! What can be said on the command line.

mod approvals;
mod audit;
mod explain;
mod keys;
mod money;
mod pack;
mod pins;
mod vault;
mod wallet;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use approvals::{ApprovalsCommand, Which};
pub use audit::{AuditCommand, ExportFormat, Wanted};
pub use explain::{
    Explain, ExplainCall, ExplainRecording, ExplainRequest, ExplainUrl, PolicyCommand, Who,
};
pub use keys::{CreateKey, KeysCommand, RoleName};
pub use money::{BudgetCommand, ExplainPayment, LedgerCommand, Pause, Statement};
pub use pack::{ApprovePack, PackCommand, ShowPack};
pub use pins::{Choice, EffectChoice, PinsCommand};
pub use vault::{KeyOptions, ServeVault, SetSecret, VaultCommand, VaultPlace};
pub use wallet::WalletCommand;

/// One guarded doorway between AI agents and everything they call.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    propagate_version = false,
    after_help = "Exit codes: 0 all is well, 1 a problem was found, 2 the command line is wrong."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(long = "config", short = 'c', default_value = "portcullis.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gate: agents connect over HTTP
    #[command(after_help = "Example: portcullis serve --config portcullis.toml")]
    Serve(ConfigFile),
    /// Serve one client over standard input and output, as the local user
    #[command(
        after_help = "Example, in a client's mcpServers: \"command\": \"portcullis\", \"args\": [\"stdio\"]"
    )]
    Stdio(ConfigFile),
    /// Write a configuration from the mcpServers of Claude Desktop, Cursor or VS Code, or from recorded traffic (HAR)
    #[command(after_help = "Example: portcullis import ~/.cursor/mcp.json --out portcullis.toml")]
    Import(Import),
    /// Check a configuration and its policies, without starting anything
    #[command(after_help = "Example: portcullis check --config portcullis.toml")]
    Check(ConfigFile),
    /// List risky settings, each with its fix
    #[command(after_help = "Example: portcullis doctor || echo 'something to fix'")]
    Doctor(Doctor),
    /// Ask every source what it offers, and show it with effects, pins and findings
    #[command(after_help = "Example: portcullis tools --json | jq '.[].exposed'")]
    Tools(Tools),
    /// Say what would become of a call, and why, without making it
    #[command(subcommand)]
    Explain(Explain),
    /// Check, test and question policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Make, list, revoke and rotate API keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Keep secrets, each for the hosts and programs it is meant for
    #[command(subcommand)]
    Vault(VaultCommand),
    /// See and approve packs: sources that others wrote, held to a manifest
    #[command(subcommand)]
    Pack(PackCommand),
    /// See and decide on what sources say of themselves
    #[command(subcommand)]
    Pins(PinsCommand),
    /// See and answer calls that wait for a person
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
    /// See payments, look into those whose outcome is not known, and export what was spent
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// See how budgets stand
    #[command(subcommand)]
    Budget(BudgetCommand),
    /// Fill the wallet of ecash, and see what is in it
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Stop spending at once: all of it, or one agent's, one rail's, one seller's
    #[command(after_help = "Example: portcullis pause agent:alice")]
    Pause(Pause),
    /// Let paused spending go on
    #[command(after_help = "Example: portcullis resume agent:alice")]
    Resume(Pause),
    /// Read and verify the log of every call
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show the gate at work, with two small servers and a shop that ship with it
    #[command(after_help = "Example: portcullis demo --keep")]
    Demo(Demo),
    /// About the configuration file itself
    #[command(subcommand)]
    Config(ConfigCommand),
    /// One of the servers of the demonstration
    #[command(name = "__demo", hide = true, subcommand)]
    DemoServer(DemoServer),
}

/// `portcullis import`
#[derive(Debug, Args)]
pub struct Import {
    /// Files with `mcpServers` (Claude Desktop, Cursor) or `servers` (VS Code), or recorded traffic (HAR)
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write the configuration; an existing file is never overwritten
    #[arg(long, default_value = "portcullis.toml", value_name = "FILE")]
    pub out: PathBuf,
    /// Write without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// `portcullis doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// One JSON array instead of text
    #[arg(long)]
    pub json: bool,
    /// Do not ask the sources what they offer
    #[arg(long)]
    pub offline: bool,
}

/// `portcullis tools`
#[derive(Debug, Args)]
pub struct Tools {
    /// Which configuration.
    #[command(flatten)]
    pub file: ConfigFile,
    /// Only what is there for this tenant, as it sees it
    #[arg(long)]
    pub tenant: Option<String>,
    /// One JSON array instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `portcullis demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the gate running afterwards, for a client of your own
    #[arg(long)]
    pub keep: bool,
}

/// `portcullis config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the JSON Schema of the configuration, for editors
    #[command(after_help = "Example: portcullis config schema > portcullis.schema.json")]
    Schema,
    /// Print the configuration with secrets masked, fit to be shown to others
    #[command(after_help = "Example: portcullis config show")]
    Show(ConfigFile),
}

/// `portcullis __demo …`
#[derive(Debug, Subcommand)]
pub enum DemoServer {
    /// Notes, over standard input and output
    Notes {
        /// Its second version, whose descriptions have changed
        #[arg(long)]
        poisoned: bool,
        /// A file whose presence makes it the second version
        #[arg(long)]
        poisoned_if: Option<PathBuf>,
    },
    /// The weather, over HTTP
    Weather,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_whole_command_line_is_consistent_and_every_visible_command_explains_itself() {
        let mut cli = Cli::command();
        cli.clone().debug_assert();
        cli.build();
        for command in cli.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help")
        {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            let leaves: Vec<_> =
                command.get_subcommands().filter(|c| c.get_name() != "help").collect();
            let leaves = if leaves.is_empty() { vec![command] } else { leaves };
            for leaf in leaves {
                let example = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(example.contains("Example"), "{} {}", command.get_name(), leaf.get_name());
            }
        }
    }
}
