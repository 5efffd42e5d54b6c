use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gate::port::{
    Ask, Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
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
    /// Takes the place of `tools`, byte for byte.
    pub raw_tools: Mutex<Option<String>>,
    pub resources: Mutex<Vec<Value>>,
    pub prompts: Mutex<Vec<Value>>,
    pub script: Mutex<Script>,
    pub dead: AtomicBool,
    pub instructions: Mutex<Option<String>>,
    pub calls: AtomicUsize,
    pub lists: AtomicUsize,
    pub cancelled: Arc<AtomicUsize>,
    pub seen: Mutex<Vec<(String, String)>>,
    /// `Mcp-Param-*` headers of each call.
    pub headers: Mutex<Vec<Vec<(String, String)>>>,
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
    /// The upstream is at fault.
    Fails(model::Code, Option<u16>),
    /// The upstream answers with a JSON-RPC error.
    Answers(i32, String),
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
            raw_tools: Mutex::default(),
            resources: Mutex::new(vec![json!({"uri": "file:///readme.txt", "name": "readme"})]),
            prompts: Mutex::new(vec![json!({"name": "review"})]),
            script: Mutex::new(Script::Echo),
            dead: AtomicBool::new(false),
            instructions: Mutex::default(),
            calls: AtomicUsize::new(0),
            lists: AtomicUsize::new(0),
            cancelled: Arc::default(),
            seen: Mutex::default(),
            headers: Mutex::default(),
        })
    }

    pub fn answers(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub fn offers(&self, tools: &[Value]) {
        *self.tools.lock().unwrap() = vec![tools.to_vec()];
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
        let complete =
            |result: String, failed| Ok(Reply::Complete { result: draft(result), failed });
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
            Script::Fails(code, status) => {
                Err(Trouble::Failed { code, detail: "it broke".to_owned(), status, unknown: false })
            }
            Script::Answers(code, message) => Err(Trouble::Answered(RpcError::new(code, message))),
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

async fn asked(link: &Arc<dyn Link>, method: Method, params: &str) -> String {
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

    fn list<'a>(&'a self, _: &'a Arc<Client>, kind: Kind) -> Boxed<'a, Result<Listing, Trouble>> {
        Box::pin(async move {
            if self.dead.load(Ordering::SeqCst) {
                return Err(dead());
            }
            self.lists.fetch_add(1, Ordering::SeqCst);
            let pages = match kind {
                Kind::Tools => self.tools.lock().unwrap().clone(),
                Kind::Resources => vec![self.resources.lock().unwrap().clone()],
                Kind::Templates => {
                    vec![vec![json!({"uriTemplate": "db://{schema}/{table}", "name": "table"})]]
                }
                Kind::Prompts => vec![self.prompts.lock().unwrap().clone()],
            };
            let mut pages: Vec<Bytes> =
                pages.into_iter().map(|p| Bytes::from(Value::from(p).to_string())).collect();
            let raw = self.raw_tools.lock().unwrap().clone().filter(|_| kind == Kind::Tools);
            if let Some(raw) = raw {
                pages = vec![Bytes::from(raw)];
            }
            Ok(Listing { era: Era::Legacy, pages, warnings: Vec::new() })
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
        _: &'a Arc<Client>,
        filter: Filter,
    ) -> Boxed<'a, Result<Filter, Trouble>> {
        Box::pin(async { Ok(filter) })
    }

    fn unwatch<'a>(&'a self, _: &'a Arc<Client>, _: &'a [String]) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    fn told<'a>(&'a self, _: &'a Arc<Client>, _: Told) -> Boxed<'a, ()> {
        Box::pin(async {})
    }

    fn end(&self, _: &Client) {}

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
