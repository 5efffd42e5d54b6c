use std::sync::Arc;

use ambient::Clock;
use approvals::Desk;
use journal::Journal;
use model::money::Rail;
use treasury::Treasury;

use crate::driver::Driver;
use crate::hand::Hand;

/// What a payer is made of.
pub struct Parts {
    /// Where money is reserved and accounted.
    pub treasury: Treasury,
    /// Where persons are asked.
    pub desk: Desk,
    /// What an operator allows.
    pub policy: spend::Policy,
    /// SHA-256 of all settings about money, for records.
    pub policy_digest: [u8; 32],
    /// What the operator's file says of tools and sellers beforehand; what a person keeps later stands above it.
    pub pins: Vec<spend::Pin>,
    /// Whether the node that is paid over Lightning is pinned, too.
    pub pin_nodes: bool,
    /// One for each way to carry a payment out.
    pub drivers: Drivers,
    /// The audit log.
    pub journal: Journal,
    /// Time.
    pub clock: Clock,
}

/// The drivers there are.
#[derive(Clone, Default)]
pub struct Drivers {
    /// Signatures on EVM chains.
    pub evm: Option<Arc<dyn Driver>>,
    /// Lightning invoices.
    pub lightning: Option<Arc<dyn Driver>>,
    /// Ecash.
    pub ecash: Option<Arc<dyn Driver>>,
    /// Persons.
    pub hand: Option<Arc<Hand>>,
}

impl Drivers {
    /// The one that carries out such terms: all that is known of a payment after a restart.
    pub(crate) fn by_terms(&self, terms: &model::money::Terms) -> Option<Arc<dyn Driver>> {
        match (terms.rail, terms.scheme.as_str()) {
            (Rail::Human, _) => self.hand.clone().map(|hand| hand as Arc<dyn Driver>),
            (Rail::Cashu, _) => self.ecash.clone(),
            (_, "lightning" | "lightning-session") => self.lightning.clone(),
            _ => self.evm.clone(),
        }
    }

    /// Those that have a wallet. What a person pays needs no test, and nobody has to know anything of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        [&self.evm, &self.lightning, &self.ecash].into_iter().flatten()
    }
}
