use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use ambient::Clock;
use model::{NoVault, Secrets};

use crate::client::Client;
use crate::dial::Dialer;
use crate::pool::Pool;
use crate::resolve::Resolver;
use crate::target::{Limits, Origin, Target};
use crate::tls::{Roots, Tls};
use crate::{EgressError, ProxyKind, Route};

/// What all clients share: names, roots, secrets, time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Egress(Arc<Shared>);

/// How this way out is set up.
#[derive(Clone)]
pub struct Options {
    /// Where names are resolved.
    pub resolver: Resolver,
    /// Where secrets come from, at the moment a request needs them.
    pub secrets: Arc<dyn Secrets>,
    /// Where this gate itself listens: no call may come back in through its own door, whatever is named.
    pub own: Vec<SocketAddr>,
}

impl Default for Options {
    fn default() -> Self {
        Self { resolver: Resolver::system(), secrets: Arc::new(NoVault), own: Vec::new() }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resolver, secrets: _, own } = self;
        f.debug_struct("Options")
            .field("resolver", resolver)
            .field("own", own)
            .finish_non_exhaustive()
    }
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) roots: Roots,
    clock: Clock,
}

impl Shared {
    pub(crate) fn new(options: Options, clock: Clock) -> Self {
        Self { options, roots: Roots::default(), clock }
    }

    pub(crate) fn pool(&self, limits: &Limits) -> Arc<Pool> {
        Pool::new(limits.max_idle, limits.keep, self.clock.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}

impl Egress {
    /// The way out. Reads nothing and opens nothing yet.
    pub fn new(options: Options, clock: Clock) -> Self {
        Self(Arc::new(Shared::new(options, clock)))
    }

    /// A client for one origin with a connection pool of its own: one a source, and one a principal where the source
    /// keeps principals apart.
    ///
    /// # Errors
    /// The URL is no target, its host may not be dialled, or the extra roots cannot be read.
    pub fn client(&self, target: &Target) -> Result<Client, EgressError> {
        self.client_by(target, &Route::default())
    }

    /// The same, by a proxy or with an identity of its own.
    ///
    /// # Errors
    /// As [`Egress::client`], or the identity cannot be read.
    pub fn client_by(&self, target: &Target, route: &Route) -> Result<Client, EgressError> {
        let origin = Origin::of(&target.base)?;
        let tls = Tls::new(target, route.client_identity.clone())?;
        let proxy = route.proxy.clone();
        let socks = proxy.as_ref().is_some_and(|p| p.kind() == ProxyKind::Socks5);
        let policy = target.policy.clone().onions(socks);
        let dialer = Dialer { origin, policy, tls, proxy };
        dialer.vet_host()?;
        Client::new(self.0.clone(), dialer, target)
    }
}
