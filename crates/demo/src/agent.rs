//! A client of the gate that speaks either era.

use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use egress::{Client, Deadline, Egress, EgressError, Options, Policy, Target};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;

/// Which era an agent speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// 2025-11-25: a session, opened by `initialize`.
    Legacy,
    /// 2026-07-28: every request says all there is to say.
    Modern,
}

/// A client with a key.
pub struct Agent {
    speaks: Speaks,
    key: String,
    client: Client,
    session: Option<HeaderValue>,
    next: u64,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The JSON-RPC message; null if there was none.
    pub message: Value,
}

impl Answer {
    /// The first text of a tool's result.
    pub fn text(&self) -> &str {
        self.message["result"]["content"][0]["text"].as_str().unwrap_or_default()
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> &str {
        self.message["error"]["data"]["code"].as_str().unwrap_or_default()
    }

    /// What the error says.
    pub fn error(&self) -> &str {
        self.message["error"]["message"].as_str().unwrap_or_default()
    }
}

/// The gate could not be talked to.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Not an address.
    #[error("{0} is no address of a gate")]
    Url(String),
    /// No exchange took place.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// A key that no header can hold.
    #[error("the key cannot be sent")]
    Key,
    /// An answer that is no JSON-RPC message.
    #[error("the gate answered {0} with something that is no message")]
    Answer(StatusCode),
}

const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";

impl Agent {
    /// An agent for the gate at `url`; nothing is sent yet.
    pub fn new(url: &str, key: &str, speaks: Speaks) -> Result<Self, AgentError> {
        let base = Url::parse(url).map_err(|_| AgentError::Url(url.to_owned()))?;
        let mut target = Target::new(base);
        target.policy = Policy::naming(&target.base);
        let client = Egress::new(Options::default(), Clock::system()).client(&target)?;
        Ok(Self { speaks, key: key.to_owned(), client, session: None, next: 1 })
    }

    /// Opens a session, or asks what the gate offers: whichever the era has.
    pub async fn open(&mut self) -> Result<Answer, AgentError> {
        if self.speaks == Speaks::Modern {
            return self.ask("server/discover", json!({})).await;
        }
        let params = json!({
            "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "agent", "version": "1" },
        });
        let answer = self.ask("initialize", params).await?;
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.send(&told, None).await?;
        Ok(answer)
    }

    /// Names of the tools it may call, as the gate lists them.
    pub async fn tools(&mut self) -> Result<Vec<String>, AgentError> {
        let answer = self.ask("tools/list", json!({})).await?;
        let tools = answer.message["result"]["tools"].as_array().cloned().unwrap_or_default();
        Ok(tools.iter().filter_map(|t| t["name"].as_str().map(str::to_owned)).collect())
    }

    /// Calls a tool.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer, AgentError> {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    async fn ask(&mut self, method: &str, mut params: Value) -> Result<Answer, AgentError> {
        if self.speaks == Speaks::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "agent", "version": "1" },
            });
        }
        let name = params["name"].as_str().map(str::to_owned);
        let message =
            json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params });
        self.next += 1;
        self.send(&message, Some((method, name.as_deref()))).await
    }

    async fn send(
        &mut self,
        message: &Value,
        request: Option<(&str, Option<&str>)>,
    ) -> Result<Answer, AgentError> {
        let headers = self.headers(request)?;
        let deadline = Deadline::after(Duration::from_secs(30));
        let body = Bytes::from(message.to_string());
        let response = self.client.send(Method::POST, None, headers, body, deadline).await?;
        let status = response.status;
        if let Some(session) = response.headers.get("mcp-session-id") {
            self.session = Some(session.clone());
        }
        let body = response.body.collect(4 << 20).await?;
        match (read(&body), request) {
            (Some(message), _) => Ok(Answer { status, message }),
            (None, None) => Ok(Answer { status, message: Value::Null }),
            (None, Some(_)) => Err(AgentError::Answer(status)),
        }
    }

    fn headers(&self, request: Option<(&str, Option<&str>)>) -> Result<HeaderMap, AgentError> {
        let text = |value: &str| HeaderValue::from_str(value).map_err(|_| AgentError::Key);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", text(&format!("Bearer {}", self.key))?);
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let both = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert("accept", both);
        if self.speaks == Speaks::Modern {
            headers.insert("mcp-protocol-version", HeaderValue::from_static(MODERN));
            if let Some((method, name)) = request {
                headers.insert("mcp-method", text(method)?);
                if let Some(name) = name {
                    headers.insert("mcp-name", text(name)?);
                }
            }
        } else if let Some(session) = &self.session {
            headers.insert("mcp-session-id", session.clone());
            headers.insert("mcp-protocol-version", HeaderValue::from_static(LEGACY));
        }
        Ok(headers)
    }
}

/// The message of a body: JSON, or the last event of a stream.
fn read(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    let event = text.lines().rev().find_map(|line| line.strip_prefix("data:"));
    serde_json::from_str(event.unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_from_either_form_of_a_reply() {
        assert_eq!(read(br#"{"id":1}"#), Some(json!({ "id": 1 })));
        let stream = b": hello\n\ndata: {\"method\":\"x\"}\n\ndata: {\"id\":1}\n\n";
        assert_eq!(read(stream), Some(json!({ "id": 1 })));
        assert_eq!(read(b""), None);
    }
}
