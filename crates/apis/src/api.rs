use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ambient::{Clock, Instant};
use breaker::{Breaker, Outcome};
use bytes::Bytes;
use convert::{Recipe, Server, Tool};
use egress::Egress;
use gate::port::{
    Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client};
use http::HeaderValue;
use inspect::{Limits, Schema};
use model::{SourceName, TenantId};
use pay::Payer;
use protocol::mcp::{Era, Offer, ServerCapabilities, ServerFlags};
use url::Url;

use crate::auth::{Auth, Credentials, Grants, SetupError, choose};
use crate::cache::Cache;
use crate::config::{Bounds, Config, fitting};
use crate::definition;
use crate::paging::Paging;
use crate::shape::Shape;
use crate::unpaid::Unpaid;

/// One HTTP API behind the gate.
pub struct Api {
    name: SourceName,
    identity: String,
    operations: HashMap<String, Operation>,
    listing: Bytes,
    client: egress::Client,
    follows: bool,
    bounds: Bounds,
    cache: Option<Cache>,
    breaker: Mutex<Breaker>,
    unpaid: Mutex<Unpaid>,
    trouble: Mutex<Option<String>>,
    clock: Clock,
    payer: Option<Payer>,
    left_out: Vec<String>,
}

/// What a source needs of the rooms around it.
pub struct Ports {
    /// The way out.
    pub egress: Egress,
    /// The time.
    pub clock: Clock,
    /// What pays, where anything may be paid.
    pub payer: Option<Payer>,
}

/// One tool, with everything that was settled about it beforehand.
pub(crate) struct Operation {
    pub(crate) tool: Tool,
    /// Where its requests go: shared with the others that go there.
    pub(crate) server: Arc<Server>,
    /// What it answers with, as `Accept` says it; none if no header field can say it.
    pub(crate) accept: Option<HeaderValue>,
    pub(crate) credentials: Credentials,
    pub(crate) shape: Option<Shape>,
    pub(crate) paging: Option<Paging>,
    /// Most pages of one call.
    pub(crate) pages: u32,
    /// What the answer is held against.
    pub(crate) output: Option<Schema>,
}

impl Operation {
    /// Whether there is something to choose about its answer. An argument of the API's own with that name stays the
    /// API's.
    pub(crate) fn has_view(&self) -> bool {
        let taken = self.tool.input_schema.pointer("/properties/_view").is_some();
        (self.shape.is_some() || self.paging.is_some()) && !taken
    }
}

impl Api {
    /// A source; nothing is contacted yet.
    ///
    /// # Errors
    /// The settings cannot be used as they are.
    pub fn new(config: Config, ports: Ports) -> Result<Arc<Self>, SetupError> {
        let Config { name, identity, tools, target, auth, tenants, shapes, paging, .. } = config;
        let Config { route, follows, cache, bounds, breaker, .. } = config;
        let Ports { egress, clock, payer } = ports;
        let payer = payer.filter(|payer| payer.serves(&target.base.origin().ascii_serialization()));
        let keys = Keys::new(auth, tenants, &egress, &clock)?;
        let client = egress.client_by(&target, &route);
        let client = client.map_err(|e| SetupError(e.to_string()))?;
        let mut operations = HashMap::new();
        let mut order = Vec::new();
        let mut left_out = Vec::new();
        let mut servers: HashMap<String, Arc<Server>> = HashMap::new();
        for tool in tools {
            if !is_here(&tool, &target.base) {
                left_out
                    .push(format!("`{}`: its server `{}` is another", tool.name, tool.recipe.base));
                continue;
            }
            let name = tool.name.clone();
            let credentials =
                keys.of(&tool.recipe).map_err(|e| SetupError(format!("`{name}`: {e}")))?;
            let shape = fitting(&shapes, &name).cloned();
            let paging = fitting(&paging, &name).cloned();
            let output = tool.output_schema.as_ref();
            let output = output.and_then(|s| Schema::compile(s, Limits::default()).ok());
            let at = &tool.recipe.base;
            let server = servers.entry(at.clone()).or_insert_with(|| Arc::new(Server::new(at)));
            let operation = Operation {
                server: server.clone(),
                accept: HeaderValue::try_from(tool.recipe.produces.join(", ")).ok(),
                tool,
                credentials,
                shape,
                paging,
                pages: bounds.pages,
                output,
            };
            order.push(name.clone());
            operations.insert(name, operation);
        }
        let listing = definition::list(order.iter().filter_map(|name| operations.get(name)));
        Ok(Arc::new(Self {
            name,
            identity,
            operations,
            listing,
            client,
            follows,
            bounds,
            cache: cache.then(|| Cache::new(bounds.cache)),
            breaker: Mutex::new(Breaker::new(breaker)),
            unpaid: Mutex::default(),
            trouble: Mutex::default(),
            clock,
            payer,
            left_out,
        }))
    }

    /// Its tools, in no order.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.operations.values().map(|operation| &operation.tool)
    }

    /// Tools that were left out, and why.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    pub(crate) fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    pub(crate) const fn client(&self) -> &egress::Client {
        &self.client
    }

    pub(crate) const fn follows(&self) -> bool {
        self.follows
    }

    pub(crate) const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub(crate) const fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.instant()
    }

    pub(crate) fn admit(&self) -> Result<(), Duration> {
        self.breaker().admit(self.clock.instant())
    }

    pub(crate) fn report(&self, outcome: Outcome) {
        self.breaker().report(outcome, self.clock.instant());
    }

    /// What pays for calls, if anything at this API may be paid.
    pub(crate) const fn payer(&self) -> Option<&Payer> {
        self.payer.as_ref()
    }

    /// The operator's name for it.
    pub(crate) fn source(&self) -> &SourceName {
        &self.name
    }

    /// What asked for money lately.
    pub(crate) fn unpaid(&self) -> std::sync::MutexGuard<'_, Unpaid> {
        self.unpaid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, trouble: &Trouble) {
        let mut last = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(trouble.to_string());
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is configured to choose credentials from: for everybody, or for each tenant apart.
enum Keys {
    Shared(Grants),
    Tenants(Vec<(TenantId, Grants)>),
}

impl Keys {
    fn new(
        auth: Auth,
        tenants: Vec<(TenantId, Auth)>,
        egress: &Egress,
        clock: &Clock,
    ) -> Result<Self, SetupError> {
        if tenants.is_empty() {
            return Ok(Self::Shared(Grants::new(auth, egress, clock)?));
        }
        if !matches!(auth, Auth::None) {
            let text = "credentials are for everybody or for each tenant, not both";
            return Err(SetupError(text.to_owned()));
        }
        let each = tenants.into_iter();
        let each = each.map(|(id, auth)| Ok((id, Grants::new(auth, egress, clock)?)));
        each.collect::<Result<_, _>>().map(Self::Tenants)
    }

    fn of(&self, recipe: &Recipe) -> Result<Credentials, SetupError> {
        Ok(match self {
            Self::Shared(grants) => Credentials::Shared(choose(grants, recipe)?),
            Self::Tenants(all) => {
                let each = all.iter().map(|(id, grants)| Ok((id.clone(), choose(grants, recipe)?)));
                Credentials::Tenants(each.collect::<Result<_, SetupError>>()?)
            }
        })
    }
}

/// Whether a tool's server has the origin of the API: credentials go nowhere else.
fn is_here(tool: &Tool, base: &Url) -> bool {
    Url::parse(&tool.recipe.base).is_ok_and(|url| url.origin() == base.origin())
}

impl Source for Api {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn greet<'a>(&'a self, _: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>> {
        let flags = ServerFlags { tools: Some(Offer::default()), ..ServerFlags::default() };
        let capabilities = ServerCapabilities::from(flags);
        let greeting = Greeting { capabilities, instructions: None, info: None };
        Box::pin(std::future::ready(Ok(Arc::new(greeting))))
    }

    fn list<'a>(&'a self, _: &'a Arc<Client>, kind: Kind) -> Boxed<'a, Result<Listing, Trouble>> {
        let pages = if kind == Kind::Tools { vec![self.listing.clone()] } else { Vec::new() };
        let listing = Listing { era: Era::Modern, pages, warnings: Vec::new() };
        Box::pin(std::future::ready(Ok(listing)))
    }

    fn call(&self, cleared: Cleared, _: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>> {
        Box::pin(self.carry_out(cleared.into_parts()))
    }

    fn watch<'a>(&'a self, _: &'a Arc<Client>, _: Filter) -> Boxed<'a, Result<Filter, Trouble>> {
        Box::pin(std::future::ready(Ok(Filter::default())))
    }

    fn unwatch<'a>(&'a self, _: &'a Arc<Client>, _: &'a [String]) -> Boxed<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn told<'a>(&'a self, _: &'a Arc<Client>, _: Told) -> Boxed<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn end(&self, _: &Client) {}

    fn asks(&self) -> bool {
        self.payer.is_some()
    }

    fn reads(&self) -> bool {
        true
    }

    fn status(&self) -> Status {
        let breaker = self.breaker();
        let last_trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status {
            up: breaker.is_closed(),
            era: "",
            sessions: 0,
            children: 0,
            last_trouble,
            retry_in: breaker.wait(self.clock.instant()),
            strays: 0,
        }
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
