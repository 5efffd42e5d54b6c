//! A client of few words: it writes exactly what a test says, and reads what comes.

use std::net::SocketAddr;

use protocol::sse::{Event, Parser};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// One connection.
pub(crate) struct Conn {
    pub(crate) stream: TcpStream,
    at: SocketAddr,
    got: Vec<u8>,
    sse: Parser,
    events: std::collections::VecDeque<Event>,
}

/// One whole answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The JSON-RPC error code.
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_default()
    }

    /// Our own code in `error.data`.
    pub(crate) fn why(&self) -> String {
        self.json()["error"]["data"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Conn {
    #[expect(clippy::disallowed_methods, reason = "tests are the clients; egress is for the gate")]
    pub(crate) async fn to(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            at,
            got: Vec::new(),
            sse: Parser::new(1 << 24),
            events: std::collections::VecDeque::new(),
        }
    }

    /// Writes a request with the usual headers where the test does not say otherwise.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        let mut add = |name: &str, value: &str| text += &[name, ": ", value, "\r\n"].concat();
        if !has("host") {
            add("Host", &self.at.to_string());
        }
        if !has("accept") {
            add("Accept", "application/json, text/event-stream");
        }
        if method == "POST" && !has("content-type") {
            add("Content-Type", "application/json");
        }
        for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
            add(name, value);
        }
        if !body.is_empty() && !has("transfer-encoding") {
            add("Content-Length", &body.len().to_string());
        }
        self.write(&format!("{text}\r\n{body}")).await;
    }

    pub(crate) async fn write(&mut self, text: &str) {
        soon(self.stream.write_all(text.as_bytes())).await.unwrap();
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 8192];
        let n = soon(self.stream.read(&mut chunk)).await.unwrap_or(0);
        self.got.extend_from_slice(&chunk[..n]);
        n > 0
    }

    fn line(&mut self) -> Option<String> {
        let end = self.got.windows(2).position(|w| w == b"\r\n")?;
        let line = String::from_utf8(self.got[..end].to_vec()).unwrap();
        self.got.drain(..end + 2);
        Some(line)
    }

    async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.line() {
                return Some(line);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Status and headers; none if the connection ends instead.
    pub(crate) async fn head(&mut self) -> Option<Reply> {
        let status = self.next_line().await?;
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.next_line().await?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Some(Reply { status, headers, body: String::new() })
    }

    /// One answer, whole.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut reply = self.head().await.expect("the connection ended without an answer");
        let mut body = Vec::new();
        if reply.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                body.extend(chunk);
            }
        } else {
            let len: usize = reply.header("content-length").map_or(0, |v| v.parse().unwrap());
            while self.got.len() < len {
                assert!(self.more().await, "the body breaks off");
            }
            body.extend(self.got.drain(..len));
        }
        reply.body = String::from_utf8(body).unwrap();
        reply
    }

    /// The next chunk; none at the end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = self.next_line().await?;
        let size = usize::from_str_radix(&size, 16).unwrap();
        while self.got.len() < size + 2 {
            if !self.more().await {
                return None;
            }
        }
        let chunk = self.got.drain(..size).collect();
        self.got.drain(..2);
        (size > 0).then_some(chunk)
    }

    /// The next event of a stream; none at its end.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let chunk = self.chunk().await?;
            self.events.extend(self.sse.feed(&chunk).unwrap());
        }
    }

    /// The next event that carries a message.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.event().await?;
            if !event.data.is_empty() {
                return Some(serde_json::from_slice(&event.data).unwrap());
            }
        }
    }

    /// The first message of an answer that is a stream.
    pub(crate) async fn message_after_head(&mut self) -> Value {
        assert_eq!(self.head().await.unwrap().status, 200);
        self.message().await.unwrap()
    }

    /// What still comes until the server closes the connection.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8(std::mem::take(&mut self.got)).unwrap()
    }

    /// Whether the server has closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        while self.more().await {}
        true
    }

    /// Whether the server closes within a short time.
    pub(crate) async fn closes_within(&mut self, time: std::time::Duration) -> bool {
        let mut chunk = [0; 1024];
        let read = async { while self.stream.read(&mut chunk).await.unwrap_or(0) > 0 {} };
        tokio::time::timeout(time, read).await.is_ok()
    }
}

pub(crate) fn request(id: i64, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

pub(crate) fn initialize(version: &str, capabilities: &str) -> String {
    let capabilities: Value = serde_json::from_str(capabilities).unwrap();
    let info = json!({"name": "t", "version": "1"});
    let params =
        json!({"protocolVersion": version, "capabilities": capabilities, "clientInfo": info});
    request(1, "initialize", &params)
}

/// A call of the tool that echoes.
pub(crate) fn call(id: i64, arguments: &Value) -> String {
    request(id, "tools/call", &json!({"name": "notes__echo", "arguments": arguments}))
}

/// A modern request; `meta` adds to what it must say of itself.
pub(crate) fn modern(method: &str, mut params: Value, meta: &Value) -> String {
    let mut all = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (key, value) in meta.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    params["_meta"] = all;
    request(1, method, &params)
}

/// The headers that mirror it.
pub(crate) fn modern_headers<'a>(method: &'a str, name: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
    if !name.is_empty() {
        headers.push(("Mcp-Name", name));
    }
    headers
}
