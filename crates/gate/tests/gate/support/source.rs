use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gate::port::{
    Ask, Boxed, Filter, Greeting, Kind, Link, Listing, Notice, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client};
use model::SourceName;
use protocol::json::{Limits, Object};
use protocol::mcp::{Draft, Era, Method};
use protocol::rpc::RpcError;
use serde_json::{Value, json};

/// A source in this process. It answers what its [`Script`] says and counts what reaches it.
pub struct Fake {
    pub name: SourceName,
    pub tools: Mutex<Vec<Vec<Value>>>,
    /// Takes the place of `tools`, for the clients of a tenant.
    pub tools_of: Mutex<HashMap<String, Vec<Value>>>,
    /// Takes the place of `tools`, byte for byte.
    pub raw_tools: Mutex<Option<String>>,
    pub resources: Mutex<Vec<Value>>,
    pub prompts: Mutex<Vec<Value>>,
    pub script: Mutex<Script>,
    pub dead: AtomicBool,
    /// Whether it may ask a person.
    pub asks: AtomicBool,
    /// Whether it reads arguments.
    pub reads: AtomicBool,
    pub instructions: Mutex<Option<String>>,
    pub calls: AtomicUsize,
    pub templates: Mutex<Vec<Value>>,
    /// The era its lists are in.
    pub era: Mutex<Era>,
    pub lists: AtomicUsize,
    /// Which lists it was asked for.
    pub listed: Mutex<Vec<Kind>>,
    /// Done when it is asked for a list, before it answers.
    pub while_listing: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
    /// Watching and sessions: what it was told of them.
    pub told: Mutex<Vec<String>>,
    /// What it agrees to watch, where that is not all.
    pub watches: Mutex<Option<Filter>>,
    /// The link of the last call, kept longer than the call.
    pub kept: Mutex<Option<Arc<dyn Link>>>,
    pub cancelled: Arc<AtomicUsize>,
    pub seen: Mutex<Vec<(String, String)>>,
    /// `Mcp-Param-*` headers of each call.
    pub headers: Mutex<Vec<Vec<(String, String)>>>,
    /// Arguments of each call, as they were checked.
    pub read: Mutex<Vec<Value>>,
}

/// What a call is answered with.
#[derive(Clone)]
pub enum Script {
    /// The arguments, as text.
    Echo,
    /// This raw result.
    Result(String),
    /// Nothing, ever.
    Hang,
    /// A tool's own failure.
    ToolError,
    /// A legacy server's question, and the answer as the result.
    Asks(Method, String),
    /// The same question so many times; the answers, joined by commas, as the result.
    AsksTimes(u32, Method, String),
    /// So many questions at once; the answers, joined by commas, as the result.
    AsksTogether(usize, Method, String),
    /// Nothing, for this reason.
    Has(Trouble),
    /// The upstream is at fault.
    Fails(model::Code, Option<u16>),
    /// The upstream answers with a JSON-RPC error.
    Answers(i32, String),
    /// These notices, then an empty result.
    Tells(Vec<Notice>),
    /// A modern server's question: raw `inputRequests` entries, and its state.
    InputRequired(Vec<(String, Method, String)>, String),
}

/// A tool definition with an open object schema.
pub fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}

impl Fake {
    pub fn new(name: &str, tools: &[Value]) -> Arc<Self> {
        Arc::new(Self {
            name: super::name(name),
            tools: Mutex::new(vec![tools.to_vec()]),
            tools_of: Mutex::default(),
            raw_tools: Mutex::default(),
            resources: Mutex::new(vec![json!({"uri": "file:///readme.txt", "name": "readme"})]),
            prompts: Mutex::new(vec![json!({"name": "review"})]),
            script: Mutex::new(Script::Echo),
            dead: AtomicBool::new(false),
            asks: AtomicBool::new(false),
            reads: AtomicBool::new(false),
            instructions: Mutex::default(),
            calls: AtomicUsize::new(0),
            templates: Mutex::new(vec![
                json!({"uriTemplate": "db://{schema}/{table}", "name": "table"}),
            ]),
            era: Mutex::new(Era::Legacy),
            lists: AtomicUsize::new(0),
            listed: Mutex::default(),
            while_listing: Mutex::default(),
            told: Mutex::default(),
            watches: Mutex::default(),
            kept: Mutex::default(),
            cancelled: Arc::default(),
            seen: Mutex::default(),
            headers: Mutex::default(),
            read: Mutex::default(),
        })
    }

    pub fn answers(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub fn offers(&self, tools: &[Value]) {
        *self.tools.lock().unwrap() = vec![tools.to_vec()];
    }

    /// How often it was asked for this list.
    pub fn asked_for(&self, kind: Kind) -> usize {
        self.listed.lock().unwrap().iter().filter(|k| **k == kind).count()
    }

    /// What it was told since the last time.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    fn hears(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }

    pub fn called(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn answer(&self, cleared: Cleared, link: Arc<dyn Link>) -> Result<Reply, Trouble> {
        let call = cleared.into_parts();
        self.seen
            .lock()
            .unwrap()
            .push((call.target.clone(), String::from_utf8_lossy(call.params.text()).into_owned()));
        self.headers.lock().unwrap().push(call.param_headers.clone());
        self.read.lock().unwrap().push(Value::Object(call.arguments));
        let complete =
            |result: String, failed| Ok(Reply::Complete { result: draft(result), failed });
        *self.kept.lock().unwrap() = Some(link.clone());
        let script = self.script.lock().unwrap().clone();
        match script {
            Script::Echo => {
                let text = call
                    .params
                    .raw("arguments")
                    .map_or_else(String::new, |a| String::from_utf8_lossy(a).into_owned());
                complete(json!({"content": [{"type": "text", "text": text}]}).to_string(), false)
            }
            Script::Result(raw) => complete(raw, false),
            Script::ToolError => {
                complete(json!({"content": [], "isError": true}).to_string(), true)
            }
            Script::Hang => {
                let _counts = CountsDrop(self.cancelled.clone());
                std::future::pending().await
            }
            Script::AsksTogether(count, method, params) => {
                let each = (0..count).map(|_| asked(&link, method.clone(), &params));
                let answers = futures_util::future::join_all(each).await.join(",");
                complete(json!({"content": [{"type": "text", "text": answers}]}).to_string(), false)
            }
            Script::Has(trouble) => Err(trouble),
            Script::Fails(code, status) => {
                Err(Trouble::Failed { code, detail: "it broke".to_owned(), status, unknown: false })
            }
            Script::Answers(code, message) => Err(Trouble::Answered(RpcError::new(code, message))),
            Script::Tells(notices) => {
                for notice in notices {
                    link.notify(notice).await;
                }
                complete(json!({"content": []}).to_string(), false)
            }
            Script::AsksTimes(times, method, params) => {
                let mut answers = Vec::new();
                for _ in 0..times {
                    answers.push(asked(&link, method.clone(), &params).await);
                }
                complete(
                    json!({"content": [{"type": "text", "text": answers.join(",")}]}).to_string(),
                    false,
                )
            }
            Script::Asks(method, params) => {
                let answer = asked(&link, method, &params).await;
                complete(json!({"content": [{"type": "text", "text": answer}], "resultType": "complete"}).to_string(), false)
            }
            Script::InputRequired(inputs, state) => match call.state {
                Some(back) => complete(
                    json!({"content": [], "resultType": "complete", "back": back}).to_string(),
                    false,
                ),
                None => Ok(Reply::InputRequired {
                    inputs: inputs.into_iter().map(|(k, m, p)| (k, m, Bytes::from(p))).collect(),
                    state: Some(state),
                }),
            },
        }
    }
}

pub async fn asked(link: &Arc<dyn Link>, method: Method, params: &str) -> String {
    let ask = Ask { method, params: Bytes::copy_from_slice(params.as_bytes()) };
    match link.ask(ask).await {
        Ok(answer) => String::from_utf8_lossy(&answer).into_owned(),
        Err(e) => format!("error {}", e.code),
    }
}

struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn dead() -> Trouble {
    Trouble::Failed {
        code: model::Code::UpstreamFailed,
        detail: "connection refused to http://10.0.0.5:9000/internal".to_owned(),
        status: None,
        unknown: false,
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
        Box::pin(async {
            if self.dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            let instructions = self.instructions.lock().unwrap().clone();
            Ok(Arc::new(Greeting { instructions, ..Greeting::default() }))
        })
    }

    fn list<'a>(
        &'a self,
        client: &'a Arc<Client>,
        kind: Kind,
    ) -> Boxed<'a, Result<Listing, Trouble>> {
        Box::pin(async move {
            if self.dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            self.lists.fetch_add(1, Ordering::SeqCst);
            self.listed.lock().unwrap().push(kind);
            let pages = match kind {
                Kind::Tools => {
                    let tenant = client.principal.tenant.as_str();
                    let own = self.tools_of.lock().unwrap().get(tenant).cloned();
                    own.map_or_else(|| self.tools.lock().unwrap().clone(), |own| vec![own])
                }
                Kind::Resources => vec![self.resources.lock().unwrap().clone()],
                Kind::Templates => vec![self.templates.lock().unwrap().clone()],
                Kind::Prompts => vec![self.prompts.lock().unwrap().clone()],
            };
            let mut pages: Vec<Bytes> =
                pages.into_iter().map(|p| Bytes::from(Value::from(p).to_string())).collect();
            let raw = self.raw_tools.lock().unwrap().clone().filter(|_| kind == Kind::Tools);
            if let Some(raw) = raw {
                pages = vec![Bytes::from(raw)];
            }
            if let Some(meanwhile) = &*self.while_listing.lock().unwrap() {
                meanwhile();
            }
            Ok(Listing { era: *self.era.lock().unwrap(), pages, warnings: Vec::new() })
        })
    }

    fn call(&self, cleared: Cleared, link: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if self.dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            self.answer(cleared, link).await
        })
    }

    fn watch<'a>(
        &'a self,
        client: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>> {
        Box::pin(async move {
            let lists = [
                (filter.tools, "tools"),
                (filter.prompts, "prompts"),
                (filter.resources, "resources"),
            ];
            let lists = lists.iter().filter(|(wanted, _)| *wanted).map(|(_, name)| *name);
            let named = filter.uris.iter().chain(&filter.tasks).map(String::as_str);
            let all: Vec<&str> = lists.chain(named).collect();
            self.hears(format!("{} watches {}", client.principal.id, all.join(" ")));
            if self.dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            Ok(self.watches.lock().unwrap().clone().unwrap_or(filter))
        })
    }

    fn unwatch<'a>(&'a self, client: &'a Arc<Client>, uris: &'a [String]) -> Boxed<'a, ()> {
        self.hears(format!("{} leaves {}", client.principal.id, uris.join(" ")));
        Box::pin(async {})
    }

    fn told<'a>(&'a self, client: &'a Arc<Client>, what: Told) -> Boxed<'a, ()> {
        self.hears(format!("{} says {what:?}", client.principal.id));
        Box::pin(async {})
    }

    fn end(&self, client: &Client) {
        self.hears(format!("{} ends", client.principal.id));
    }

    fn asks(&self) -> bool {
        self.asks.load(Ordering::SeqCst)
    }

    fn reads(&self) -> bool {
        self.reads.load(Ordering::SeqCst)
    }

    fn status(&self) -> Status {
        Status::default()
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
}

fn draft(text: String) -> Draft {
    Object::parse(Bytes::from(text), Limits::REPLY).unwrap().into()
}
