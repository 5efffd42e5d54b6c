use std::sync::Arc;

use ambient::Clock;
use approvals::Desk;
use journal::Journal;
use model::money::Rail;
use treasury::Treasury;

use crate::driver::Driver;

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
}

impl Drivers {
    /// The one that carries out this plan.
    pub(crate) fn by_plan(&self, plan: &spend::Plan) -> Option<&Arc<dyn Driver>> {
        match plan {
            spend::Plan::Evm { .. } => self.evm.as_ref(),
            spend::Plan::Lightning { .. } => self.lightning.as_ref(),
            spend::Plan::Ecash { .. } => self.ecash.as_ref(),
        }
    }

    /// The one that carried out such terms: all that is known of a payment after a restart.
    pub(crate) fn by_terms(&self, terms: &model::money::Terms) -> Option<&Arc<dyn Driver>> {
        match (terms.rail, terms.scheme.as_str()) {
            (Rail::Cashu, _) => self.ecash.as_ref(),
            (_, "lightning") => self.lightning.as_ref(),
            _ => self.evm.as_ref(),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        [&self.evm, &self.lightning, &self.ecash].into_iter().flatten()
    }
}
