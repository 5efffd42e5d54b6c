use evm::Address;
use model::money::Asset;

/// What the driver of a rail knows that a judge has to know.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Our own accounts: never payees.
    pub wallets: Vec<Address>,
    /// Assets whose contract did not say at the start what the table says.
    pub disabled: Vec<Asset>,
    /// Chains whose endpoint answers for another chain, by CAIP-2.
    pub wrong_chains: Vec<String>,
    /// The ecash that there is, mint by mint.
    pub purses: Vec<spend::Purse>,
}
