use std::collections::BTreeSet;
use std::time::Duration;

use model::money::{Asset, MoneyRule};
use serde::{Deserialize, Serialize};

/// What a budget counts by: each value has a count of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Everything there is, in one count.
    #[default]
    All,
    /// Whom the caller belongs to.
    Tenant,
    /// The caller.
    Agent,
    /// The caller's session.
    Session,
    /// The tool, by its exposed name.
    Tool,
    /// The source.
    Source,
    /// Who is paid.
    Payee,
    /// Scheme, host and port of the seller.
    Origin,
    /// The way to pay.
    Rail,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::All,
        Self::Tenant,
        Self::Agent,
        Self::Session,
        Self::Tool,
        Self::Source,
        Self::Payee,
        Self::Origin,
        Self::Rail,
    ];

    /// The name used in configuration and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tenant => "tenant",
            Self::Agent => "agent",
            Self::Session => "session",
            Self::Tool => "tool",
            Self::Source => "source",
            Self::Payee => "payee",
            Self::Origin => "origin",
            Self::Rail => "rail",
        }
    }

    /// The scope of a name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// How far back a budget looks: sliding, half-open `(now - window, now]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// One payment.
    Call,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// For ever.
    Lifetime,
    /// Any other length, named by the code of the nearest one above. At most [`Window::LONGEST`].
    Other(Duration),
}

impl Window {
    /// The longest window but [`Window::Lifetime`]: 366 days. What ended earlier is no longer told apart.
    pub const LONGEST: Duration = Duration::from_hours(366 * 24);

    const NAMED: [(Duration, MoneyRule); 5] = [
        (Duration::from_mins(1), MoneyRule::MinuteCap),
        (Duration::from_hours(1), MoneyRule::HourCap),
        (Duration::from_hours(24), MoneyRule::DayCap),
        (Duration::from_hours(7 * 24), MoneyRule::WeekCap),
        (Duration::from_hours(30 * 24), MoneyRule::MonthCap),
    ];

    /// Its length; nothing for one payment, and the longest there is for a lifetime.
    pub const fn length(self) -> Duration {
        match self {
            Self::Call => Duration::ZERO,
            Self::Minute => Self::NAMED[0].0,
            Self::Hour => Self::NAMED[1].0,
            Self::Day => Self::NAMED[2].0,
            Self::Week => Self::NAMED[3].0,
            Self::Month => Self::NAMED[4].0,
            Self::Lifetime => Duration::MAX,
            Self::Other(length) => length,
        }
    }

    /// The rule that a payment breaks which does not fit.
    pub fn rule(self) -> MoneyRule {
        match self {
            Self::Call => MoneyRule::PerCallCap,
            Self::Lifetime => MoneyRule::LifetimeCap,
            _ => {
                let length = self.length();
                let near = Self::NAMED.iter().min_by_key(|(named, _)| named.abs_diff(length));
                near.map_or(MoneyRule::MonthCap, |(_, rule)| *rule)
            }
        }
    }
}

/// In what a budget counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Payments of every asset, without their amounts: for count limits alone.
    Any,
    /// The smallest unit of one asset.
    Asset(Asset),
    /// A symbol of the trusted table, such as `USDC`, over all networks; in units of that many decimals.
    Symbol(String, u8),
    /// A reference currency, such as `USD`, in the units in which [`Rate`](crate::Rate) tells it. Sums are converted
    /// at the rate of the moment of judging and rounded up, against the spender.
    Reference(String),
}

/// One limit that an operator set. All that apply must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The operator's name for it.
    pub name: String,
    /// Each value of this has a count of its own.
    pub per: Scope,
    /// Only payments with this value.
    pub only: Option<String>,
    /// Only payments in one of these assets.
    pub assets: Option<BTreeSet<Asset>>,
    /// How far back.
    pub window: Window,
    /// In what.
    pub unit: Unit,
    /// The most that may be spent, inclusive. Zero: nothing. `None`: any amount.
    pub limit: Option<u128>,
    /// The most payments, inclusive.
    pub count: Option<u32>,
    /// One payment of more than this asks a person.
    pub ask_above: Option<u128>,
    /// One payment of more than this asks two.
    pub four_eyes_above: Option<u128>,
}

impl Budget {
    /// A budget over everything, without any limit yet.
    pub fn new(name: impl Into<String>, window: Window, unit: Unit) -> Self {
        Self {
            name: name.into(),
            per: Scope::All,
            only: None,
            assets: None,
            window,
            unit,
            limit: None,
            count: None,
            ask_above: None,
            four_eyes_above: None,
        }
    }

    /// The rule that a payment breaks whose amount does not fit.
    pub fn rule(&self) -> MoneyRule {
        match (self.per, self.window) {
            (Scope::Origin, window) if window != Window::Call => MoneyRule::OriginCap,
            (_, window) => window.rule(),
        }
    }
}
