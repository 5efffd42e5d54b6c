//! Small servers that do exactly what a test says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ambient::Clock;
use bytes::Bytes;
use egress::{
    Client, Deadline, Egress, EgressError, Limits, Options, Outgoing, Policy, Response, Target,
};
use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A server that hands each connection, with its number, to `serve`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start<F, R>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), serve)
    }

    pub(crate) fn start_on<F, R>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, count.fetch_add(1, Ordering::SeqCst)));
            }
        });
        Self { address, accepted, task }
    }

    /// Answers each request with what `answer` says to it, and keeps what it was asked.
    pub(crate) async fn talking<F>(answer: F) -> (Self, Arc<Mutex<Vec<String>>>)
    where
        F: Fn(&str) -> String + Send + Sync + 'static,
    {
        let (heard, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let seen = heard.clone();
        let server = Self::start(move |mut stream, _| {
            let (seen, answer) = (seen.clone(), answer.clone());
            async move {
                while let Some(asked) = request(&mut stream).await {
                    let reply = answer(&asked);
                    seen.lock().unwrap().push(asked);
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        (server, heard)
    }

    /// Answers every request with these bytes and keeps the connection open.
    pub(crate) async fn answering(reply: &'static str) -> Self {
        Self::start(move |mut stream, _| async move {
            while request(&mut stream).await.is_some() {
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        })
        .await
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("http://{}/mcp?key=hunter2", self.address)).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(Limits::default())
    }

    pub(crate) fn client_with(&self, limits: Limits) -> Client {
        let target =
            Target { policy: Policy::naming(&self.url()), limits, ..Target::new(self.url()) };
        out().client(&target).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn out() -> Egress {
    Egress::new(Options::default(), Clock::system())
}

/// Reads one request with its body; `None` when the client has closed.
pub(crate) async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| {
                    l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => seen.extend_from_slice(&part[..n]),
        }
    }
}

pub(crate) async fn post(client: &Client) -> Result<Response, EgressError> {
    let body = Bytes::from_static(b"{}");
    client.send(Method::POST, None, HeaderMap::new(), body, soon()).await
}

/// Posts and collects.
pub(crate) async fn ask(client: &Client) -> Result<Bytes, EgressError> {
    post(client).await?.body.collect(1 << 20).await
}

/// Long enough for anything a test waits for, short enough to end a test that hangs.
pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

/// Waits until `done`, for at most five seconds.
pub(crate) async fn eventually(mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..500 {
        if done() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// A request as a source makes it.
pub(crate) fn outgoing(method: Method, url: &str) -> Outgoing {
    Outgoing {
        method,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

/// A reply with this status, these header lines and this body.
pub(crate) fn reply(status: u16, lines: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len())
}
