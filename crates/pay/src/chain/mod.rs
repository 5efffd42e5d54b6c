//! EVM chains, as their nodes tell of them (Ethereum JSON-RPC over HTTP): what became of a payment, and whether a token is
//! what the operator's table says.
//!
//! Nothing here sends a transaction. Nodes are asked through `egress`, which follows no redirect; what a node does not say,
//! or says in another form, is not known, and nothing follows from it. [`evm::evidence`] alone decides what it proves.

mod blocks;
mod checks;
mod funds;
mod node;
mod proof;
mod search;
mod view;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use egress::Client;
use evm::{Refused, evidence};
use model::money::{Flag, MoneyRule};

pub use checks::Problem;
pub use proof::{Sought, Unique};

pub(crate) use funds::{Lack, is_spent, lack};
pub(crate) use node::Node;
pub(crate) use proof::Finding;

/// One chain, and where it is asked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Its number (EIP-155).
    pub id: u64,
    /// Its nodes; without any, nothing on it is ever proven.
    pub endpoints: Vec<Client>,
    /// How many nodes must agree; 0 stands for all of them.
    pub quorum: usize,
    /// How many blocks deep a transaction must be; the block it is in counts as the first.
    pub confirmations: u64,
}

impl Chain {
    /// How many nodes must agree. Never none, and never more than there are.
    pub(crate) fn need(&self) -> usize {
        let all = self.endpoints.len();
        if self.quorum == 0 { all } else { self.quorum.min(all) }.max(1)
    }

    pub(crate) fn nodes(&self, wait: Duration) -> Vec<Node<'_>> {
        self.endpoints.iter().map(|client| Node::new(client, wait)).collect()
    }
}

/// The rule that a refusal of the room for chains stands for. What has no rule of its own is nothing that is signed.
pub(crate) fn rule_of(refused: Refused) -> MoneyRule {
    MoneyRule::from_text(refused.code()).unwrap_or(MoneyRule::SigningFirewall)
}

/// What is odd about a payment on a chain, as a mark of the books.
pub(crate) const fn flag(flag: evidence::Flag) -> Flag {
    match flag {
        evidence::Flag::ReceiptUnverified => Flag::ReceiptUnverified,
        evidence::Flag::NoTransferLog => Flag::NoTransferLog,
        evidence::Flag::ReceiptFailed => Flag::ReceiptFailed,
        evidence::Flag::ReceiptMismatch => Flag::ReceiptMismatch,
    }
}
