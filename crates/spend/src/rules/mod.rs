//! The rules, in the order in which they speak. Each is about one thing and knows nothing of the others, but that those
//! before it have passed.

mod amount;
mod asset;
mod caps;
mod network;
mod origin;
pub(crate) mod payee;
pub(crate) mod price;
mod scheme;
pub(crate) mod signing;
mod syntax;
pub(crate) mod time;

use model::money::MoneyRule;

use crate::candidate::{Candidate, Form};
use crate::{AssetRow, Caps, Cost, Purse, Reason, Request, Situation, Target};

/// One way to pay, and all that it is held against.
pub(crate) struct Case<'a> {
    pub(crate) candidate: &'a Candidate<'a>,
    pub(crate) request: &'a Request<'a>,
    pub(crate) target: &'a Result<Target, Reason>,
    pub(crate) situation: &'a Situation,
    pub(crate) caps: &'a dyn Caps,
}

/// What a rule makes of it.
pub(crate) enum Finding {
    /// Nothing.
    Fine,
    /// Nothing, and a budget is 80 % used up.
    Soft,
    /// A person decides.
    Ask(Vec<Reason>),
    /// It is not paid.
    Deny(Reason),
}

/// A rule of the buying side.
pub struct Rule {
    /// What it looks at.
    pub about: &'static str,
    check: fn(&Case<'_>) -> Finding,
}

impl Rule {
    const fn new(about: &'static str, check: fn(&Case<'_>) -> Finding) -> Self {
        Self { about, check }
    }

    pub(crate) fn check(&self, case: &Case<'_>) -> Finding {
        (self.check)(case)
    }
}

/// All rules in their order: the first that denies names the reason, those that ask are gathered.
pub const RULES: [Rule; 25] = [
    Rule::new("syntax and size", syntax::readable),
    Rule::new("pause", origin::not_paused),
    Rule::new("origin", origin::listed),
    Rule::new("redirect", origin::not_redirected),
    Rule::new("resource", origin::same_resource),
    Rule::new("rail", scheme::rail_enabled),
    Rule::new("network", network::enabled),
    Rule::new("scheme", scheme::enabled),
    Rule::new("asset", asset::known),
    Rule::new("domain", asset::as_listed),
    Rule::new("payee form", payee::lawful),
    Rule::new("time window", time::in_time),
    Rule::new("paid before", payee::not_paid_before),
    Rule::new("amount form", amount::lawful),
    Rule::new("payee deny list", payee::not_denied),
    Rule::new("funds and fee limit", caps::fee_within_limit),
    Rule::new("caps", caps::room),
    Rule::new("payee pin", payee::pinned),
    Rule::new("identity", payee::identified),
    Rule::new("first charge", price::charged_before),
    Rule::new("price", price::near_reference),
    Rule::new("threshold of one person", price::below_threshold),
    Rule::new("threshold of two persons", price::below_second_threshold),
    Rule::new("signing firewall", signing::asks_for_nothing_else),
    Rule::new("wallet", scheme::by_wallet),
];

impl<'a> Case<'a> {
    /// The row of the asset that would leave.
    pub(crate) fn row(&self) -> Option<&'a AssetRow> {
        match &self.candidate.form {
            Form::Chain(chain) => chain.row,
            Form::Bolt11(_) | Form::Ecash(_) => self.bitcoin(),
            _ => None,
        }
    }

    fn bitcoin(&self) -> Option<&'a AssetRow> {
        let policy = &self.situation.policy;
        let name = match policy.lightning.network {
            lightning::Network::Mainnet => "sat",
            lightning::Network::Testnet => "sat@testnet",
            lightning::Network::Signet => "sat@signet",
            lightning::Network::Regtest | lightning::Network::Simnet => "sat@regtest",
        };
        policy.assets.iter().find(|row| row.asset.as_str() == name)
    }

    /// How many smallest units the payee asks for.
    pub(crate) fn minor(&self) -> Option<u128> {
        match &self.candidate.form {
            Form::Chain(chain) => chain.transfer.amount.as_ref().ok()?.minor().ok(),
            Form::Bolt11(bolt11) => bolt11.sat(),
            Form::Ecash(ecash) => ecash.request.amount.map(u128::from),
            _ => None,
        }
    }

    /// The most that fees may add, in the same unit.
    pub(crate) fn fee_limit(&self) -> u128 {
        match &self.candidate.form {
            // What a person's wallet takes for the way is theirs.
            _ if self.candidate.by_hand => 0,
            Form::Bolt11(bolt11) => {
                self.situation.policy.lightning.fee_limit(bolt11.sat().unwrap_or(0))
            }
            Form::Ecash(_) => self.purse().map_or(0, |purse| purse.fee_limit),
            _ => 0,
        }
    }

    /// What is known of the ecash that it would be paid with.
    fn purse(&self) -> Option<&'a Purse> {
        let Form::Ecash(ecash) = &self.candidate.form else { return None };
        let mint = ecash.mint.as_ref()?;
        self.situation.known.purses.iter().find(|purse| purse.mint == *mint)
    }

    /// What would be taken from that purse, fee and all. `None` where that is not known.
    pub(crate) fn picked(&self) -> Option<Result<cashu::Selection, cashu::Fault>> {
        let Form::Ecash(ecash) = &self.candidate.form else { return None };
        let (coins, amount) = (self.purse()?.coins.as_ref()?, ecash.request.amount?);
        Some(cashu::select(coins, amount, cashu::Handing::Fresh))
    }

    /// What the payee asks for, with its row.
    pub(crate) fn cost(&self) -> Option<Cost<'a>> {
        let reference = &self.situation.policy.reference;
        Some(Cost { minor: self.minor()?, row: self.row()?, reference })
    }

    /// What counts against limits: fees of a mint always do, fees of routing where the operator wants it.
    pub(crate) fn counted(&self) -> Option<Cost<'a>> {
        let cost = self.cost()?;
        let fee = match self.candidate.form {
            Form::Ecash(_) => self.fee_limit(),
            Form::Bolt11(_) if self.situation.policy.fees_in_caps => self.fee_limit(),
            _ => 0,
        };
        Some(Cost { minor: cost.minor.checked_add(fee)?, ..cost })
    }

    /// What would leave as things are, by which equal ways to pay are put in order.
    pub(crate) fn true_cost(&self) -> Option<Cost<'a>> {
        match self.picked() {
            Some(Ok(picked)) => {
                let minor = u128::from(picked.cost().ok()?);
                Some(Cost { minor, ..self.cost()? })
            }
            _ => self.counted(),
        }
    }
}

pub(crate) fn deny(rule: MoneyRule, why: impl Into<std::borrow::Cow<'static, str>>) -> Finding {
    Finding::Deny(Reason::new(rule, why))
}

pub(crate) fn ask(rule: MoneyRule, why: impl Into<std::borrow::Cow<'static, str>>) -> Finding {
    Finding::Ask(vec![Reason::new(rule, why)])
}
