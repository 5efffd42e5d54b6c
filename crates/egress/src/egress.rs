use std::sync::Arc;

use ambient::Clock;

use crate::EgressError;
use crate::client::Client;
use crate::dial::Dialer;
use crate::pool::Pool;
use crate::resolve::Resolver;
use crate::target::{Origin, Target};
use crate::tls::{Roots, Tls};

/// What all clients share: names, roots, time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Egress(Arc<Shared>);

/// How this way out is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where names are resolved.
    pub resolver: Resolver,
}

impl Default for Options {
    fn default() -> Self {
        Self { resolver: Resolver::system() }
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) resolver: Resolver,
    pub(crate) roots: Roots,
    clock: Clock,
}

impl Egress {
    /// The way out. Reads nothing and opens nothing yet.
    pub fn new(options: Options, clock: Clock) -> Self {
        Self(Arc::new(Shared { resolver: options.resolver, roots: Roots::default(), clock }))
    }

    /// A client for one origin with a connection pool of its own: one a source, and one a principal where the source
    /// keeps principals apart.
    ///
    /// # Errors
    /// The URL is no target, its host is an address that may not be dialled, or the extra roots cannot be read.
    pub fn client(&self, target: &Target) -> Result<Client, EgressError> {
        let origin = Origin::of(&target.base)?;
        let tls = Tls::new(target.extra_roots.as_deref())?;
        let dialer = Dialer { origin, policy: target.policy.clone(), tls };
        dialer.vet_host()?;
        let pool = Pool::new(target.limits.max_idle, target.limits.keep, self.0.clock.clone());
        Client::new(self.0.clone(), dialer, pool, target)
    }
}
