//! A stand-in for an upstream: every tool answers what a function says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gate::port::{
    Boxed, Filter, Greeting, Kind, Link, Listing, Reply, Source, Status, Told, Trouble,
};
use gate::{Cleared, Client};
use model::SourceName;
use protocol::json::{Limits, Object};
use protocol::mcp::Era;
use serde_json::{Value, json};

/// What a tool answers, by its name, its arguments and how often it was called; none is no answer, ever.
pub(crate) type Answer = dyn Fn(&str, &Value, usize) -> Option<Value> + Send + Sync;

pub(crate) struct Upstream {
    name: SourceName,
    tools: Vec<&'static str>,
    answer: Box<Answer>,
    pub(crate) seen: Mutex<Vec<(String, Value)>>,
    pub(crate) at_once: AtomicUsize,
    pub(crate) most: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
}

impl Upstream {
    pub(crate) fn new(name: &str, tools: &[&'static str], answer: Box<Answer>) -> Arc<Self> {
        Arc::new(Self {
            name: SourceName::new(name).unwrap(),
            tools: tools.to_vec(),
            answer,
            seen: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        })
    }

    /// Names of the tools that were called, in order.
    pub(crate) fn called(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(tool, _)| tool.clone()).collect()
    }

    async fn answered(&self, cleared: Cleared) -> Result<Reply, Trouble> {
        let call = cleared.into_parts();
        let arguments = call.params.raw("arguments").unwrap_or(b"{}");
        let arguments: Value = serde_json::from_slice(arguments).unwrap();
        let times = {
            let mut seen = self.seen.lock().unwrap();
            seen.push((call.target.clone(), arguments.clone()));
            seen.iter().filter(|(tool, _)| *tool == call.target).count()
        };
        let _place = Place::take(self);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        let Some(result) = (self.answer)(&call.target, &arguments, times) else {
            return std::future::pending().await;
        };
        let failed = result["isError"] == json!(true);
        let result = Object::parse(Bytes::from(result.to_string()), Limits::REPLY).unwrap();
        Ok(Reply::Complete { result: result.into(), failed })
    }
}

/// A call under way.
struct Place<'a>(&'a Upstream);

impl<'a> Place<'a> {
    fn take(of: &'a Upstream) -> Self {
        let now = of.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        of.most.fetch_max(now, Ordering::SeqCst);
        Self(of)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// The answer of an API, as a converted one gives it.
pub(crate) fn http(status: u16, body: &Value) -> Value {
    let mut result = json!({
        "content": [{"type": "text", "text": body.to_string()}],
        "resultType": "complete",
        "_meta": {"portcullis/http": {"status": status, "headers": {}}},
    });
    if status >= 400 {
        result["isError"] = json!(true);
        result["content"][0]["text"] = json!(format!("HTTP {status}: {body}"));
    } else {
        result["structuredContent"] = body.clone();
    }
    result
}

impl Source for Upstream {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn identity(&self) -> &str {
        self.name.as_str()
    }

    fn greet<'a>(&'a self, _: &'a Arc<Client>) -> Boxed<'a, Result<Arc<Greeting>, Trouble>> {
        Box::pin(async { Ok(Arc::new(Greeting::default())) })
    }

    fn list<'a>(&'a self, _: &'a Arc<Client>, kind: Kind) -> Boxed<'a, Result<Listing, Trouble>> {
        let all = self.tools.iter().filter(|_| kind == Kind::Tools);
        let all: Vec<Value> = all
            .map(|name| json!({"name": name, "description": name, "inputSchema": {"type": "object"}}))
            .collect();
        let pages = vec![Bytes::from(Value::from(all).to_string())];
        Box::pin(async { Ok(Listing { era: Era::Modern, pages, warnings: Vec::new() }) })
    }

    fn call(&self, cleared: Cleared, _: Arc<dyn Link>) -> Boxed<'_, Result<Reply, Trouble>> {
        Box::pin(self.answered(cleared))
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
