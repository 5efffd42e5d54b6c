use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arazzo::{Document, Limits};
use bytes::Bytes;
use gate::port::{
    Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client, WeakGate};
use model::SourceName;
use protocol::mcp::{Era, Offer, ServerCapabilities, ServerFlags};

use crate::definition;
use crate::operations::Operations;

/// One Arazzo document behind the gate.
pub struct Flows {
    pub(crate) name: SourceName,
    identity: String,
    pub(crate) document: Arc<Document>,
    pub(crate) sources: BTreeMap<String, String>,
    pub(crate) operations: Arc<dyn Operations>,
    pub(crate) limits: Limits,
    pub(crate) time: Duration,
    listing: Bytes,
    pub(crate) gate: OnceLock<WeakGate>,
}

/// What an operator set about a document.
pub struct Config {
    /// The operator's name for it.
    pub name: SourceName,
    /// Where it was read: the same across restarts. Pins are keyed by it.
    pub identity: String,
    /// The document.
    pub document: Document,
    /// Source descriptions that stand for a source of another name: name in the document, name of the source.
    pub sources: BTreeMap<String, String>,
    /// How operations of converted APIs are found.
    pub operations: Arc<dyn Operations>,
    /// What one run may use up.
    pub limits: Limits,
    /// How long one run may take, if the gate's own deadline for a call is not shorter.
    pub time: Duration,
}

impl Flows {
    /// The document as a source. It can be listed at once; calls need [`Flows::attach`] first.
    pub fn new(config: Config) -> Arc<Self> {
        Arc::new(Self {
            name: config.name,
            identity: config.identity,
            listing: definition::list(&config.document),
            document: Arc::new(config.document),
            sources: config.sources,
            operations: config.operations,
            limits: config.limits,
            time: config.time,
            gate: OnceLock::new(),
        })
    }

    /// Hands over the gate that steps go through. A second one is left aside: a source stands behind one gate.
    pub fn attach(&self, gate: WeakGate) {
        let _ = self.gate.set(gate);
    }

    /// Names of the source descriptions, as sources of the gate: for the operator, who may have misspelt one.
    pub fn wanted_sources(&self) -> Vec<&str> {
        let names = self.document.sources.iter().map(|s| s.name.as_str());
        names.map(|name| self.sources.get(name).map_or(name, String::as_str)).collect()
    }
}

impl Source for Flows {
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

    /// Upstream sessions that were opened for the steps of this client end with it.
    fn end(&self, client: &Client) {
        if client.is_stepping() {
            return;
        }
        if let Some(gate) = self.gate.get().and_then(WeakGate::upgrade)
            && let Ok(stepping) = gate.stepping(client)
        {
            gate.end(&stepping);
        }
    }

    fn reads(&self) -> bool {
        true
    }

    fn status(&self) -> Status {
        Status { up: true, ..Status::default() }
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
