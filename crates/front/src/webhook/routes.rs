use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use identity::{Concurrency, FailedLogins};
use model::{Credential, Principal, PrincipalId, Role, Scopes, Secrets};
use tokio_util::task::TaskTracker;

use super::{BadHook, Claims, Hook};

/// Requests of one address that may prove nothing, in a minute, before it hears 429.
const FAILURES: u32 = 60;
/// Addresses that are told apart.
const ADDRESSES: usize = 4096;

/// Routes for signed requests, and what they need.
pub struct Webhooks {
    /// The routes.
    pub hooks: Vec<Hook>,
    /// Where their secrets are.
    pub secrets: Arc<dyn Secrets>,
    /// Where requests are claimed.
    pub claims: Arc<dyn Claims>,
    /// Bounds.
    pub limits: WebhookLimits,
}

/// Bounds on all routes together.
#[derive(Debug, Clone)]
pub struct WebhookLimits {
    /// Bytes of one body.
    pub body: usize,
    /// How long a body may take.
    pub body_time: Duration,
    /// Calls at once, of all routes.
    pub in_flight: u32,
    /// Bodies that are read at once, before anybody has proven anything.
    pub receiving: u32,
    /// The same of one address.
    pub receiving_per_address: u32,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            body_time: Duration::from_secs(15),
            in_flight: 200,
            receiving: 200,
            receiving_per_address: 50,
        }
    }
}

impl Webhooks {
    pub(crate) fn check(&self) -> Result<(), BadHook> {
        let mut names = std::collections::HashSet::new();
        for hook in &self.hooks {
            hook.check()?;
            if !names.insert(&hook.name) {
                return Err(BadHook::Twice(hook.name.to_string()));
            }
        }
        Ok(())
    }
}

/// The routes while they are served.
pub(crate) struct Routes {
    by_name: HashMap<String, Route>,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) claims: Arc<dyn Claims>,
    pub(super) limits: WebhookLimits,
    pub(super) running: Concurrency<()>,
    pub(super) receiving: Concurrency<()>,
    pub(super) receiving_from: Concurrency<Option<IpAddr>>,
    pub(super) failures: FailedLogins,
    /// Calls that go on whether or not their sender waits.
    pub(super) calls: TaskTracker,
}

/// One route.
pub(super) struct Route {
    pub(super) hook: Hook,
    pub(super) principal: Arc<Principal>,
    pub(super) running: Concurrency<()>,
}

impl Routes {
    pub(crate) fn new(webhooks: Webhooks) -> Self {
        let limits = webhooks.limits;
        let route = |hook: Hook| (hook.name.to_string(), Route::new(hook));
        Self {
            by_name: webhooks.hooks.into_iter().map(route).collect(),
            secrets: webhooks.secrets,
            claims: webhooks.claims,
            running: Concurrency::new(limits.in_flight),
            receiving: Concurrency::new(limits.receiving),
            receiving_from: Concurrency::new(limits.receiving_per_address),
            failures: FailedLogins::new(FAILURES, Duration::from_mins(1), ADDRESSES),
            calls: TaskTracker::new(),
            limits,
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Route> {
        self.by_name.get(name)
    }

    /// Waits for the calls that are under way, so long and no longer.
    pub(crate) async fn finish(&self, grace: Duration) {
        self.calls.close();
        if tokio::time::timeout(grace, self.calls.wait()).await.is_err() {
            tracing::warn!(calls = self.calls.len(), "calls of webhooks are cut off");
        }
    }
}

impl Route {
    fn new(hook: Hook) -> Self {
        let id = format!("hook:{}", hook.name);
        let principal = Principal {
            id: PrincipalId::new(&id),
            tenant: hook.tenant.clone(),
            role: Role::Agent,
            scopes: Scopes::default(),
            // The secret of the route is its key; records name it as `key:hook:NAME`.
            credential: Credential::ApiKey(Arc::from(id)),
        };
        Self { principal: Arc::new(principal), running: Concurrency::new(hook.in_flight), hook }
    }
}
