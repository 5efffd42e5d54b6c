use std::sync::Arc;

use ambient::Clock;
use bytes::Bytes;
use egress::{Deadline, Egress, Policy};
use gate::port::{
    Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Clearance, Cleared, Client, PinMode, SourceSettings};
use model::{Code, Effect, SourceName};
use pay::{Asked, Asking, Errand, Payer, Request};
use protocol::mcp::{Era, Offer, ServerCapabilities, ServerFlags};
use relays::Relays;
use url::Url;

use crate::arguments::{Arguments, No};
use crate::definition::{self, EFFECTS, Tool};
use crate::places::Places;
use crate::reply::{Found, result};
use crate::services::Search;

/// The name of the source: nothing else may have it where anything is paid.
pub const NAME: &str = "pay";

/// What the source needs.
pub struct Config {
    /// Its name: [`NAME`].
    pub name: SourceName,
    /// What pays. Without it the tools are listed and cannot be called: for programs that only look.
    pub payer: Option<Payer>,
    /// The way out.
    pub egress: Egress,
    /// Which sellers may be on the operator's own network.
    pub private: Policy,
    /// The budgets, for what is said of them.
    pub budgets: ledger::Policy,
    /// Where services may be searched for; each has been checked by [`nostr::relay::url`].
    pub relays: Vec<Url>,
    /// Time.
    pub clock: Clock,
}

/// The source `pay`.
pub struct Purse {
    name: SourceName,
    listing: Bytes,
    pub(crate) payer: Option<Payer>,
    pub(crate) places: Places,
    pub(crate) search: Search,
    pub(crate) budgets: ledger::Policy,
}

/// One call under way.
pub(crate) struct Call<'a> {
    pub(crate) purse: &'a Purse,
    pub(crate) payer: &'a Payer,
    pub(crate) clearance: &'a Clearance,
    pub(crate) arguments: Arguments,
    pub(crate) deadline: Deadline,
}

/// Why a call ended without a result.
pub(crate) enum Ended {
    /// The caller is told why.
    No(No),
    /// A person has to decide.
    Asks(Box<Asked>),
}

impl From<No> for Ended {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

impl From<treasury::Refused> for Ended {
    fn from(error: treasury::Refused) -> Self {
        tracing::error!("the ledger cannot be read: {error}");
        Self::No(No::rule(error.rule(), "the ledger cannot be read"))
    }
}

impl Purse {
    /// The source; nothing is contacted.
    pub fn new(config: Config) -> Arc<Self> {
        let Config { name, payer, egress, private, budgets, relays, clock } = config;
        let reach = Relays::new(egress.clone(), private.clone());
        let search = Search::new(relays, reach, private.clone(), clock);
        let places = Places::new(egress, private);
        let sessions = payer.as_ref().is_some_and(Payer::opens_sessions);
        let listing = definition::list(search.is_possible(), sessions);
        Arc::new(Self { name, listing, payer, places, search, budgets })
    }

    /// How the gate treats it: effects are fixed, and what it says of itself is not pinned, because it comes with the
    /// program.
    pub fn settings(&self) -> SourceSettings {
        let effects: Vec<(String, Effect)> =
            EFFECTS.iter().map(|(name, effect)| ((*name).to_owned(), *effect)).collect();
        SourceSettings { effects, pins: PinMode::Off, ..SourceSettings::new(&self.name) }
    }

    async fn carry_out(&self, mut clearance: Clearance) -> Result<Reply, Trouble> {
        let Some(payer) = &self.payer else {
            return Err(failed("this program only looks: nothing is paid by it"));
        };
        let client = clearance.client.clone();
        let Some(tool) = Tool::named(&clearance.target) else {
            return result(&client, Err(No::new("unknown_tool", "there is no such tool")));
        };
        let arguments = Arguments(std::mem::take(&mut clearance.arguments));
        let deadline = Deadline::after(clearance.deadline);
        let call = Call { purse: self, payer, clearance: &clearance, arguments, deadline };
        match tokio::time::timeout(clearance.deadline, call.made(tool)).await {
            Ok(Ok(found)) => result(&client, Ok(found)),
            Ok(Err(Ended::No(no))) => result(&client, Err(no)),
            Ok(Err(Ended::Asks(asked))) => {
                let Asked { ticket, message, .. } = *asked;
                Err(Trouble::Asks(Box::new(gate::port::Asking { ticket, message })))
            }
            Err(_) => Err(Trouble::Failed {
                code: Code::UpstreamTimeout,
                detail: format!("no answer in {} ms", clearance.deadline.as_millis()),
                status: None,
                unknown: tool.spends(),
            }),
        }
    }
}

impl Call<'_> {
    async fn made(&self, tool: Tool) -> Result<Found, Ended> {
        match tool {
            Tool::Preview => self.preview().await,
            Tool::Fetch => self.fetch().await,
            Tool::Status => self.status().await,
            Tool::Credentials => self.credentials().await,
            Tool::Close => self.close().await,
            Tool::Balance => self.balance().await,
            Tool::Budgets => self.budgets().await,
            Tool::BuyCredits => self.buy_credits().await,
            Tool::Redeem => self.redeem().await,
            Tool::Search => self.search().await,
        }
    }

    pub(crate) fn tenant(&self) -> &str {
        self.clearance.client.principal.tenant.as_str()
    }

    pub(crate) fn principal(&self) -> &str {
        self.clearance.client.principal.id.as_str()
    }

    /// The request as an errand of `tool`: what is asked, pinned and counted goes by that tool's name.
    pub(crate) fn errand(
        &self,
        tool: Tool,
        request: Request,
        key: Option<String>,
    ) -> Result<Errand, Ended> {
        let Clearance { client, target, params, about, approval, .. } = self.clearance;
        let approval = approval.as_deref().cloned();
        let approval = approval.ok_or_else(|| No::new("internal", "nobody could be asked"))?;
        let gate::Approval { binding, credential, arguments, named } = approval;
        let prefix = about.exposed.strip_suffix(target.as_str()).unwrap_or_default();
        Ok(Errand {
            tenant: self.tenant().to_owned(),
            principal: self.principal().to_owned(),
            session: (!client.session.is_empty()).then(|| client.session.clone()),
            source: self.purse.name.as_str().to_owned(),
            tool: format!("{prefix}{}", tool.name()),
            request,
            asking: Asking { binding, credential, arguments, named },
            key: key.or_else(|| pay::idempotency_key(params)),
            correlation: about.trace_id.clone().or_else(|| about.request_id.clone()),
        })
    }
}

fn failed(detail: &str) -> Trouble {
    let detail = detail.to_owned();
    Trouble::Failed { code: Code::Internal, detail, status: None, unknown: false }
}

impl Source for Purse {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn identity(&self) -> &'static str {
        "built-in:pay"
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
        Status { up: true, ..Status::default() }
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
