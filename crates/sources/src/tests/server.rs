//! A web server of a few lines that says exactly what a test wants said, lawful or not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn id(&self) -> Value {
        self.json()["id"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The answer to it.
    pub(crate) fn result(&self, result: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, self.id())
    }

    pub(crate) fn error(&self, error: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, self.id())
    }
}

/// What goes out.
pub(crate) enum Say {
    /// Status, extra headers (whole lines), body.
    Json(u16, &'static str, String),
    /// Events, one chunk each, until the sender is dropped.
    Events(mpsc::Receiver<String>),
    /// Whatever these bytes are; then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, ever.
    Silence,
}

impl Say {
    pub(crate) fn ok(body: String) -> Self {
        Self::Json(200, "", body)
    }

    pub(crate) fn accepted() -> Self {
        Self::Json(202, "", String::new())
    }

    /// Events that are all there already; each text is the data of one.
    pub(crate) fn events(all: impl IntoIterator<Item = String>) -> Self {
        let (sender, receiver) = mpsc::channel(1000);
        for data in all {
            sender.try_send(format!("data: {data}\n\n")).unwrap();
        }
        Self::Events(receiver)
    }
}

/// A server; it ends with the test.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) log: Arc<Mutex<Vec<Heard>>>,
    connections: Arc<AtomicUsize>,
}

type Answer = Arc<dyn Fn(&Heard) -> Say + Send + Sync>;

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen): (Answer, _) = (Arc::new(answer), log.clone());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer.clone(), seen.clone()));
            }
        });
        Self { port, log, connections }
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What was posted so far, in order, by method; `DELETE` and `GET` by their verb.
    pub(crate) fn methods(&self) -> Vec<String> {
        let name = |h: &Heard| if h.verb == "POST" { h.method() } else { h.verb.clone() };
        self.log.lock().unwrap().iter().map(name).collect()
    }

    pub(crate) fn last(&self, method: &str) -> Heard {
        let log = self.log.lock().unwrap();
        log.iter().rev().find(|h| h.method() == method).cloned().unwrap()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.methods().iter().filter(|m| *m == what).count()
    }
}

async fn serve(stream: TcpStream, answer: Answer, log: Arc<Mutex<Vec<Heard>>>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    while let Some(heard) = hear(&mut read).await {
        log.lock().unwrap().push(heard.clone());
        if !say(answer(&heard), &mut write).await {
            return;
        }
    }
}

async fn hear(from: &mut BufReader<OwnedReadHalf>) -> Option<Heard> {
    let mut line = String::new();
    from.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (verb, path) = (words.next()?, words.next()?);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body).await.ok()?;
    Some(Heard { verb, path, headers, body: body.into() })
}

async fn say(what: Say, to: &mut OwnedWriteHalf) -> bool {
    match what {
        Say::Json(status, headers, body) => {
            let length = body.len();
            let text = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
            );
            to.write_all(text.as_bytes()).await.is_ok()
        }
        Say::Events(mut events) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            if to.write_all(head.as_bytes()).await.is_err() {
                return false;
            }
            while let Some(event) = events.recv().await {
                let chunk = format!("{:x}\r\n{event}\r\n", event.len());
                if to.write_all(chunk.as_bytes()).await.is_err() {
                    return false;
                }
            }
            to.write_all(b"0\r\n\r\n").await.is_ok()
        }
        Say::Raw(bytes) => {
            let _ = to.write_all(&bytes).await;
            false
        }
        Say::Silence => std::future::pending().await,
    }
}
