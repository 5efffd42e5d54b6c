use std::fmt;
use std::sync::Arc;

use model::Secret;

use crate::Proxy;

/// By which way a target is reached, and as whom. The default: straight, and as nobody.
///
/// Nothing of it comes from the environment: `HTTP_PROXY` and its kin are never read.
#[derive(Clone, Default)]
pub struct Route {
    /// The proxy that stands between.
    pub proxy: Option<Arc<Proxy>>,
    /// What TLS proves this side by: a chain of certificates and its key, as PEM. It is shown to the target's own origin
    /// alone, never to one that a redirect leads to.
    pub client_identity: Option<Arc<Secret<Vec<u8>>>>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("proxy", &self.proxy)
            .field("client_identity", &self.client_identity.is_some())
            .finish()
    }
}
