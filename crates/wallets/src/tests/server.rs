use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a server does with a request.
pub(crate) enum Reply {
    /// Answers with this status and body.
    Json(u16, String),
    /// Begins a body of unknown length with this, and then closes the connection in the middle of it.
    Cut(String),
    /// Begins a body of unknown length with this, and then says nothing more.
    Stalled(String),
    /// Closes the connection without a word.
    Dropped,
}

/// What a server does with a request (method, path and query, whole text).
type Script = dyn Fn(&str, &str, &str) -> Reply + Send + Sync;

/// A wallet's server on loopback that does what a test says, and remembers what it was asked.
pub(crate) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(
        script: impl Fn(&str, &str, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), asked.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), seen.clone()));
            }
        });
        Self { url, asked, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every request so far, head and body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests there were for something under this method and path.
    pub(crate) fn count(&self, begins: &str) -> usize {
        self.asked().iter().filter(|text| text.starts_with(begins)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, asked: Arc<Mutex<Vec<String>>>) {
    let mut buffer = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let request = loop {
            if let Some(whole) = whole(&buffer) {
                break whole;
            }
            match stream.read(&mut chunk).await {
                Ok(n) if n > 0 => buffer.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        };
        buffer.drain(..request.len());
        asked.lock().unwrap().push(request.clone());
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let chunked = |body: &str| {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
            if body.is_empty() {
                head.to_owned()
            } else {
                format!("{head}{:x}\r\n{body}\r\n", body.len())
            }
        };
        let (text, then) = match script(method, path, &request) {
            Reply::Json(status, body) => {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n");
                (format!("{head}content-length: {}\r\n\r\n{body}", body.len()), Then::Next)
            }
            Reply::Cut(body) => (chunked(&body), Then::Close),
            Reply::Stalled(body) => (chunked(&body), Then::Stall),
            Reply::Dropped => (String::new(), Then::Close),
        };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        match then {
            Then::Next => {}
            Then::Close => return,
            Then::Stall => {
                // Until the other side has had enough.
                let _ = stream.read(&mut chunk).await;
                return;
            }
        }
    }
}

enum Then {
    Next,
    Close,
    Stall,
}

/// The first whole request there is.
fn whole(buffer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(buffer);
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head]
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
        })
        .unwrap_or(0);
    (buffer.len() >= head + length).then(|| text[..head + length].to_owned())
}
