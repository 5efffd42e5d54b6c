use std::sync::Arc;

use crate::{Identity, Proxy};

/// By which way a target is reached, and as whom. The default: straight, and as nobody.
///
/// Nothing of it comes from the environment: `HTTP_PROXY` and its kin are never read.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// The proxy that stands between.
    pub proxy: Option<Arc<Proxy>>,
    /// What TLS proves this side by. It is shown to the target's own origin alone, never to one that a redirect leads to.
    pub client_identity: Option<Arc<Identity>>,
}

impl Route {
    /// The same way, as nobody.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self { proxy: self.proxy.clone(), client_identity: None }
    }
}
