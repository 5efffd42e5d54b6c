//! A legacy MCP server of a few lines, which writes down the key that every request brings.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// It ends with the test.
pub struct Upstream {
    pub port: u16,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let keys: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = keys.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let seen = seen.clone();
                std::thread::spawn(
                    move || while answer(stream.as_ref().unwrap(), &seen).is_some() {},
                );
            }
        });
        Self { port, keys }
    }

    /// The keys that came so far, one a request.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }

    /// A source with this header.
    pub fn source(&self, key: &str) -> String {
        format!(
            "[[source]]\nname = \"shop\"\nera = \"legacy\"\nprivate = [\"127.0.0.1:{0}\"]\n\
             effects = {{ \"*\" = \"read\" }}\n\
             mcp = {{ url = \"http://127.0.0.1:{0}/mcp\", headers = {{ X-Api-Key = \"{key}\" }} }}\n",
            self.port
        )
    }
}

/// Answers one request; `None` at the end of the connection.
fn answer(stream: &TcpStream, keys: &Mutex<Vec<String>>) -> Option<()> {
    let mut from = BufReader::new(stream);
    let (mut length, mut key) = (0, String::new());
    let mut first = String::new();
    from.read_line(&mut first).ok().filter(|n| *n > 0)?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-api-key" => value.clone_into(&mut key),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    keys.lock().unwrap().push(key.clone());
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, said) = reply(&asked, first.starts_with("POST"), &key);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n");
    let mut to = stream;
    write!(to, "{head}Content-Length: {}\r\n\r\n{said}", said.len()).ok()
}

pub fn reply(asked: &Value, post: bool, key: &str) -> (u16, String) {
    let tool = |name: &str| json!({ "name": name, "inputSchema": { "type": "object" } });
    let result = match asked["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25", "capabilities": { "tools": {}, "prompts": {} },
            "serverInfo": { "name": "shop", "version": "1" },
        }),
        Some("tools/list") => json!({ "tools": [tool("look"), tool("fail")] }),
        Some("prompts/list") => json!({ "prompts": [{ "name": "greet" }] }),
        Some("tools/call") if asked["params"]["name"] == "fail" => {
            return (500, format!("out of order: {key}"));
        }
        Some("tools/call") => {
            json!({ "content": [{ "type": "text", "text": "here" }, { "type": "text", "text": key }] })
        }
        Some("ping") => json!({}),
        Some(_) => return (202, String::new()),
        None => return (if post { 202 } else { 405 }, String::new()),
    };
    (200, json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }).to_string())
}
