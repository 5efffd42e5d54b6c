//! A whole gate in a temporary folder.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use gate::port::{Ask, Boxed, Link, Notice, Source};
use gate::{Arrival, Client, EventHub, Gate, Incoming, Lease, Parts, Settings, SourceSettings};
use identity::{Installation, KeyRing};
use journal::{Journal, Options};
use model::{Credential, Effect, Principal, PrincipalId, Role, Scopes, TenantId};
use policy::{Known, PolicySet};
use protocol::json::{Limits, Object};
use protocol::mcp::{ClientCapabilities, Method, Version};
use protocol::rpc::{Id, RpcError};
use serde_json::{Value, json};
use store::{IntegrityKey, SqliteStore};
use workflow::{Config, Converted, Flows};

use crate::upstream::Upstream;

pub(crate) struct House {
    pub(crate) gate: Gate,
    pub(crate) shop: Arc<Upstream>,
    journal: Journal,
    clock: Clock,
    dir: tempfile::TempDir,
}

/// What a test wants to be otherwise.
pub(crate) struct Plan {
    pub(crate) document: String,
    pub(crate) shop: Arc<Upstream>,
    pub(crate) more: Vec<Arc<Upstream>>,
    /// Forbidding or asking rules beside the one that allows everything.
    pub(crate) policy: &'static str,
    pub(crate) effect: Effect,
    pub(crate) time: Duration,
}

impl Plan {
    pub(crate) fn of(document: &str, shop: Arc<Upstream>) -> Self {
        Self {
            document: fixture(document),
            shop,
            more: Vec::new(),
            policy: "",
            effect: Effect::Read,
            time: Duration::from_secs(10),
        }
    }

    pub(crate) fn build(self) -> House {
        let document = arazzo::Document::parse(self.document.as_bytes()).unwrap();
        let flows = Flows::new(Config {
            name: model::SourceName::new("flows").unwrap(),
            identity: "flows.yaml".to_owned(),
            document,
            sources: std::collections::BTreeMap::new(),
            operations: Arc::new(Converted::default()),
            limits: arazzo::Limits::default(),
            time: self.time,
        });
        let mut sources: Vec<Arc<dyn Source>> = vec![flows.clone(), self.shop.clone()];
        sources.extend(self.more.into_iter().map(|s| s as Arc<dyn Source>));
        let house = House::open(sources, self.policy, self.effect, self.shop);
        flows.attach(house.gate.downgrade());
        house
    }
}

impl House {
    fn open(
        sources: Vec<Arc<dyn Source>>,
        rules: &str,
        effect: Effect,
        shop: Arc<Upstream>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let installation = Installation::load_or_create(dir.path()).unwrap();
        let key = IntegrityKey::new(installation.store_key().unwrap().reveal());
        let store = SqliteStore::open(&dir.path().join("state.db"), key, clock.clone()).unwrap();
        let options = Options::new(dir.path().join("audit"), "test/audit");
        let (journal, _) = Journal::open(options, clock.clone()).unwrap();
        let names: Vec<String> = sources.iter().map(|s| s.name().to_string()).collect();
        let text = format!("permit (principal, action, resource);\n{rules}");
        let policy = PolicySet::load(
            &[("test.cedar".to_owned(), text)],
            &[],
            &Known::new(names, Vec::<String>::new()),
            1,
        );
        let with_settings = |source: Arc<dyn Source>| {
            let mut settings = SourceSettings::new(source.name());
            settings.effects = vec![("*".to_owned(), effect)];
            (source, settings)
        };
        let gate = Gate::new(Parts {
            settings: Settings::default(),
            sources: sources.into_iter().map(with_settings).collect(),
            events: EventHub::default(),
            keys: Arc::new(installation.sealer(clock.clone()).unwrap()),
            ring: Ok(KeyRing::new(Vec::new()).unwrap()),
            unauthenticated: None,
            policy: policy.unwrap(),
            journal: journal.clone(),
            store: Arc::new(store),
            mask: audit::MaskRules::default(),
            clock: clock.clone(),
        });
        Self { gate, shop, journal, clock, dir }
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments}).to_string();
        let incoming = Incoming {
            id: Id::number(7),
            method: Method::ToolsCall,
            params: Object::parse(Bytes::from(params), Limits::REQUEST).unwrap(),
            param_headers: None,
            progress: false,
            level: None,
            arrival: Arrival::default(),
        };
        let vetted = self.gate.call(&alice(), incoming, Arc::new(Nobody)).await;
        let text = vetted.into_message(Some(&Id::number(7))).into_bytes();
        let message: Value = serde_json::from_slice(&text).unwrap();
        message.get("result").cloned().unwrap_or_else(|| panic!("no result: {message}"))
    }

    /// Every record of a call so far.
    pub(crate) async fn records(&self) -> Vec<audit::Entry> {
        // Records of dropped calls are not waited for by anybody; one more record behind them is.
        let now = model::Timestamp(self.clock.now_millis());
        self.journal.append(audit::Record::new(audit::Kind::Admin, now)).await.unwrap();
        let all = journal::records(&self.dir.path().join("audit"), 1).unwrap();
        all.map(|r| r.unwrap().entry).filter(|e| e.kind == "call").collect()
    }
}

pub(crate) fn fixture(name: &str) -> String {
    let path = format!("{}/../../fixtures/arazzo/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn alice() -> Arc<Client> {
    let principal = Arc::new(Principal {
        id: PrincipalId::new("alice"),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::new(Vec::<String>::new()),
        credential: Credential::ApiKey(Arc::from("k1")),
    });
    let (version, none) = (Version::NEWEST_LEGACY, ClientCapabilities::none());
    let session = String::new();
    Arc::new(Client::new(Lease(1), principal, version, none, None, None, "http", session, None))
}

struct Nobody;

impl Link for Nobody {
    fn notify(&self, _: Notice) -> Boxed<'_, ()> {
        Box::pin(async {})
    }

    fn ask(&self, _: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async { Err(RpcError::new(-32601, "nobody is there")) })
    }
}
