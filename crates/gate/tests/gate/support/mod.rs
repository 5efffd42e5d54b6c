//! A whole gate in a temporary folder, and a source whose every answer a test can choose.

mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use gate::port::{Ask, Boxed, Link, Notice};
use gate::{
    Arrival, Client, EventHub, Gate, Incoming, Lease, Parts, PinMode, Settings, SourceSettings,
    Vetted,
};
use identity::{Installation, KeyRing};
use journal::{Journal, Options};
use model::{Credential, Principal, PrincipalId, Role, Scopes, SourceName, TenantId};
use policy::{Known, PolicySet};
use protocol::json::{Limits, Object};
use protocol::mcp::{ClientCapabilities, Method, Version};
use protocol::rpc::{Id, RpcError};
use serde_json::Value;
use store::{IntegrityKey, SqliteStore};

pub use source::{Fake, Script, asked, tool};

/// Everything of one test; the folder goes when it is dropped.
pub struct House {
    pub gate: Gate,
    pub store: Arc<SqliteStore>,
    pub sources: Vec<Arc<Fake>>,
    pub clock: Clock,
    events: EventHub,
    pub journal: Journal,
    dir: tempfile::TempDir,
}

/// What a test wants to be otherwise.
pub struct Plan {
    pub settings: Settings,
    pub sources: Vec<(Arc<Fake>, SourceSettings)>,
    pub policy: String,
    pub levels: Vec<(String, String)>,
    pub keys: Vec<identity::ApiKey>,
    pub nobody: Option<Arc<Principal>>,
    pub tenants: policy::Tenants,
}

impl Plan {
    /// One source `notes` with these tools, all of them declared `read`, under the policy that ships.
    pub fn with_tools(tools: &[Value]) -> Self {
        let fake = Fake::new("notes", tools);
        let mut settings = SourceSettings::new(&name("notes"));
        settings.effects = vec![("*".to_owned(), model::Effect::Read)];
        Self {
            settings: Settings::default(),
            sources: vec![(fake, settings)],
            policy: policy::SHIPPED.to_owned(),
            levels: Vec::new(),
            keys: Vec::new(),
            nobody: None,
            tenants: policy::Tenants::default(),
        }
    }

    pub fn and(mut self, fake: Arc<Fake>, change: impl FnOnce(&mut SourceSettings)) -> Self {
        let mut settings = SourceSettings::new(&fake.name);
        settings.effects = vec![("*".to_owned(), model::Effect::Read)];
        change(&mut settings);
        self.sources.push((fake, settings));
        self
    }

    pub fn first(mut self, change: impl FnOnce(&mut SourceSettings)) -> Self {
        change(&mut self.sources[0].1);
        self
    }

    pub fn pins(self, mode: PinMode) -> Self {
        self.first(|s| s.pins = mode)
    }

    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub fn policy(mut self, text: &str) -> Self {
        text.clone_into(&mut self.policy);
        self
    }

    /// Declares a tenant with its lists.
    pub fn tenant(mut self, id: &str, allow: Option<&[&str]>, deny: &[&str]) -> Self {
        let own = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let (allow, deny, known) = (allow.map(own), own(deny), Known::anything());
        self.tenants.declare(TenantId::new(id), allow.as_deref(), &deny, &known).unwrap();
        self
    }

    pub fn levels(mut self, levels: &[(&str, &str)]) -> Self {
        self.levels = levels.iter().map(|(p, l)| ((*p).to_owned(), (*l).to_owned())).collect();
        self
    }

    pub fn build(self) -> House {
        let dir = tempfile::tempdir().unwrap();
        House::open(self, dir)
    }
}

impl House {
    fn open(plan: Plan, dir: tempfile::TempDir) -> Self {
        let clock = Clock::system();
        let installation = Installation::load_or_create(dir.path()).unwrap();
        let store_key = installation.store_key().unwrap();
        let store = SqliteStore::open(
            &dir.path().join("state.db"),
            IntegrityKey::new(store_key.reveal()),
            clock.clone(),
        );
        let store = Arc::new(store.unwrap());
        let (journal, _) =
            Journal::open(Options::new(dir.path().join("audit"), "test/audit"), clock.clone())
                .unwrap();
        let names: Vec<String> = plan.sources.iter().map(|(f, _)| f.name.to_string()).collect();
        let policy = PolicySet::load(
            &[("test.cedar".to_owned(), plan.policy)],
            &plan.levels,
            &Known::new(names, Vec::<String>::new()),
            1,
        );
        let events = EventHub::default();
        let sources: Vec<Arc<Fake>> = plan.sources.iter().map(|(f, _)| f.clone()).collect();
        let gate = Gate::new(Parts {
            settings: plan.settings,
            sources: plan.sources.into_iter().map(|(f, s)| (f as _, s)).collect(),
            events: events.clone(),
            keys: Arc::new(installation.sealer(clock.clone()).unwrap()),
            ring: Ok(KeyRing::new(plan.keys).unwrap()),
            unauthenticated: plan.nobody,
            policy: policy.unwrap().with_tenants(plan.tenants),
            journal: journal.clone(),
            store: store.clone(),
            mask: audit::MaskRules::default(),
            clock: clock.clone(),
        });
        Self { gate, store, sources, clock, events, journal, dir }
    }

    /// The same installation with another plan, as after a restart.
    pub fn restart(self, plan: Plan) -> Self {
        self.restart_after(|| {}, plan)
    }

    /// The same, with something done while the gate is down.
    pub fn restart_after(self, meanwhile: impl FnOnce(), plan: Plan) -> Self {
        self.journal.close();
        let Self { gate, store, dir, journal, .. } = self;
        drop((gate, store, journal));
        meanwhile();
        Self::open(plan, dir)
    }

    pub fn source(&self) -> &Fake {
        &self.sources[0]
    }

    /// The source says that its tools may have changed.
    pub fn tools_changed(&self, source: &str) {
        self.events().list_changed(&name(source), gate::port::Kind::Tools);
    }

    /// Where sources report to.
    pub fn events(&self) -> Arc<dyn gate::port::Events> {
        self.events.events()
    }

    pub async fn call(&self, client: &Arc<Client>, tool: &str, arguments: Value) -> Value {
        let params = serde_json::json!({"name": tool, "arguments": arguments});
        self.send(client, Method::ToolsCall, &params).await
    }

    pub async fn send(&self, client: &Arc<Client>, method: Method, params: &Value) -> Value {
        let vetted =
            self.gate.call(client, incoming(method, &params.to_string()), Arc::new(Nobody)).await;
        message(vetted)
    }

    /// Exposed names of the client's tools, every page of them.
    pub async fn tools(&self, client: &Arc<Client>) -> Vec<String> {
        let mut names = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let at = Arrival::default();
            let page =
                self.gate.list(client, gate::port::Kind::Tools, cursor.as_deref(), &at).await;
            let page = message(page);
            let tools = page["result"]["tools"]
                .as_array()
                .unwrap_or_else(|| panic!("no list: {page}"))
                .clone();
            names.extend(tools.iter().map(|t| t["name"].as_str().unwrap().to_owned()));
            match page["result"]["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return names,
            }
        }
    }

    /// Every record so far, durable ones only.
    pub async fn records(&self) -> Vec<audit::Entry> {
        // Records of dropped calls are not waited for by anybody; one more record behind them is.
        self.entries().await.into_iter().filter(|e| e.kind == "call").collect()
    }

    /// The same, of every kind.
    pub async fn entries(&self) -> Vec<audit::Entry> {
        let probe =
            audit::Record::new(audit::Kind::Admin, model::Timestamp(self.clock.now_millis()));
        self.journal.append(probe).await.unwrap();
        let all = journal::records(&self.audit_dir(), 1).unwrap();
        all.map(|r| r.unwrap().entry).collect()
    }

    /// What `/metrics` would show of the gate.
    pub fn metrics(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::with_prefix("");
        self.gate.metrics().register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }

    /// One whole page of a list.
    pub async fn page(&self, client: &Arc<Client>, kind: gate::port::Kind) -> Value {
        message(self.gate.list(client, kind, None, &Arrival::default()).await)
    }

    /// A tool's definition as the client is shown it.
    pub async fn shown(&self, client: &Arc<Client>, tool: &str) -> Value {
        let page = self.page(client, gate::port::Kind::Tools).await;
        let tools = page["result"]["tools"].as_array().unwrap();
        tools.iter().find(|t| t["name"] == tool).cloned().unwrap_or_default()
    }

    pub fn audit_dir(&self) -> PathBuf {
        self.dir.path().join("audit")
    }

    pub fn state_db(&self) -> PathBuf {
        self.dir.path().join("state.db")
    }
}

pub fn name(text: &str) -> SourceName {
    SourceName::new(text).unwrap()
}

pub fn principal(id: &str) -> Arc<Principal> {
    scoped(id, &[])
}

/// Somebody of this tenant.
pub fn of_tenant(id: &str, tenant: &str) -> Arc<Principal> {
    let principal = Principal::clone(&principal(id));
    Arc::new(Principal { tenant: TenantId::new(tenant), ..principal })
}

pub fn scoped(id: &str, scopes: &[&str]) -> Arc<Principal> {
    Arc::new(Principal {
        id: PrincipalId::new(id),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::new(scopes.iter().map(|s| (*s).to_owned())),
        credential: Credential::ApiKey(Arc::from("k1")),
    })
}

pub fn legacy(principal: Arc<Principal>) -> Arc<Client> {
    client(principal, Version::NEWEST_LEGACY, "{}")
}

pub fn modern(principal: Arc<Principal>, capabilities: &str) -> Arc<Client> {
    client(principal, Version::MODERN, capabilities)
}

/// A legacy client of the path `/mcp/{source}`.
pub fn legacy_of(principal: Arc<Principal>, source: &str) -> Arc<Client> {
    only(principal, source, Version::NEWEST_LEGACY)
}

/// A modern client of the path `/mcp/{source}`.
pub fn modern_of(principal: Arc<Principal>, source: &str) -> Arc<Client> {
    only(principal, source, Version::MODERN)
}

fn only(principal: Arc<Principal>, source: &str, version: Version) -> Arc<Client> {
    let capabilities = ClientCapabilities::none();
    let (lease, only) = (Lease(99), Some(name(source)));
    Arc::new(Client::new(
        lease,
        principal,
        version,
        capabilities,
        None,
        only,
        "http",
        String::new(),
        None,
    ))
}

/// A legacy client that declares these capabilities.
pub fn able(principal: Arc<Principal>, capabilities: &str) -> Arc<Client> {
    client(principal, Version::NEWEST_LEGACY, capabilities)
}

fn client(principal: Arc<Principal>, version: Version, capabilities: &str) -> Arc<Client> {
    let capabilities =
        ClientCapabilities::parse(Bytes::copy_from_slice(capabilities.as_bytes())).unwrap();
    let lease = Lease(u128::from(principal.id.as_str().len() as u64));
    Arc::new(Client::new(
        lease,
        principal,
        version,
        capabilities,
        None,
        None,
        "http",
        String::new(),
        None,
    ))
}

pub fn incoming(method: Method, params: &str) -> Incoming {
    Incoming {
        id: Id::number(7),
        method,
        params: Object::parse(Bytes::copy_from_slice(params.as_bytes()), Limits::REQUEST).unwrap(),
        param_headers: None,
        progress: false,
        level: None,
        arrival: Arrival::default(),
    }
}

pub fn message(vetted: Vetted) -> Value {
    let text = vetted.into_message(Some(&Id::number(7))).into_bytes();
    serde_json::from_slice(&text).unwrap()
}

pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it takes too long")
}

/// A client whose person answers every question alike, and that keeps what it was asked.
#[derive(Default)]
pub struct Person {
    pub answer: String,
    pub asked: std::sync::Mutex<Vec<(String, Value)>>,
}

impl Link for Person {
    fn notify(&self, _: Notice) -> Boxed<'_, ()> {
        Box::pin(async {})
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        let params = serde_json::from_slice(&ask.params).unwrap();
        self.asked.lock().unwrap().push((ask.method.as_str().to_owned(), params));
        let answer = Bytes::from(self.answer.clone());
        Box::pin(async { Ok(answer) })
    }
}

/// A client that keeps what it is told, and answers nothing.
#[derive(Default)]
pub struct Listener(std::sync::Mutex<Vec<Value>>);

impl Listener {
    /// The params of what it was told.
    pub fn told(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Link for Listener {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        let (Notice::Progress(params) | Notice::Log(_, params) | Notice::Other(_, params)) = notice;
        self.0.lock().unwrap().push(serde_json::from_slice(&params).unwrap());
        Box::pin(async {})
    }

    fn ask(&self, _: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async { Err(RpcError::new(-32601, "nobody is there")) })
    }
}

/// A client that listens to nothing and answers nothing.
pub struct Nobody;

impl Link for Nobody {
    fn notify(&self, _: Notice) -> Boxed<'_, ()> {
        Box::pin(async {})
    }

    fn ask(&self, _: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async { Err(RpcError::new(-32601, "nobody is there")) })
    }
}
