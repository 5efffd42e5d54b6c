use std::borrow::Cow;

use evm::Address;
use model::money::{Flag, MoneyRule, Terms};
use rails::Flaw;

use crate::Scheme;

/// A rule and why it speaks, in one plain sentence.
pub type Reason = Flaw;

/// What is to be done about a demand.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Nothing was asked for.
    Pass,
    /// It may be paid.
    Allow(Box<Choice>),
    /// A person decides.
    Ask {
        /// What would be paid.
        choice: Box<Choice>,
        /// Why, the first in the order of the rules first; never empty.
        rules: Vec<Reason>,
    },
    /// It is not paid.
    Deny(Denial),
}

/// Which of the offers of a demand, and how it is paid.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What an approval binds and a record tells.
    pub terms: Terms,
    /// Where it stands in the demand.
    pub entry: Entry,
    /// What signing or paying needs.
    pub plan: Plan,
    /// How many persons have to say yes, where one is asked: 1 or 2.
    pub approvers: u8,
    /// Marks for the record.
    pub flags: Vec<Flag>,
    /// Where nobody has to be asked: other purses that the same offer may be paid from, the cheapest first. One is taken
    /// only where nothing was signed for the one before.
    pub spare: Vec<Choice>,
}

/// Where an offer stands in a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Which offer, from 0.
    pub offer: usize,
    /// Which entry of it (x402), from 0.
    pub index: usize,
}

/// What signing or paying needs, all of it from the operator's table and never from the seller where both say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A signature on an EVM chain.
    Evm {
        /// How.
        scheme: Scheme,
        /// The token as the operator lists it.
        token: evm::Token,
        /// Who is paid.
        payee: Address,
        /// For how many seconds the signature may be valid.
        valid_for: u64,
        /// Who may settle (scheme `upto`).
        facilitator: Option<Address>,
        /// A second signature that the seller asks for and that may be made: an allowance of exactly the amount.
        extra: Option<evm::firewall::ExtraSignature>,
    },
    /// A Lightning invoice.
    Lightning {
        /// The invoice.
        invoice: lightning::Invoice,
    },
    /// A transfer on an EVM chain that a person makes.
    Transfer {
        /// The token as the operator lists it.
        token: evm::Token,
        /// Who is paid.
        payee: Address,
    },
    /// Ecash in a header.
    Ecash {
        /// What to hand over, and from which mints.
        ask: cashu::Ask,
    },
}

/// Why it is not paid.
#[derive(Debug, Clone)]
pub struct Denial {
    /// The rule that names it.
    pub rule: MoneyRule,
    /// One plain sentence.
    pub reason: Cow<'static, str>,
    /// Each way to pay that was refused, where there were several.
    pub each: Vec<Refused>,
}

/// One way to pay that was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Where it stands.
    pub entry: Entry,
    /// Why.
    pub reason: Reason,
}
