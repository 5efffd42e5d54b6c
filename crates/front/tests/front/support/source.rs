use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gate::port::{
    Ask, Boxed, Filter, Greeting, Kind, Link, Listing, Notice, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client};
use model::SourceName;
use protocol::json::{Limits, Object};
use protocol::mcp::{Era, Level, Method, Offer, ServerCapabilities, ServerFlags};
use protocol::rpc::RpcError;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A source in this process. It answers what its [`Script`] says and counts what reaches it.
pub(crate) struct Fake {
    pub(crate) name: SourceName,
    script: Mutex<Script>,
    pub(crate) calls: AtomicUsize,
    pub(crate) cancelled: Arc<AtomicUsize>,
    pub(crate) ended: AtomicUsize,
    pub(crate) told: Mutex<Vec<Told>>,
    pub(crate) watched: Mutex<Vec<Filter>>,
    pub(crate) notices: AtomicUsize,
    /// Every header that came with each call.
    pub(crate) headers: Mutex<Vec<Vec<(String, String)>>>,
    /// Lets a call that waits go on.
    pub(crate) go_on: Arc<Notify>,
}

/// What a call is answered with.
#[derive(Clone)]
pub(crate) enum Script {
    /// The arguments, as text.
    Echo,
    /// That many bytes of text.
    Bytes(usize),
    /// Nothing, until told to go on; what it is told takes as long.
    Wait,
    /// That many progress notices and as many log messages, then the arguments.
    Progress(usize),
    /// A log message, then nothing until told to go on, then another one and the answer.
    LogAndWait,
    /// A question, and its answer as text.
    Asks(Method, &'static str),
    /// Notices of one kilobyte without end.
    Flood,
    /// This very result.
    Says(&'static str),
    /// That the client lacks a capability.
    Needs(&'static str),
    /// A question for the client, in the way of a modern upstream.
    Wants(Method, &'static str),
    /// An error of the upstream's own, with this code and `data`.
    Errs(i32, &'static str),
}

impl Fake {
    pub(crate) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: super::name(name),
            script: Mutex::new(Script::Echo),
            calls: AtomicUsize::new(0),
            cancelled: Arc::default(),
            ended: AtomicUsize::new(0),
            told: Mutex::default(),
            watched: Mutex::default(),
            notices: AtomicUsize::new(0),
            headers: Mutex::default(),
            go_on: Arc::default(),
        })
    }

    pub(crate) fn answers(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub(crate) fn called(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    async fn answer(&self, cleared: Cleared, link: Arc<dyn Link>) -> Result<Reply, Trouble> {
        let call = cleared.into_parts();
        self.headers.lock().unwrap().push(call.param_headers.clone());
        let mut counts = CountsDrop(Some(self.cancelled.clone()));
        let arguments = call.params.raw("arguments").unwrap_or_default();
        let mut text = String::from_utf8_lossy(arguments).into_owned();
        let log = |n: usize| {
            Notice::Log(Level::Info, Bytes::from(json!({"level": "info", "data": n}).to_string()))
        };
        let script = self.script.lock().unwrap().clone();
        match script {
            Script::Echo => {}
            Script::Bytes(n) => text = "x".repeat(n),
            Script::Wait => self.go_on.notified().await,
            Script::Progress(count) => {
                for n in 1..=count {
                    let progress = Bytes::from(json!({"progress": n, "total": count}).to_string());
                    link.notify(Notice::Progress(progress)).await;
                    link.notify(log(n)).await;
                }
            }
            Script::LogAndWait => {
                link.notify(log(1)).await;
                self.go_on.notified().await;
                link.notify(log(2)).await;
            }
            Script::Asks(method, params) => {
                let ask = Ask { method, params: Bytes::from_static(params.as_bytes()) };
                text = match link.ask(ask).await {
                    Ok(answer) => String::from_utf8_lossy(&answer).into_owned(),
                    Err(e) => format!("error {}", e.code),
                };
            }
            Script::Says(result) => {
                counts.0 = None;
                let result = Object::parse(Bytes::from(result), Limits::REPLY).unwrap();
                let failed = result.is_true("isError");
                return Ok(Reply::Complete { result: result.into(), failed });
            }
            Script::Needs(capabilities) => {
                counts.0 = None;
                let capabilities = Bytes::from_static(capabilities.as_bytes());
                return Err(Trouble::NeedsCapability(capabilities));
            }
            Script::Wants(method, params) => {
                counts.0 = None;
                let params = Bytes::from_static(params.as_bytes());
                let inputs = vec![("q".to_owned(), method, params)];
                return Ok(Reply::InputRequired { inputs, state: None });
            }
            Script::Errs(code, data) => {
                counts.0 = None;
                let error = RpcError::new(code, "it said no").with_data(data);
                return Err(Trouble::Answered(error));
            }
            Script::Flood => loop {
                let data = "x".repeat(1024);
                let params = json!({"level": "info", "data": data}).to_string();
                link.notify(Notice::Log(Level::Info, Bytes::from(params))).await;
                self.notices.fetch_add(1, Ordering::SeqCst);
            },
        }
        counts.0 = None;
        let mut result = json!({"content": [{"type": "text", "text": text}]});
        if call.client.version.era() == Era::Modern {
            result["resultType"] = json!("complete");
        }
        let result = Object::parse(Bytes::from(result.to_string()), Limits::REPLY).unwrap();
        Ok(Reply::Complete { result: result.into(), failed: false })
    }
}

struct CountsDrop(Option<Arc<AtomicUsize>>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Source for Fake {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn identity(&self) -> &str {
        self.name.as_str()
    }

    fn greet<'a>(&'a self, _: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>> {
        let all = Some(Offer { list_changed: true, subscribe: false });
        let flags = ServerFlags {
            tools: all,
            resources: Some(Offer { list_changed: true, subscribe: true }),
            logging: true,
            ..ServerFlags::default()
        };
        let greeting = Greeting {
            capabilities: ServerCapabilities::from(flags),
            instructions: Some(format!("About {}.", self.name)),
            info: None,
        };
        Box::pin(async { Ok(Arc::new(greeting)) })
    }

    fn list<'a>(&'a self, _: &'a Arc<Client>, kind: Kind) -> Boxed<'a, Result<Listing, Trouble>> {
        let schema = json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"}}});
        let page: Value = match kind {
            Kind::Tools => json!([
                {"name": "echo", "description": "Says it again.", "inputSchema": {"type": "object"}},
                {"name": "where", "description": "By region.", "inputSchema": schema},
            ]),
            Kind::Resources => json!([{"uri": "file:///readme.txt", "name": "readme"}]),
            _ => json!([]),
        };
        let pages = vec![Bytes::from(page.to_string())];
        Box::pin(async { Ok(Listing { era: Era::Legacy, pages, warnings: Vec::new() }) })
    }

    fn call(&self, cleared: Cleared, link: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(self.answer(cleared, link))
    }

    fn watch<'a>(
        &'a self,
        _: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>> {
        self.watched.lock().unwrap().push(filter.clone());
        Box::pin(async { Ok(filter) })
    }

    fn unwatch<'a>(&'a self, _: &'a Arc<Client>, _: &'a [String]) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    fn told<'a>(&'a self, _: &'a Arc<Client>, what: Told) -> Boxed<'a, ()> {
        self.told.lock().unwrap().push(what);
        let waits = matches!(*self.script.lock().unwrap(), Script::Wait);
        Box::pin(async move {
            if waits {
                self.go_on.notified().await;
            }
        })
    }

    fn end(&self, _: &Client) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    fn status(&self) -> Status {
        Status::default()
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
}
