use model::Timestamp;
use model::money::{Asset, Rail};

use crate::{Address, Listed, Origin, Price};

/// All that a judgement rests on, but for what was spent.
#[derive(Debug, Clone)]
pub struct Situation {
    /// What the operator allows.
    pub policy: Policy,
    /// What is known at this moment.
    pub known: Known,
}

/// What the operator allows about money. What is not named here is not allowed.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Origins that may be paid.
    pub origins: Vec<Listed>,
    /// Rails, the preferred one first.
    pub rails: Vec<Rail>,
    /// Chains by CAIP-2 that may be paid on.
    pub networks: Vec<String>,
    /// Ways to sign on chains that may be used.
    pub schemes: Vec<Scheme>,
    /// The assets that are money here, bitcoin (`sat`) among them.
    pub assets: Vec<AssetRow>,
    /// The currency that prices and limits are in, `USD` for one.
    pub reference: String,
    /// Who is never paid: addresses, keys of nodes, hosts.
    pub denied_payees: Vec<String>,
    /// How far above its reference a price may be, in percent.
    pub tolerance_percent: u32,
    /// From where on a person is asked.
    pub thresholds: Thresholds,
    /// Lightning.
    pub lightning: Lightning,
    /// Whether fee limits count against limits before they are spent.
    pub fees_in_caps: bool,
    /// Mints whose ecash may be used.
    pub mints: Vec<cashu::MintUrl>,
    /// Whether ecash may be spent in satoshi, the one unit that is counted here.
    pub ecash: bool,
    /// Whether ecash may be locked to a key of the seller (NUT-11): it cannot be taken back then.
    pub ecash_locks: bool,
    /// Origins whose L402 tokens need not be macaroons: nothing binds such a token to its invoice.
    pub opaque_tokens: Vec<Origin>,
    /// Sellers that take the hash of a transfer that a person made. Standard ones of x402 do not.
    pub transfers: Vec<Listed>,
    /// Where the wallet signs in instead of paying once more.
    pub sign_in: SignIn,
}

/// Where the wallet signs in (x402 extension `sign-in-with-x`). What is not named here is not allowed.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// Where the same caller has paid with the wallet before.
    pub where_paid: bool,
    /// For every caller, at these sellers.
    pub anyone: Vec<Listed>,
}

/// From where on a person is asked; a threshold itself is not above it.
#[derive(Debug, Clone, Default)]
pub struct Thresholds {
    /// Above these one person is asked.
    pub ask_above: Vec<Price>,
    /// Above these two persons are asked.
    pub four_eyes_above: Vec<Price>,
}

/// A way to pay by a signature on EVM chains, as x402 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// `exact` by `transferWithAuthorization` (EIP-3009); also the authorization of an EVM charge of the Payment scheme.
    ExactEip3009,
    /// `exact` by Permit2 and the pinned proxy.
    ExactPermit2,
    /// `upto` by Permit2 and the pinned proxy.
    Upto,
}

impl Scheme {
    /// As terms and configuration name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExactEip3009 => "exact/eip3009",
            Self::ExactPermit2 => "exact/permit2",
            Self::Upto => "upto",
        }
    }
}

/// An asset that is money here.
#[derive(Debug, Clone)]
pub struct AssetRow {
    /// Its name.
    pub asset: Asset,
    /// The contract with its chain and EIP-712 domain; `None` for bitcoin. Its decimals are those of the row.
    pub token: Option<evm::Token>,
    /// The symbol that the operator calls it by.
    pub symbol: String,
    /// Decimals.
    pub decimals: u8,
    /// What one whole unit (for bitcoin, one satoshi) is worth, in 10^-9 of the reference currency.
    pub worth: Option<u128>,
}

/// Rules of Lightning.
#[derive(Debug, Clone)]
pub struct Lightning {
    /// The network that invoices must be for.
    pub network: lightning::Network,
    /// Routing fees up to this are always allowed, in satoshi.
    pub fee_floor: u128,
    /// Routing fees up to this share of the amount are allowed, in 1/10000.
    pub fee_basis_points: u32,
    /// Whether deposits are paid that open a session.
    pub sessions: bool,
}

impl Lightning {
    /// The most that routing may cost, in satoshi.
    pub fn fee_limit(&self, sat: u128) -> u128 {
        let share = sat.saturating_mul(u128::from(self.fee_basis_points)) / 10_000;
        share.max(self.fee_floor)
    }
}

/// What is known at this moment.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The time.
    pub now: Timestamp,
    /// Our own accounts: never payees.
    pub wallets: Vec<Address>,
    /// What is pinned.
    pub pins: Pins,
    /// Who and what is stopped.
    pub paused: Paused,
    /// Assets whose contract did not say at the start what the table says.
    pub disabled: Vec<Asset>,
    /// Chains whose endpoint answers for another chain, by CAIP-2.
    pub wrong_chains: Vec<String>,
    /// Invoices that have been paid, by their payment hashes.
    pub paid: Vec<lightning::PaymentHash>,
    /// The routing fee that the wallet expects, in satoshi, if it was asked.
    pub quoted_fee: Option<u128>,
    /// The ecash that there is, mint by mint.
    pub purses: Vec<Purse>,
    /// Whether the payee proved who it is, where that is asked of it.
    pub identity: Option<bool>,
}

/// What is known of the ecash at one mint.
#[derive(Debug, Clone)]
pub struct Purse {
    /// The mint.
    pub mint: cashu::MintUrl,
    /// The most that the mint may take for one payment, in satoshi. It does not move with what is in the purse, so that
    /// what a person agreed to is still what is asked for a moment later.
    pub fee_limit: u128,
    /// What can be spent; `None` where that is not known.
    pub coins: Option<Vec<cashu::Coin>>,
}

/// What is pinned for the tools of an origin.
#[derive(Debug, Clone, Default)]
pub struct Pins(pub Vec<Pin>);

/// What is pinned for one tool at one origin.
#[derive(Debug, Clone)]
pub struct Pin {
    /// The origin.
    pub origin: Origin,
    /// The tool.
    pub tool: String,
    /// Who was accepted as payee on chains.
    pub payee: Option<Address>,
    /// The node that is to be paid over Lightning, where the operator pins one.
    pub node: Option<lightning::NodeId>,
    /// The price that was accepted.
    pub price: Option<Price>,
    /// The price that was advertised, by a manifest or a directory.
    pub advertised: Option<Price>,
}

impl Pins {
    /// What is pinned here.
    pub fn of(&self, origin: &Origin, tool: &str) -> Option<&Pin> {
        self.0.iter().find(|pin| pin.origin == *origin && pin.tool == tool)
    }
}

/// Who and what is stopped: `all`, or a kind and a name such as `agent:a2`, `rail:x402`, `tool:weather`.
#[derive(Debug, Clone, Default)]
pub struct Paused(pub Vec<String>);

impl Paused {
    /// Whether one of these is stopped.
    pub fn stops(&self, kind: &str, name: &str) -> bool {
        self.0.iter().any(|entry| {
            entry == "all" || entry.split_once(':').is_some_and(|both| both == (kind, name))
        })
    }
}
