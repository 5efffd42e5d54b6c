use clap::Subcommand;

use super::ConfigFile;

/// `portcullis wallet …`
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Show what ecash there is at each mint, and what is in flight; asks no mint
    #[command(after_help = "Example: portcullis wallet status")]
    Status {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Ask a mint for a Lightning invoice that buys ecash
    #[command(
        after_help = "Example: portcullis wallet mint-quote https://mint.example.com 1000\nOnce the invoice is paid: portcullis wallet mint QUOTE"
    )]
    MintQuote {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One of the mints of `[payments.cashu]`
        mint: String,
        /// How much, in satoshi
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        amount: u64,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Take the ecash of a quote whose invoice was paid
    #[command(after_help = "Example: portcullis wallet mint 3q0vTz8mZ4w")]
    Mint {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// The quote, as `wallet mint-quote` and `wallet status` show it
        quote: String,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Take a token from standard input: it is swapped at its mint at once, so that nobody else can spend it
    #[command(after_help = "Example: portcullis wallet receive < token.txt")]
    Receive {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Ask the mints what became of what was broken off, and take what is there
    #[command(after_help = "Example: portcullis wallet recover && portcullis wallet status")]
    Recover {
        /// Which configuration.
        #[command(flatten)]
        file: ConfigFile,
        /// One JSON array instead of text
        #[arg(long)]
        json: bool,
    },
}
