//! Payments that a person makes with a wallet of their own, on a page of the gate: a Lightning invoice, or a transfer on an
//! EVM chain.
//!
//! They take the way of every payment: judged, reserved, on record, sealed, and then *sent*, which here means shown. From
//! then on the money may have left, and only proof ends it: a preimage, a transaction, what the person's own wallet says
//! when it is asked, or an operator's word. The seller gets what it wants when the call comes again.

mod driver;
mod flow;
mod tell;
mod transfer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use ambient::Clock;
use model::money::{Flag, MoneyRule};
use wallets::Wallet;

pub(crate) use flow::{found, pay, stands};

use crate::chain::{Chain, Unique};
use crate::lightning::by_hand::ByHand;

/// The driver of the rail `human`.
pub struct Hand {
    pub(crate) invoices: ByHand,
    pub(crate) transfers: transfer::Transfers,
}

/// What it is set up with.
pub struct Settings {
    /// The wallet that the person pays invoices with, and the operator's name for it: it is asked and never ordered.
    pub wallet: Option<(Arc<dyn Wallet>, String)>,
    /// The chains on which transfers are looked for, by CAIP-2.
    pub chains: BTreeMap<String, Chain>,
    /// Which transactions have proven other payments already.
    pub unique: Arc<dyn Unique>,
    /// The time.
    pub clock: Clock,
}

impl Hand {
    /// A driver with these settings. Nothing is asked yet.
    pub fn new(settings: Settings) -> Self {
        let Settings { wallet, chains, unique, clock } = settings;
        let transfers = transfer::Transfers { chains, unique };
        Self { invoices: ByHand { wallet, clock }, transfers }
    }
}

/// Why what a person brought proves nothing. The payment stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotProven {
    /// A stable word: a rule or a mark.
    pub code: &'static str,
    /// One sentence for the person.
    pub why: String,
    /// What is marked in the books.
    pub flags: Vec<Flag>,
}

impl NotProven {
    fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into(), flags: Vec::new() }
    }

    fn of_rule(rule: MoneyRule, why: impl Into<String>) -> Self {
        Self::new(rule.as_str(), why)
    }

    /// The chain shows something else, or nothing yet.
    fn of_chain(flags: Vec<Flag>) -> Self {
        let Some(first) = flags.first() else {
            let why =
                "The chain does not show this transaction deep enough yet. Try again in a moment.";
            return Self::of_rule(MoneyRule::NoProof, why);
        };
        let why = match first {
            Flag::NoTransferLog => {
                "This transaction does not transfer the right amount of the right token to the payee."
            }
            Flag::ReceiptFailed => "This transaction failed on the chain.",
            Flag::ReceiptMismatch => "This transaction is another payment.",
            _ => "The nodes do not agree about this transaction, or do not say.",
        };
        Self { code: first.as_str(), why: why.to_owned(), flags }
    }
}
