use std::collections::BTreeMap;

use model::money::Rail;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Value;
use super::units::Span;

/// `[payments]`: whom to pay, in what, and by which ways. Without this section nothing is ever paid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Payments {
    /// Sellers, each by scheme, host and port; `*.` stands for exactly one label. Nobody else is paid.
    pub origins: Vec<String>,
    /// The ways to pay that may be used, the preferred one first, among those that cost the same to you.
    pub rails: Vec<RailName>,
    /// By how many percent a price may rise above the agreed one before a person is asked (20).
    pub price_tolerance: Option<u32>,
    /// Whether the limit for fees counts before it is known (`strict`) or fees count as they come (`usual`).
    pub fees_in_caps: FeesInCaps,
    /// Payees that are never paid, whatever is pinned.
    pub payees_denied: Vec<String>,
    /// Above which amount of one payment a person is asked, whatever the budgets say (`"1 USD"`).
    pub ask_above: Option<String>,
    /// Above which amount of one payment two persons must agree (`"50 USD"`).
    pub four_eyes_above: Option<String>,
    /// Tokens that are trusted, and what each is.
    pub asset: Vec<AssetEntry>,
    /// Payees and prices that are agreed to beforehand.
    pub pin: Vec<PinEntry>,
    /// What one unit of a currency is worth in another, for budgets in that other one, by the symbol of the first.
    pub rates: BTreeMap<String, RateEntry>,
    /// Payments on EVM chains.
    pub x402: Option<X402>,
    /// Payments over Lightning.
    pub lightning: Option<Lightning>,
    /// Payments in ecash.
    pub cashu: Option<Cashu>,
    /// Payments that a person makes with a wallet of their own.
    pub human: Option<Human>,
    /// Where services may be searched for that announce themselves on Nostr: relays, as `wss://` URLs.
    pub relays: Vec<String>,
    /// Targets of this section on your own network, as `host:port`.
    pub private: Vec<String>,
}

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RailName {
    /// A signed authorisation on an EVM chain.
    X402,
    /// A Lightning invoice and a token.
    L402,
    /// The HTTP Payment scheme.
    Mpp,
    /// Ecash in a header.
    Cashu,
    /// A person pays, from a page with a QR code.
    Human,
}

impl From<RailName> for Rail {
    fn from(name: RailName) -> Self {
        match name {
            RailName::X402 => Self::X402,
            RailName::L402 => Self::L402,
            RailName::Mpp => Self::Mpp,
            RailName::Cashu => Self::Cashu,
            RailName::Human => Self::Human,
        }
    }
}

/// When fees count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeesInCaps {
    /// As they are known.
    #[default]
    Usual,
    /// At their limit, from the beginning.
    Strict,
}

/// A token that is trusted. What a seller says of it is held against this, never believed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AssetEntry {
    /// `eip155:<chain>/erc20:<address>` (CAIP-19).
    pub id: String,
    /// What people call it: `USDC`.
    pub symbol: String,
    /// Decimals of one unit.
    #[schemars(range(max = 36))]
    pub decimals: u8,
    /// `name` of its EIP-712 domain.
    pub name: String,
    /// `version` of its EIP-712 domain.
    pub version: String,
}

/// What is agreed to beforehand for one tool at one seller. What a person keeps later stands above it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PinEntry {
    /// Scheme, host and port of the seller.
    pub origin: String,
    /// The exposed name of the tool.
    pub tool: String,
    /// Who is paid: an address, or the key of a Lightning node in hex.
    pub payee: Option<String>,
    /// The price that was agreed to: `"0.01 USDC"`.
    pub price: Option<String>,
    /// The price that the seller advertises elsewhere.
    pub advertised: Option<String>,
}

/// What one unit is worth.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RateEntry {
    /// Its worth: `"0.001 USD"`.
    pub worth: String,
    /// When that was so, in RFC 3339. Without it the rate does not age: right for what is pegged.
    pub at: Option<String>,
    /// How long it holds (24h).
    pub max_age: Option<Span>,
}

/// `[payments.x402]`: what is signed on chains, for x402 and for the Payment scheme.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct X402 {
    /// Chains that may be paid on, in CAIP-2: `eip155:8453`.
    pub networks: Vec<String>,
    /// `exact`, `upto`.
    #[serde(default = "exact")]
    pub schemes: Vec<String>,
    /// The key of the wallet, 32 bytes in hex: `vault:wallet`. Without it the gate signs nothing, and only persons pay here.
    #[serde(default)]
    pub key: Option<Value>,
    /// Where each chain is asked (JSON-RPC over HTTP). Without any, what a seller says of a settlement stays unproven.
    #[serde(default)]
    pub rpc: BTreeMap<String, Vec<String>>,
    /// How many of them must agree (all).
    pub quorum: Option<usize>,
    /// Blocks on top of the one that holds the transfer (1).
    pub confirmations: Option<u64>,
    /// Whether the wallet signs in where a caller has paid before and the seller takes that for a payment (`paid`), or nowhere (`off`).
    #[serde(default)]
    pub sign_in: SignInWhere,
    /// Sellers of `origins` at which the wallet signs in for every caller, paid or not: to them all callers are one.
    #[serde(default)]
    pub sign_in_at: Vec<String>,
}

/// Where the wallet signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignInWhere {
    /// Where the same caller has paid with it before.
    #[default]
    Paid,
    /// Nowhere.
    Off,
}

fn exact() -> Vec<String> {
    vec!["exact".to_owned()]
}

/// `[payments.lightning]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lightning {
    /// `mainnet`, `testnet`, `signet` or `regtest`.
    #[serde(default = "mainnet")]
    pub network: String,
    /// The wallet that pays.
    pub wallet: LightningWallet,
    /// The least that a fee may be, whatever the amount, in satoshi (10).
    pub fee_min: Option<u64>,
    /// The most that a fee may be above that, in percent of the amount (1).
    pub fee_percent: Option<u32>,
    /// How long a payment is waited for (60s). What is not answered by then is held and looked up.
    pub timeout: Option<Span>,
    /// Whether the node that is paid is pinned too.
    #[serde(default)]
    pub pin_nodes: bool,
    /// Sellers whose tokens are taken without being readable: nothing then binds token and invoice.
    #[serde(default)]
    pub opaque_tokens: Vec<String>,
    /// Whether sessions are opened: a deposit is paid, requests are paid for from it, and the seller owes the rest.
    #[serde(default)]
    pub sessions: bool,
}

fn mainnet() -> String {
    "mainnet".to_owned()
}

/// One Lightning wallet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LightningWallet {
    /// LNbits: its URL and the admin key of a wallet.
    Lnbits {
        /// Where it is.
        url: String,
        /// The key.
        key: Value,
    },
    /// LND over REST: its URL and a macaroon in hex.
    Lnd {
        /// Where it is.
        url: String,
        /// The macaroon.
        macaroon: Value,
    },
    /// Core Lightning over REST: its URL and a rune.
    Cln {
        /// Where it is.
        url: String,
        /// The rune.
        rune: Value,
    },
    /// The wallet of ecash: the mints of `[payments.cashu]` pay (NUT-05).
    Ecash {},
    /// Nostr Wallet Connect (NIP-47): the connection URI, which is a secret.
    Nwc {
        /// The URI.
        uri: Value,
    },
}

/// `[payments.cashu]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cashu {
    /// Mints that are trusted with money.
    pub mints: Vec<String>,
    /// Whether ecash may be locked to a key of the seller: it can then not be taken back.
    #[serde(default)]
    pub locks: bool,
}

/// `[payments.human]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Human {
    /// The wallet with which you pay invoices. It is only asked what became of one, so a key that reads is enough.
    pub wallet: Option<LightningWallet>,
    /// Sellers that take the hash of a transfer on a chain (`X-PAYMENT` with `txHash`); standard ones of x402 do not.
    pub transfers: Vec<String>,
}

impl Payments {
    /// Whether persons may be asked to pay.
    pub fn by_hand(&self) -> bool {
        self.human.is_some() || self.rails.contains(&RailName::Human)
    }
}

/// `[[budget]]`: what may be spent. All budgets that apply must hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BudgetEntry {
    /// What it is called in answers and tables.
    pub name: Option<String>,
    /// Each of what has this budget of its own; `all` for one that everybody shares.
    #[serde(default)]
    pub per: Per,
    /// Only this one: `alice`, `https://api.example.com`.
    pub only: Option<String>,
    /// In which time, sliding: `24h`, `7d`; `call` for one payment, `lifetime` for ever.
    pub window: String,
    /// How much: `"10 USD"`, `"1000 sat"`; `"none"` for no limit.
    pub limit: Option<String>,
    /// How many payments.
    pub count: Option<u32>,
    /// Above which amount of one payment a person is asked: `"1 USD"`.
    pub ask_above: Option<String>,
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// One budget for everything.
    #[default]
    All,
    /// Each tenant.
    Tenant,
    /// Each principal.
    Agent,
    /// Each session.
    Session,
    /// Each tool.
    Tool,
    /// Each source.
    Source,
    /// Each payee.
    Payee,
    /// Each seller.
    Origin,
    /// Each way to pay.
    Rail,
}

impl LightningWallet {
    /// A name that stays the same while it is the same wallet: its kind and where it is, no secret.
    pub fn name(&self) -> String {
        match self {
            Self::Lnbits { url, .. } => format!("lnbits {url}"),
            Self::Lnd { url, .. } => format!("lnd {url}"),
            Self::Cln { url, .. } => format!("cln {url}"),
            Self::Ecash {} => "ecash".to_owned(),
            Self::Nwc { .. } => "nwc".to_owned(),
        }
    }
}
