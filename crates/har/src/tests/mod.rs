//! Whole recordings, converted.

mod apart;
mod arguments;
mod canary;
mod left_out;
mod properties;
mod sureness;

use convert::Tool;
use serde_json::{Map, Value, json};

use crate::{Converted, Options, har};

/// One entry of a recording.
#[derive(Debug, Clone)]
struct Call(Value);

fn call(method: &str, url: &str) -> Call {
    Call(json!({
        "startedDateTime": "2026-07-28T10:00:00Z",
        "time": 1,
        "request": {
            "method": method, "url": url, "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "queryString": [], "headersSize": -1, "bodySize": 0,
        },
        "response": {
            "status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
            "content": {"size": 0, "mimeType": ""}, "redirectURL": "", "headersSize": -1, "bodySize": 0,
        },
        "cache": {}, "timings": {},
    }))
}

fn get(path: &str) -> Call {
    call("GET", &format!("https://api.example.com{path}"))
}

impl Call {
    fn answers(mut self, body: &Value) -> Self {
        self.0["response"]["content"] =
            json!({"mimeType": "application/json; charset=utf-8", "text": body.to_string()});
        self
    }

    fn status(mut self, status: i64) -> Self {
        self.0["response"]["status"] = json!(status);
        self
    }

    fn media(mut self, kind: &str) -> Self {
        self.0["response"]["content"]["mimeType"] = json!(kind);
        self
    }

    fn sends(self, body: &Value) -> Self {
        self.posts("application/json", &body.to_string())
    }

    fn posts(mut self, kind: &str, text: &str) -> Self {
        self.0["request"]["postData"] = json!({"mimeType": kind, "text": text});
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        if let Some(all) = self.0["request"]["headers"].as_array_mut() {
            all.push(json!({"name": name, "value": value}));
        }
        self
    }
}

fn text(calls: &[Call]) -> Vec<u8> {
    let entries: Vec<&Value> = calls.iter().map(|c| &c.0).collect();
    json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}})
        .to_string()
        .into_bytes()
}

fn converted(calls: &[Call]) -> Converted {
    har(&text(calls), &Options::default()).unwrap()
}

fn names(converted: &Converted) -> Vec<&str> {
    converted.tools.iter().map(|t| t.name.as_str()).collect()
}

fn only(converted: &Converted) -> &Tool {
    assert_eq!(converted.tools.len(), 1, "{:?}", names(converted));
    &converted.tools[0]
}

/// The request that a tool makes of arguments.
fn request<'t>(tool: &'t Tool, arguments: &Value) -> convert::Request<'t> {
    let none = Map::new();
    convert::request(&tool.recipe, arguments.as_object().unwrap_or(&none)).unwrap()
}

fn codes(converted: &Converted) -> Vec<&str> {
    converted.skipped.iter().map(|s| s.code).collect()
}
