use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ambient::Clock;
use approvals::Desk;
use arc_swap::ArcSwap;
use audit::{MaskRules, Outcome, Record, Text};
use identity::{AuthError, Concurrency, FailedLogins, KeyRing, Limiter, Presented, Sealer};
use journal::Journal;
use model::{Code, Principal, Refusal, SourceName, Timestamp};
use policy::{Decider, PolicySet};
use protocol::json::Object;
use protocol::mcp::{Era, Method};
use protocol::rpc::Id;
use store::Store;

use crate::asks::SourceFace;
use crate::catalogue::{Catalogue, PinBook};
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::park::Lot;
use crate::port::{Boxed, Events, Link, Source, Told};
use crate::said::{Ear, Seen};
use crate::watch::Hub;
use crate::way::{self, Who};
use crate::{Client, Settings, SourceSettings, Vetted, digest, render};

/// The one way through. Cheap to clone; all clones are one gate.
#[derive(Clone)]
pub struct Gate(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    settings: Settings,
    catalogue: Arc<Catalogue>,
    hub: Arc<Hub>,
    /// What the hub writes with; it goes with the gate, and so does its hold on the log.
    _notes: Arc<Notes>,
    keys: Arc<Sealer>,
    ring: ArcSwap<Result<KeyRing, AuthError>>,
    unauthenticated: Option<Arc<Principal>>,
    decider: ArcSwap<Decider>,
    /// Digest of the policies in force: a yes given under others does not count.
    policy: ArcSwap<[u8; 32]>,
    desk: OnceLock<Desk>,
    journal: Journal,
    clock: Clock,
    limits: Limits,
    failed_logins: FailedLogins,
    lot: Arc<Lot>,
    metrics: Arc<Metrics>,
    mask: MaskRules,
    numbers: AtomicU64,
    draining: AtomicBool,
    welcomes: Mutex<std::collections::HashMap<(SourceName, String), bool>>,
}

/// Everything that counts.
pub(crate) struct Limits {
    pub(crate) per_principal: Limiter<Who>,
    pub(crate) per_tool: Limiter<(Who, SourceName, String)>,
    pub(crate) at_once: Concurrency<Who>,
    pub(crate) parked: Concurrency<u128>,
}

/// What a gate is made of.
pub struct Parts {
    /// What the operator set.
    pub settings: Settings,
    /// Sources in the order of the configuration.
    pub sources: Vec<(Arc<dyn Source>, SourceSettings)>,
    /// Where the sources report to: made before them, as an [`EventHub`].
    pub events: EventHub,
    /// Seals session ids, cursors, task ids and parked state.
    pub keys: Arc<Sealer>,
    /// API keys.
    pub ring: Result<KeyRing, AuthError>,
    /// Who everybody is where the configuration says `auth = "none"`.
    pub unauthenticated: Option<Arc<Principal>>,
    /// Compiled policies.
    pub policy: PolicySet,
    /// The audit log.
    pub journal: Journal,
    /// Pins and accepted effects.
    pub store: Arc<dyn Store>,
    /// What arguments are masked by, where they are recorded.
    pub mask: MaskRules,
    /// Time.
    pub clock: Clock,
}

/// Where sources report what happens outside any call.
#[derive(Clone, Default)]
pub struct EventHub(pub(crate) Arc<Hub>);

impl EventHub {
    /// The hub as sources see it.
    pub fn events(&self) -> Arc<dyn Events> {
        self.0.clone()
    }
}

/// Where a request came from, for records and limits.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// The door: `http`, `sse` or `stdio`.
    pub front: &'static str,
    /// The client's address, where there is one.
    pub peer: Option<IpAddr>,
    /// W3C trace id, where the client sent one.
    pub trace: Option<String>,
}

/// One request on its way in.
#[derive(Clone)]
pub struct Incoming {
    /// Its id, as the client gave it.
    pub id: Id,
    /// What it asks.
    pub method: Method,
    /// With what.
    pub params: Object,
    /// `Mcp-Param-*` headers as received; none on fronts without headers.
    pub param_headers: Option<Vec<(String, String)>>,
    /// Whether the client gave a progress token.
    pub progress: bool,
    /// From which level on it wants log messages of this request.
    pub level: Option<protocol::mcp::Level>,
    /// Where it came from.
    pub arrival: Arrival,
}

impl Gate {
    /// Puts a gate together.
    pub fn new(parts: Parts) -> Self {
        let s = &parts.settings;
        let minute = Duration::from_mins(1);
        let limits = Limits {
            per_principal: Limiter::new(s.per_principal, 4096),
            per_tool: Limiter::new(s.per_tool, 16_384),
            at_once: Concurrency::new(s.concurrency),
            parked: Concurrency::new(s.parked_per_principal),
        };
        let failed_logins = FailedLogins::new(s.failed_logins, minute, 4096);
        let book = PinBook::new(parts.store, parts.journal.clone(), parts.clock.clone());
        let catalogue = Catalogue::new(parts.sources, book);
        let hub = parts.events.0;
        let notes = Arc::new(Notes::new(parts.journal.clone(), parts.clock.clone()));
        hub.knows(&catalogue, &notes);
        Self(Arc::new(Inner {
            settings: parts.settings,
            catalogue,
            hub,
            _notes: notes,
            keys: parts.keys,
            ring: ArcSwap::from_pointee(parts.ring),
            unauthenticated: parts.unauthenticated,
            policy: ArcSwap::from_pointee(digest::sha256(parts.policy.words().as_bytes())),
            desk: OnceLock::new(),
            decider: ArcSwap::from_pointee(Decider::new(Arc::new(parts.policy))),
            journal: parts.journal,
            clock: parts.clock,
            limits,
            failed_logins,
            lot: Arc::new(Lot::new()),
            metrics: Arc::new(Metrics::new()),
            mask: parts.mask,
            numbers: AtomicU64::new(1),
            draining: AtomicBool::new(false),
            welcomes: Mutex::default(),
        }))
    }

    /// Stage 1: who is calling. A credential that proves nobody is recorded, and limited by address apart from good
    /// ones.
    pub async fn identify(
        &self,
        presented: Presented<'_>,
        at: &Arrival,
    ) -> Result<Arc<Principal>, Vetted> {
        let refusal = match (presented, &self.0.unauthenticated) {
            (Presented::None, Some(nobody)) => return Ok(nobody.clone()),
            (Presented::Key(key), _) => match self.authenticate(key) {
                Ok(principal) => return Ok(principal),
                Err(e) => e.refusal(),
            },
            (Presented::Ambiguous, _) => {
                Refusal::new(Code::InvalidRequest, "more than one Authorization header")
            }
            (Presented::None, None) => Refusal::new(
                Code::Unauthenticated,
                "an API key is needed: Authorization: Bearer <key>",
            )
            .detail("no_credential"),
            (Presented::Malformed, _) => {
                Refusal::new(Code::Unauthenticated, "no valid API key was presented")
                    .detail("malformed")
            }
        };
        Err(Box::pin(self.failed_login(refusal, at)).await)
    }

    fn authenticate(&self, key: &str) -> Result<Arc<Principal>, AuthError> {
        let ring = self.0.ring.load();
        let now = Timestamp(self.0.clock.now_millis());
        match &**ring {
            Ok(ring) => ring.authenticate(key, now),
            Err(e) => Err(*e),
        }
    }

    async fn failed_login(&self, refusal: Refusal, at: &Arrival) -> Vetted {
        self.0.metrics.failed_login();
        let refusal = match at.peer {
            Some(peer) if refusal.code == Code::Unauthenticated => {
                match self.0.failed_logins.check(peer, self.0.clock.instant()) {
                    Ok(()) => refusal,
                    Err(after) => Refusal::new(
                        Code::TooManyFailedLogins,
                        "too many failed log-ins from this address",
                    )
                    .retry_after(after),
                }
            }
            _ => refusal,
        };
        self.refuse(refusal, at, None).await
    }

    /// A refusal before there is a call: recorded, and rendered by the one place that renders.
    /// Apart, here and elsewhere: what is rare must not make every request's future large.
    pub fn refuse<'a>(
        &'a self,
        refusal: Refusal,
        at: &'a Arrival,
        principal: Option<&'a Principal>,
    ) -> Boxed<'a, Vetted> {
        Box::pin(self.refuse_and_record(refusal, at, principal))
    }

    async fn refuse_and_record(
        &self,
        refusal: Refusal,
        at: &Arrival,
        principal: Option<&Principal>,
    ) -> Vetted {
        let kind = match refusal.code {
            Code::Unauthenticated | Code::TooManyFailedLogins => audit::Kind::Auth,
            Code::SessionNotFound => audit::Kind::Session,
            _ => audit::Kind::Refusal,
        };
        let mut record = Record::new(kind, Timestamp(self.0.clock.now_millis()));
        record.front = Some(Text::from(at.front));
        record.client = at.peer;
        record.trace_id = at.trace.clone().map(Text::from);
        record.principal = principal.map(|p| p.id.clone());
        record.tenant = principal.map(|p| p.tenant.clone());
        record.outcome = Some(Outcome::Refused);
        record.code = Some(refusal.code);
        record.note = refusal.detail.clone().map(Text::from);
        record.epoch = self.epoch();
        self.0.metrics.refused(refusal.code);
        match self.0.journal.reserve() {
            Ok(slot) => {
                if let Err(e) = slot.commit(record).await {
                    tracing::error!("a refusal could not be recorded: {e}");
                }
            }
            Err(e) => tracing::error!("a refusal could not be recorded: {e}"),
        }
        // Before a request is read its era is not known; refusals of this kind look alike in both.
        render::refusal(&refusal, Era::Modern)
    }

    /// The way of a call, all of it.
    pub async fn call(
        &self,
        client: &Arc<Client>,
        incoming: Incoming,
        link: Arc<dyn Link>,
    ) -> Vetted {
        way::call(self, client, Box::new(incoming), link).await
    }

    /// What a legacy client tells outside any call goes to every source of its tenant.
    pub async fn told(&self, client: &Arc<Client>, what: Told) {
        if let Told::Level(level) = what {
            client.set_level(level);
        }
        let tenant = &client.principal.tenant;
        let shelves = self.0.catalogue.shelves().iter();
        let theirs = shelves.filter(|s| s.settings.audience.has(tenant));
        futures_util::future::join_all(theirs.map(|s| s.source.told(client, what))).await;
    }

    /// A client's session has ended.
    pub fn end(&self, client: &Client) {
        for shelf in self.0.catalogue.shelves() {
            shelf.source.end(client);
        }
    }

    /// The keys that seal session ids.
    pub fn keys(&self) -> &Arc<Sealer> {
        &self.0.keys
    }

    /// The epoch of the policy in force: it grows with every reload.
    pub fn epoch(&self) -> u64 {
        self.0.decider.load().epoch()
    }

    /// Sources that have a path of their own, `/mcp/{source}`.
    pub fn source_names(&self) -> Vec<SourceName> {
        self.0.catalogue.shelves().iter().map(|s| s.source.name().clone()).collect()
    }

    /// Every source, for health pages and tables.
    pub fn sources(&self) -> Vec<Arc<dyn Source>> {
        self.0.catalogue.shelves().iter().map(|s| s.source.clone()).collect()
    }

    /// Who everybody is, where nobody has to prove anything.
    pub fn unauthenticated(&self) -> Option<Arc<Principal>> {
        self.0.unauthenticated.clone()
    }

    /// Counters and gauges.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// Puts other policies in force. Sessions go on; each call is judged anew, and lists notify.
    pub fn set_policy(&self, policy: PolicySet) {
        self.0.policy.store(Arc::new(digest::sha256(policy.words().as_bytes())));
        self.0.decider.store(Arc::new(Decider::new(Arc::new(policy))));
        self.0.hub.everything_changed();
    }

    /// Gives the gate its desk of approvals, once; a second one is left alone. Without one, what a person would have to
    /// approve is refused with `approval_unavailable`.
    pub fn attach_desk(&self, desk: Desk) {
        let _ = self.0.desk.set(desk);
    }

    /// The desk of approvals, where there is one.
    pub fn desk(&self) -> Option<&Desk> {
        self.0.desk.get()
    }

    /// Puts other API keys in force.
    pub fn set_keys(&self, ring: Result<KeyRing, AuthError>) {
        self.0.ring.store(Arc::new(ring));
    }

    /// Pins or accepted effects have changed: everything is looked at anew when it is next asked for.
    pub fn forget_pins(&self) {
        self.0.catalogue.book().forget();
        self.0.catalogue.forget();
        self.0.welcomes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.hub.everything_changed();
    }

    /// From now on nothing new is taken.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Whether the gate is shutting down.
    pub fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Calls that wait for their client's answer.
    pub fn parked(&self) -> usize {
        self.0.lot.len()
    }

    /// Clients that watch.
    pub fn watching(&self) -> usize {
        self.0.hub.watching()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.0.catalogue
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn decider(&self) -> arc_swap::Guard<Arc<Decider>> {
        self.0.decider.load()
    }

    pub(crate) fn policy_digest(&self) -> [u8; 32] {
        **self.0.policy.load()
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn lot(&self) -> &Arc<Lot> {
        &self.0.lot
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.0.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn mask(&self, arguments: &Object) -> String {
        audit::mask_arguments(&String::from_utf8_lossy(arguments.text()), &self.0.mask)
    }

    /// Whether arguments for this source are held against schemas.
    pub(crate) fn checks_arguments(&self, source: &SourceName) -> bool {
        self.0.catalogue.shelf(source).is_none_or(|s| s.settings.check_arguments)
    }

    /// The judge of what a source says.
    pub(crate) fn ear<'a>(&'a self, source: &'a SourceName) -> Ear<'a> {
        Ear::new(&self.0.catalogue, source)
    }

    /// Counts what was found in what a source said, and puts it into words for the record.
    pub(crate) fn noted(&self, source: &SourceName, what: &str, seen: &Seen) -> Option<String> {
        for finding in &seen.findings {
            self.0.metrics.finding(source, finding.rule, seen.done);
        }
        seen.note(what)
    }

    /// What the guards on questions need to know of a source.
    pub(crate) fn face(&self, source: &Arc<dyn Source>) -> SourceFace {
        let shelf = self.0.catalogue.shelf(source.name());
        let mut hosts = self.0.settings.elicitation_hosts.clone();
        hosts.extend(shelf.into_iter().flat_map(|s| s.settings.hosts.iter().cloned()));
        SourceFace {
            name: source.name().as_str().to_owned(),
            shown: shelf.is_some_and(|s| s.settings.prefix.is_some()),
            hosts,
        }
    }

    /// Whether this version of a server's instructions was judged before, and how.
    pub(crate) fn judged_instructions(
        &self,
        source: &SourceName,
        text: &str,
        judge: impl FnOnce() -> bool,
    ) -> bool {
        let key = (source.clone(), text.to_owned());
        let mut known = self.0.welcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > 1024 {
            known.clear();
        }
        *known.entry(key).or_insert_with(judge)
    }
}
