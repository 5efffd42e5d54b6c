//! A whole gate behind a real listener, in a temporary folder.

mod client;
mod source;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ambient::Clock;
use front::{Gauges, Served, Settings};
use gate::{EventHub, Gate, Parts, SourceSettings};
use identity::{Grant, Installation, KeyRing, anonymous_principal, new_key};
use journal::{Journal, Options};
use model::{PrincipalId, Role, SourceName, TenantId, Timestamp};
use policy::{Known, PolicySet};
use store::{IntegrityKey, SqliteStore};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) use client::{Conn, Reply, call, initialize, modern, modern_headers, request};
pub(crate) use source::{Fake, Script};

/// A gate with two sources, `notes` and `shop`, and keys for alice and bob.
pub(crate) struct House {
    pub(crate) gate: Gate,
    pub(crate) notes: Arc<Fake>,
    pub(crate) alice: String,
    pub(crate) bob: String,
    /// A key of another alice, of the tenant globex.
    pub(crate) other_alice: String,
    /// A key of alice's that covers one tool.
    pub(crate) echo: String,
    pub(crate) events: EventHub,
    pub(crate) dir: tempfile::TempDir,
}

/// The gate behind a listener.
pub(crate) struct Server {
    pub(crate) house: House,
    pub(crate) at: SocketAddr,
    pub(crate) gauges: Arc<Gauges>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Served>,
}

pub(crate) fn name(text: &str) -> SourceName {
    SourceName::new(text).unwrap()
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(false, |_| {})
    }

    /// With other settings of the gate; `open` means that nobody has to prove anything.
    pub(crate) fn with(open: bool, change: impl FnOnce(&mut gate::Settings)) -> Self {
        Self::of(open, false, policy::SHIPPED, change)
    }

    /// Whose sources are passed what the gate does not know.
    pub(crate) fn passing() -> Self {
        Self::of(false, true, policy::SHIPPED, |_| {})
    }

    /// Under policies of a test's own.
    pub(crate) fn under(policy: &str) -> Self {
        Self::of(false, false, policy, |_| {})
    }

    fn of(
        open: bool,
        pass_unknown: bool,
        policy: &str,
        change: impl FnOnce(&mut gate::Settings),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let installation = Installation::load_or_create(dir.path()).unwrap();
        let key = installation.store_key().unwrap();
        let path = dir.path().join("state.db");
        let store = SqliteStore::open(&path, IntegrityKey::new(key.reveal()), clock.clone());
        let options = Options::new(dir.path().join("audit"), "test/audit");
        let (journal, _) = Journal::open(options, clock.clone()).unwrap();
        let notes = Fake::new("notes");
        let (alice, bob) = (grant("alice", &[], &clock), grant("bob", &[], &clock));
        let echo = grant("alice", &["tool:notes__echo"], &clock);
        let other_alice = grant_in("globex", "alice", &[], &clock);
        let rows = [&alice, &bob, &echo, &other_alice].map(|key| key.row.clone());
        let policy = PolicySet::load(
            &[("test.cedar".to_owned(), policy.to_owned())],
            &[],
            &Known::new(["notes", "shop"], Vec::<String>::new()),
            1,
        );
        let events = EventHub::default();
        let mut settings = gate::Settings::default();
        change(&mut settings);
        let source = |fake: Arc<Fake>| {
            let mut own = SourceSettings::new(&fake.name);
            own.pass_unknown = pass_unknown;
            own.effects = vec![("*".to_owned(), model::Effect::Read)];
            (fake as Arc<dyn gate::port::Source>, own)
        };
        let gate = Gate::new(Parts {
            settings,
            sources: vec![source(notes.clone()), source(Fake::new("shop"))],
            events: events.clone(),
            keys: Arc::new(installation.sealer(clock.clone()).unwrap()),
            ring: Ok(KeyRing::new(rows).unwrap()),
            unauthenticated: open.then(|| anonymous_principal(TenantId::new("acme"))),
            policy: policy.unwrap(),
            journal,
            store: Arc::new(store.unwrap()),
            mask: audit::MaskRules::default(),
            clock: clock.clone(),
        });
        let keys = [alice, bob, echo, other_alice].map(|key| key.secret.reveal().clone());
        let [alice, bob, echo, other_alice] = keys;
        Self { gate, notes, alice, bob, other_alice, echo, events, dir }
    }

    pub(crate) async fn serve(self, change: impl FnOnce(&mut Settings)) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut settings = Settings::new(at);
        settings.allowed_origins = vec!["https://app.example".to_owned()];
        settings.limits.grace = Duration::from_secs(1);
        change(&mut settings);
        let gauges = settings.gauges.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let gate = self.gate.clone();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            front::serve(gate, settings, listener, stopped).await.unwrap()
        });
        Server { house: self, at, gauges, stop: Some(stop), serving }
    }
}

fn grant(id: &str, scopes: &[&str], clock: &Clock) -> identity::NewKey {
    grant_in("acme", id, scopes, clock)
}

fn grant_in(tenant: &str, id: &str, scopes: &[&str], clock: &Clock) -> identity::NewKey {
    let grant = Grant {
        principal: PrincipalId::new(id),
        tenant: TenantId::new(tenant),
        role: Role::Agent,
        scopes: scopes.iter().map(ToString::to_string).collect(),
        expires: None,
    };
    new_key(grant, Timestamp(clock.now_millis())).unwrap()
}

impl Server {
    /// A server with nothing special about it.
    pub(crate) async fn start() -> Self {
        House::new().serve(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        House::new().serve(change).await
    }

    pub(crate) async fn connect(&self) -> Conn {
        Conn::to(self.at).await
    }

    /// One request as alice on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut conn = self.connect().await;
        let key = format!("Bearer {}", self.house.alice);
        conn.send(method, path, &[&[("Authorization", key.as_str())], headers].concat(), body)
            .await;
        conn.reply().await
    }

    /// One POST as alice.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        self.send("POST", "/mcp", headers, body).await
    }

    /// Opens a legacy session as alice; its id.
    pub(crate) async fn session(&self, version: &str, capabilities: &str) -> String {
        let reply = self.post(&[], &initialize(version, capabilities)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.header("mcp-session-id").unwrap().to_owned()
    }

    /// Tells the doors to close and waits until they have.
    pub(crate) async fn stop(mut self) -> (House, Served) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let served = soon(self.serving).await.unwrap();
        (self.house, served)
    }

    /// Records so far.
    pub(crate) async fn records(&self) -> Vec<audit::Entry> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let all = journal::records(&self.house.dir.path().join("audit"), 1).unwrap();
        all.map(|record| record.unwrap().entry).collect()
    }
}

/// Fails if it takes long.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it takes too long")
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
