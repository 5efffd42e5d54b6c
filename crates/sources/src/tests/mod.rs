//! Promises of the whole source, kept against servers of the tests' own making.

mod cells;
mod faults;
mod lists;
mod modern;
mod news;
mod secrets;
mod server;
mod sessions;
mod stdio;
mod streams;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use egress::{Egress, Options};
use gate::port::{Ask, Boxed, Events, Kind, Link, Notice, Reply, SourceEvent, Trouble};
use gate::{Clearance, Client, Lease};
use model::{Credential, Principal, PrincipalId, Role, Scopes, SourceName, TenantId};
use process::{Caps, Launcher};
use protocol::json::{Limits, Object};
use protocol::mcp::{ClientCapabilities, Method, Version};
use protocol::rpc::RpcError;
use serde_json::Value;

use crate::{Config, Mcp, Ports, Reach, Remote};
use server::Server;

/// A client's end: writes down what it is told, answers what it is asked.
#[derive(Default)]
pub(crate) struct TestLink {
    pub(crate) notices: Mutex<Vec<Notice>>,
    pub(crate) asks: Mutex<Vec<Ask>>,
    pub(crate) answers: Mutex<Vec<Result<String, RpcError>>>,
    /// Never answers.
    pub(crate) mute: bool,
}

impl TestLink {
    pub(crate) fn answering(answers: impl IntoIterator<Item = &'static str>) -> Arc<Self> {
        let answers = answers.into_iter().map(|a| Ok(a.to_owned())).collect();
        Arc::new(Self { answers: Mutex::new(answers), ..Self::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let text =
            |a: &Ask| format!("{} {}", a.method.as_str(), String::from_utf8_lossy(&a.params));
        self.asks.lock().unwrap().iter().map(text).collect()
    }

    pub(crate) fn told(&self) -> Vec<String> {
        let text = |n: &Notice| match n {
            Notice::Progress(p) => format!("progress {}", String::from_utf8_lossy(p)),
            Notice::Log(level, p) => format!("{level} {}", String::from_utf8_lossy(p)),
            Notice::Other(m, p) => format!("{} {}", m.as_str(), String::from_utf8_lossy(p)),
        };
        self.notices.lock().unwrap().iter().map(text).collect()
    }
}

impl Link for TestLink {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        self.notices.lock().unwrap().push(notice);
        Box::pin(async {})
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        self.asks.lock().unwrap().push(ask);
        let mut answers = self.answers.lock().unwrap();
        let none = || Err(RpcError::new(-1, "no more answers"));
        let answer = if answers.is_empty() { none() } else { answers.remove(0).map(Bytes::from) };
        let mute = self.mute;
        Box::pin(async move { if mute { std::future::pending().await } else { answer } })
    }
}

/// Writes down what a source reports.
#[derive(Default)]
pub(crate) struct News(
    pub(crate) Mutex<Vec<String>>,
    pub(crate) Mutex<Vec<(SourceName, SourceEvent)>>,
);

impl News {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Events for News {
    fn list_changed(&self, _: &SourceName, kind: Kind) {
        self.0.lock().unwrap().push(format!("changed {}", kind.as_str()));
    }

    fn updated(&self, _: &SourceName, lease: Lease, uri: &str) {
        self.0.lock().unwrap().push(format!("updated {} {uri}", lease.0));
    }

    fn task(&self, _: &SourceName, lease: Lease, params: Bytes) {
        let params = String::from_utf8_lossy(&params).into_owned();
        self.0.lock().unwrap().push(format!("task {} {params}", lease.0));
    }

    fn note(&self, source: &SourceName, event: SourceEvent) {
        self.1.lock().unwrap().push((source.clone(), event));
    }
}

pub(crate) struct World {
    pub(crate) mcp: Arc<Mcp>,
    pub(crate) news: Arc<News>,
}

pub(crate) fn world(reach: Reach, change: impl FnOnce(&mut Config)) -> World {
    world_with(Arc::new(model::NoVault), reach, change)
}

/// A source beside a vault.
pub(crate) fn world_with(
    secrets: Arc<dyn model::Secrets>,
    reach: Reach,
    change: impl FnOnce(&mut Config),
) -> World {
    let mut config = Config::new(SourceName::new("shop").unwrap(), reach);
    config.times.list = Duration::from_secs(5);
    config.times.start = Duration::from_secs(10);
    change(&mut config);
    let clock = Clock::system();
    let news = Arc::new(News::default());
    let ports = Ports {
        egress: Egress::new(Options::default(), clock.clone()),
        launcher: Launcher::new(Caps::default(), clock.clone()).with_binary(supervisor()),
        clock,
        events: news.clone(),
        secrets,
        payer: None,
    };
    World { mcp: Mcp::new(config, ports).unwrap(), news }
}

/// The binary beside the one that runs the tests.
fn supervisor() -> std::path::PathBuf {
    let deps = std::env::current_exe().unwrap();
    deps.parent().unwrap().parent().unwrap().join("sources-supervisor")
}

pub(crate) fn http(server: &Server) -> Reach {
    http_at(server.port, "/mcp")
}

pub(crate) fn http_at(port: u16, path: &str) -> Reach {
    let url = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
    let policy = egress::Policy::default().allow("127.0.0.1", port);
    let headers = vec![("x-key".to_owned(), model::Template::plain("s3cret".to_owned()))];
    Reach::Http(Remote { headers, policy, ..Remote::new(url) })
}

pub(crate) const MODERN: Version = Version::MODERN;
pub(crate) const LEGACY: Version = Version::NEWEST_LEGACY;

pub(crate) fn client(version: Version, capabilities: &'static str) -> Arc<Client> {
    client_with(version, capabilities, None)
}

pub(crate) fn client_with(
    version: Version,
    capabilities: &'static str,
    link: Option<Arc<dyn Link>>,
) -> Arc<Client> {
    client_of("acme", version, capabilities, link)
}

/// A client of this tenant.
pub(crate) fn client_of(
    tenant: &str,
    version: Version,
    capabilities: &'static str,
    link: Option<Arc<dyn Link>>,
) -> Arc<Client> {
    static LEASES: AtomicU64 = AtomicU64::new(1);
    let principal = Principal {
        id: PrincipalId::new("alice"),
        tenant: TenantId::new(tenant),
        role: Role::Agent,
        scopes: Scopes::default(),
        credential: Credential::LocalUser,
    };
    let lease = Lease(u128::from(LEASES.fetch_add(1, Ordering::Relaxed)));
    let capabilities = ClientCapabilities::parse(capabilities.into()).unwrap();
    let info = Some(Bytes::from_static(br#"{"name":"c","version":"1"}"#));
    let session = String::new();
    let who = Arc::new(principal);
    Arc::new(Client::new(lease, who, version, capabilities, info, None, "http", session, link))
}

pub(crate) fn object(text: &str) -> Object {
    Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST).unwrap()
}

/// A call of the tool that the upstream calls `search` and the client `shop__search`.
pub(crate) fn call_tool(client: &Arc<Client>) -> Clearance {
    let params = match client.version {
        MODERN => {
            r#"{"name":"shop__search","arguments":{"q":1.0},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"progressToken":"t","vendor/x":1}}"#
        }
        _ => r#"{"name":"shop__search","arguments":{"q":1.0},"_meta":{"progressToken":"t"}}"#,
    };
    cleared(client, Method::ToolsCall, "search", params)
}

pub(crate) fn cleared(
    client: &Arc<Client>,
    method: Method,
    target: &str,
    params: &str,
) -> Clearance {
    Clearance {
        client: client.clone(),
        method,
        target: target.to_owned(),
        params: object(params),
        arguments: serde_json::Map::new(),
        param_headers: Vec::new(),
        progress: true,
        level: None,
        state: None,
        deadline: Duration::from_secs(20),
        about: gate::About::default(),
        approval: None,
    }
}

impl World {
    pub(crate) async fn call(
        &self,
        clearance: Clearance,
        link: &Arc<TestLink>,
    ) -> Result<Reply, Trouble> {
        self.mcp.carry_out(clearance, link.clone()).await
    }

    /// Calls the tool and gives its result.
    pub(crate) async fn tool(&self, client: &Arc<Client>, link: &Arc<TestLink>) -> Value {
        match self.call(call_tool(client), link).await {
            Ok(reply) => json(reply),
            Err(trouble) => panic!("{trouble}"),
        }
    }
}

pub(crate) fn json(reply: Reply) -> Value {
    match reply {
        Reply::Complete { result, .. } => {
            serde_json::from_slice(&result.write().unwrap().into_bytes()).unwrap()
        }
        Reply::InputRequired { .. } => panic!("wants input: {reply:?}"),
    }
}

/// Waits until something is so; a test fails that waits too long.
pub(crate) async fn until(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came about");
}
