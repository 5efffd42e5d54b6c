use crate::errand::{Attachment, Errand};
use crate::payer::Payer;

/// Something that was bought and serves again: where, and how long. Nothing of what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// Scheme, host and port of the seller.
    pub origin: String,
    /// The path it serves; `None` for a session, which serves wherever the seller takes it.
    pub path: Option<String>,
    /// Until when, in milliseconds since the epoch; `None` until it is refused.
    pub until: Option<u64>,
}

impl Payer {
    /// What one caller has bought that still serves.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn bought(
        &self,
        tenant: &str,
        principal: &str,
    ) -> Result<Vec<Bought>, treasury::Refused> {
        self.0.credits.list(tenant, principal).await
    }

    /// Keeps what was bought at one path of a seller for another path of the same seller, the one of `errand`: for sellers
    /// that sell at one place what serves at all. Answers whether it is kept; at another origin it never is.
    pub async fn keep(&self, bought_at: &Errand, errand: &Errand, what: &Attachment) -> bool {
        let same = bought_at.tenant == errand.tenant
            && bought_at.principal == errand.principal
            && bought_at.request.origin(&bought_at.source) == errand.request.origin(&errand.source);
        if same {
            self.0.credits.keep(errand, what).await;
        }
        same && what.reuse.is_some()
    }
}
