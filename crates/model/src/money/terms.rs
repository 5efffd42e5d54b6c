use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Amount, Asset};
use crate::Timestamp;

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rail {
    /// x402: a signed authorisation on an EVM chain.
    X402,
    /// L402: a Lightning invoice and a token.
    L402,
    /// Cashu: ecash in a header (NUT-24).
    Cashu,
    /// The HTTP Payment scheme (MPP).
    Mpp,
    /// A person pays with a wallet of their own.
    Human,
}

impl Rail {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::X402, Self::L402, Self::Cashu, Self::Mpp, Self::Human];

    /// The name used in configuration, records and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X402 => "x402",
            Self::L402 => "l402",
            Self::Cashu => "cashu",
            Self::Mpp => "mpp",
            Self::Human => "human",
        }
    }
}

impl fmt::Display for Rail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Rail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|rail| rail.as_str() == text);
        found.ok_or_else(|| {
            format!("unknown rail `{}`: use x402, l402, cashu, mpp or human", text.escape_debug())
        })
    }
}

/// What a payee asks, in our own words: everything an approval binds and a record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The way to pay.
    pub rail: Rail,
    /// How, on that rail: `exact/eip3009`, `exact/permit2`, `upto`, `lightning`, `cashu`.
    pub scheme: String,
    /// Where the asset lives: CAIP-2 for chains, `lightning:mainnet`, the URL of a mint for ecash.
    pub network: String,
    /// The most that may leave for the payee, without fees.
    pub amount: Amount,
    /// The most that fees may add, in the same asset.
    pub fee_limit: u128,
    /// Who is paid: an EIP-55 address, the key of a node in hex, or the host that takes ecash.
    pub payee: String,
    /// Scheme, host and port of the seller.
    pub origin: String,
    /// What is paid for: `METHOD URL` or `mcp://tool/<name>`.
    pub resource: String,
    /// When the offer ends, if it says so.
    pub expires: Option<Timestamp>,
}

impl Terms {
    /// One line for each part, in a fixed order: what a digest of the terms is made of.
    pub fn canonical(&self) -> String {
        let Self { rail, scheme, network, amount, fee_limit, payee, origin, resource, .. } = self;
        let Amount { asset, minor } = amount;
        let parts: [&dyn fmt::Display; 9] =
            [rail, scheme, network, asset, minor, fee_limit, payee, origin, resource];
        // A newline within a part would let two different terms look alike.
        let lines = parts.iter().map(|part| part.to_string().escape_default().to_string());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The asset.
    pub const fn asset(&self) -> &Asset {
        &self.amount.asset
    }
}
