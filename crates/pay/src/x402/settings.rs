use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use evm::Token;
use model::money::Asset;
use model::{Secrets, Template};

use crate::chain::{Chain, Problem, Unique};

/// What the driver is set up with, all of it by the operator.
pub struct Settings {
    /// The chains that may be paid on, by CAIP-2.
    pub chains: BTreeMap<String, Chain>,
    /// The tokens that are trusted. Domains and decimals come from here alone.
    pub tokens: Vec<Token>,
    /// The key of the wallet: 32 bytes in hex, with or without `0x`. It is revealed only while something is signed.
    pub key: Template,
    /// Where the key comes from, if it is in the vault.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Clock,
    /// Which transactions have proven other payments already.
    pub unique: Arc<dyn Unique>,
    /// How long a seller's answer may wait for confirmations; what is not proven by then is held. A few seconds.
    pub patience: Duration,
}

/// How long a node has for all questions about one matter, where nobody waits for it.
pub(super) const WAIT: Duration = Duration::from_secs(30);

/// The same where a caller waits.
pub(super) const BRIEF: Duration = Duration::from_secs(4);

impl Settings {
    /// Holds every token against its chain: chain number, `DOMAIN_SEPARATOR()` and decimals. For the start of the gate; a
    /// token with a [`Problem`] that disables it is not to be paid with.
    pub async fn check_chains(&self) -> Vec<(Asset, Problem)> {
        let checked = self.tokens.iter().map(|token| async {
            let chain = self.chain(token.chain_id)?;
            let problem = chain.check(token, WAIT).await?;
            Some((Asset::erc20(token.chain_id, token.address.as_bytes()), problem))
        });
        futures_util::future::join_all(checked).await.into_iter().flatten().collect()
    }

    pub(super) fn chain(&self, id: u64) -> Option<&Chain> {
        self.chains.values().find(|chain| chain.id == id)
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.clock.now_millis() / 1000
    }
}
