//! A whole gate in a temporary folder, before a shop.

use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use approvals::{Bounds, Desk};
use bytes::Bytes;
use egress::{Egress, HeaderTemplates, Policy, Resolver, Target};
use gate::port::{Ask, Boxed, Link, Notice};
use gate::{Arrival, Client, EventHub, Gate, Incoming, Lease, Parts, Settings};
use http::HeaderName;
use identity::{Installation, KeyRing};
use journal::{Journal, Options};
use model::{Credential, Principal, PrincipalId, Role, Scopes, SourceName, Template, TenantId};
use pay::ecash::{Ecash, Mint};
use pay::lightning::{Lightning, TIME_LIMIT};
use pay::{Drivers, Payer};
use policy::{Known, PolicySet};
use protocol::json::{Limits, Object};
use protocol::mcp::{ClientCapabilities, Method, Version};
use protocol::rpc::{Id, RpcError};
use purse::{Config, Purse};
use serde_json::{Value, json};
use store::{IntegrityKey, LedgerKey, SqliteStore};
use tokio::net::TcpListener;
use treasury::Treasury;
use url::Url;
use wallets::{LnBits, Place};

use crate::allowed::{agreed, allowed, budgets};

pub(crate) struct House {
    pub(crate) gate: Gate,
    pub(crate) payer: Payer,
    pub(crate) shop: Arc<demo::Ledger>,
    /// Where the shop is: `http://127.0.0.1:<port>`.
    pub(crate) at: String,
    /// The wallet of ecash, where there is one.
    pub(crate) ecash: Option<Arc<Ecash>>,
    _dir: tempfile::TempDir,
}

/// What there is around a gate beside the shop.
pub(crate) struct Around {
    /// Relays on which services may be searched for.
    pub(crate) relays: Vec<String>,
    /// A seller that takes USDC on a chain. Nothing about it is agreed to.
    pub(crate) seller: Option<String>,
    /// Another seller than the shop, that is paid with ecash of these mints.
    pub(crate) till: Option<(String, Vec<Mint>)>,
    /// What names lead to.
    pub(crate) resolver: Resolver,
}

impl Default for Around {
    fn default() -> Self {
        Self { relays: Vec::new(), seller: None, till: None, resolver: Resolver::system() }
    }
}

impl House {
    /// A gate whose callers may spend `limit` satoshi each in a day. What costs 10 sat is agreed to beforehand.
    pub(crate) async fn open(limit: u128) -> Self {
        Self::amid(limit, Around::default()).await
    }

    /// The same, with more around it. What is on loopback is named as private.
    pub(crate) async fn amid(limit: u128, around: Around) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut at = format!("http://{}", listener.local_addr().unwrap());
        let shop = Arc::new(demo::Ledger::new(clock.clone()).unwrap());
        tokio::spawn(demo::shop(listener, shop.clone()));
        let installation = Installation::load_or_create(dir.path()).unwrap();
        let key = IntegrityKey::new(installation.store_key().unwrap().reveal());
        let store = SqliteStore::open(&dir.path().join("state.db"), key, clock.clone()).unwrap();
        let store = Arc::new(store);
        let options = Options::new(dir.path().join("audit"), "test/audit");
        let (journal, _) = Journal::open(options, clock.clone()).unwrap();
        let options = egress::Options { resolver: around.resolver, ..egress::Options::default() };
        let egress = Egress::new(options, clock.clone());
        let desk = Desk::new(approvals::Parts {
            store: store.clone(),
            journal: Some(journal.clone()),
            clock: clock.clone(),
            bounds: Bounds::default(),
            page: None,
        });
        let key = installation.ledger_key().unwrap();
        let budgets = budgets(limit, around.seller.is_some());
        let path = dir.path().join("ledger.db");
        let key = LedgerKey::new(key.reveal()).unwrap();
        let treasury = Treasury::open(&path, key, budgets.clone(), clock.clone()).unwrap();
        let mut drivers = Drivers {
            lightning: Some(Arc::new(wallet(&egress, &at, &clock))),
            ..Drivers::default()
        };
        let mut listed = Vec::new();
        let ecash = around.till.map(|(seller, mints)| {
            at = seller;
            listed.extend(mints.iter().map(|mint| mint.url().clone()));
            Arc::new(Ecash::new(mints, treasury.clone(), clock.clone()))
        });
        if let Some(ecash) = &ecash {
            drivers.ecash = Some(ecash.clone());
        }
        let tools = ["pay__paid_fetch", "pay__buy_credits", "pay__redeem_token"];
        let payer = Payer::new(pay::Parts {
            treasury,
            desk: desk.clone(),
            policy: allowed(&at, around.seller.as_deref(), listed),
            policy_digest: [7; 32],
            pins: tools.map(|tool| agreed(&at, tool)).into(),
            pin_nodes: false,
            drivers,
            journal: journal.clone(),
            clock: clock.clone(),
        });
        let purse = Purse::new(Config {
            name: SourceName::new(purse::NAME).unwrap(),
            payer: Some(payer.clone()),
            egress,
            private: private([&at].into_iter().chain(&around.relays).chain(&around.seller)),
            budgets,
            relays: around.relays.iter().map(|r| nostr::relay::url(r, true).unwrap()).collect(),
            clock: clock.clone(),
        });
        let text = "permit (principal, action, resource);".to_owned();
        let known = Known::new([purse::NAME.to_owned()], Vec::<String>::new());
        let policy = PolicySet::load(&[("test.cedar".to_owned(), text)], &[], &known, 1);
        let settings = purse.settings();
        let gate = Gate::new(Parts {
            settings: Settings::default(),
            sources: vec![(purse, settings)],
            events: EventHub::default(),
            keys: Arc::new(installation.sealer(clock.clone()).unwrap()),
            ring: Ok(KeyRing::new(Vec::new()).unwrap()),
            unauthenticated: None,
            policy: policy.unwrap(),
            journal,
            store,
            mask: audit::MaskRules::default(),
            clock,
        });
        gate.attach_desk(desk);
        Self { gate, payer, shop, ecash, at, _dir: dir }
    }

    /// The whole message that a call is answered with.
    pub(crate) async fn message(&self, who: &str, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": format!("pay__{tool}"), "arguments": arguments }).to_string();
        let incoming = Incoming {
            id: Id::number(7),
            method: Method::ToolsCall,
            params: Object::parse(Bytes::from(params), Limits::REQUEST).unwrap(),
            param_headers: None,
            progress: false,
            level: None,
            arrival: Arrival::default(),
        };
        let vetted = self.gate.call(&client(who), incoming, Arc::new(Nobody)).await;
        let text = vetted.into_message(Some(&Id::number(7))).into_bytes();
        serde_json::from_slice(&text).unwrap()
    }

    /// What a tool found.
    pub(crate) async fn call(&self, who: &str, tool: &str, arguments: Value) -> Value {
        let message = self.message(who, tool, &arguments).await;
        let found = message["result"]["structuredContent"].clone();
        assert!(!found.is_null(), "{message}");
        found
    }

    /// The text that a tool failed with.
    pub(crate) async fn no(&self, who: &str, tool: &str, arguments: Value) -> String {
        let message = self.message(who, tool, &arguments).await;
        assert_eq!(message["result"]["isError"], true, "{message}");
        message["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// The URL of something in the shop.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.at)
    }

    /// How many payments are in the books, whatever became of them.
    pub(crate) async fn rows(&self) -> usize {
        self.payer.treasury().recent(usize::MAX).await.unwrap().len()
    }
}

/// Those of these places that are on this machine.
fn private<'a>(places: impl Iterator<Item = &'a String>) -> Policy {
    let urls = places.map(|place| Url::parse(place).unwrap());
    urls.filter(|url| url.host_str() == Some("127.0.0.1"))
        .fold(Policy::default(), |policy, url| policy.allow("127.0.0.1", url.port().unwrap()))
}

fn wallet(egress: &Egress, at: &str, clock: &Clock) -> Lightning {
    let base = Url::parse(at).unwrap();
    let mut target = Target::new(base.clone());
    target.policy = Policy::naming(&base);
    let client = egress.client(&target).unwrap();
    let key = Template::parse(demo::WALLET_KEY).unwrap();
    let key = HeaderTemplates(vec![(HeaderName::from_static("x-api-key"), key)]);
    let place = Place::new(client, base, Arc::new(key), Duration::from_secs(20));
    Lightning::new(Arc::new(LnBits::new(place)), "play", clock.clone(), TIME_LIMIT)
}

fn client(who: &str) -> Arc<Client> {
    let principal = Arc::new(Principal {
        id: PrincipalId::new(who),
        tenant: TenantId::new("acme"),
        role: Role::Agent,
        scopes: Scopes::new(Vec::<String>::new()),
        credential: Credential::ApiKey(Arc::from(format!("key of {who}"))),
    });
    let (version, none) = (Version::NEWEST_LEGACY, ClientCapabilities::none());
    let session = format!("session of {who}");
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
