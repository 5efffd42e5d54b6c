//! An HTTP server of a few lines that answers what a function says, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The whole head, in the letters it came in.
    pub head: String,
    pub body: String,
}

impl Asked {
    /// Method and target: `GET /v1/orders?cursor=2`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What it answers.
pub enum Said {
    /// Status, further header lines (each with its line end) and body.
    Answer(u16, String, String),
    /// Nothing: the connection is closed.
    Nothing,
    /// These bytes, and then the connection is closed.
    Raw(Vec<u8>),
}

impl Said {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, "Content-Type: application/json\r\n".to_owned(), body.to_string())
    }
}

/// It ends with the test.
pub struct Standin {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Standin {
    /// `answer` is told how often this very line was asked for, from 1 on.
    pub fn start(answer: impl Fn(&Asked, usize) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, answer) = (asked.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || serve(&stream.unwrap(), &seen, &*answer));
            }
        });
        Self { port, asked }
    }

    /// Answers everything with this JSON.
    pub fn json(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap();
        Self::start(move |_, _| Said::json(200, &body))
    }

    /// `127.0.0.1:port`.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }

    /// Forgets what it was asked.
    pub fn forget(&self) {
        self.asked.lock().unwrap().clear();
    }
}

fn serve(
    stream: &TcpStream,
    seen: &Mutex<Vec<Asked>>,
    answer: &(impl Fn(&Asked, usize) -> Said + ?Sized),
) {
    let mut from = BufReader::new(stream);
    while let Some(asked) = read(&mut from) {
        let times = {
            let mut seen = seen.lock().unwrap();
            seen.push(asked.clone());
            seen.iter().filter(|a| a.line() == asked.line()).count()
        };
        let mut to = stream;
        let sent = match answer(&asked, times) {
            Said::Nothing => return,
            Said::Raw(bytes) => {
                let _ = to.write_all(&bytes);
                return;
            }
            Said::Answer(status, head, body) => {
                let length = body.len();
                write!(to, "HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}")
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The next request; `None` at the end of the connection.
fn read(from: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        from.read_line(&mut head).ok().filter(|n| *n > 0)?;
    }
    let mut first = head.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut asked = Asked { method, target, head: head.clone(), body: String::new() };
    let length = asked.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Some(asked)
}
