use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a server answers to a request, which it gets as text.
type Script = dyn Fn(&str, usize) -> String + Send + Sync;

/// An HTTP server on loopback that answers what a test says, and remembers what it was asked.
pub(crate) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers each request with what `script` makes of it and of how many came before.
    pub(crate) async fn start(
        script: impl Fn(&str, usize) -> String + Send + Sync + 'static,
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

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Every request so far, head and body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
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
        let before = {
            let mut asked = asked.lock().unwrap();
            asked.push(request.clone());
            asked.len() - 1
        };
        let answer = script(&request, before);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
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

/// A JSON answer.
pub(crate) fn answer(status: u16, body: &str) -> String {
    with(status, &["content-type: application/json"], body)
}

/// An answer with these header fields.
pub(crate) fn with(status: u16, fields: &[&str], body: &str) -> String {
    let fields: Vec<String> = fields.iter().map(|f| format!("{f}\r\n")).collect();
    let fields = fields.concat();
    format!("HTTP/1.1 {status} X\r\n{fields}content-length: {}\r\n\r\n{body}", body.len())
}
