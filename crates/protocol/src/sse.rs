//! Server-sent events as the HTML standard frames them (section 9.2), read in pieces of any size and written so that
//! no data can break the frame.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::Rope;

/// A comment that keeps a quiet stream open.
pub const KEEP_ALIVE: &[u8] = b":\n\n";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` if it had none.
    pub name: String,
    /// The last id that the stream gave, with this event or before it.
    pub id: Option<String>,
    /// Its data, lines joined by a line feed. Not checked to be UTF-8: whoever reads it as JSON does that.
    pub data: Bytes,
}

/// Why a stream cannot be read on. Nothing more comes out of its parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SseError {
    /// One event holds more than the bound, in bytes.
    #[error("an event of more than {0} bytes")]
    TooLarge(usize),
}

/// Reads events out of chunks as they arrive.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about the stream so far")]
pub struct Parser {
    max: usize,
    failed: bool,
    first_line: bool,
    /// The last byte was a carriage return: a line feed right behind it belongs to it.
    after_cr: bool,
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// Bytes since the last event, comments and unknown fields included.
    spent: usize,
    name: String,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// A parser that takes no event of more than `max` bytes, all its lines counted.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            failed: false,
            first_line: true,
            after_cr: false,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            spent: 0,
            name: String::new(),
            id: None,
            retry: None,
        }
    }

    /// Takes the next bytes and gives the events they complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, SseError> {
        let mut events = Vec::new();
        if self.failed {
            return Err(SseError::TooLarge(self.max));
        }
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            self.spend(&bytes[..end])?;
            let rest = &bytes[end + 1..];
            bytes = match (bytes[end], rest.first()) {
                (b'\r', Some(b'\n')) => &rest[1..],
                (b'\r', None) => {
                    self.after_cr = true;
                    rest
                }
                _ => rest,
            };
            events.extend(self.end_line());
        }
        self.spend(bytes)?;
        Ok(events)
    }

    /// The last id that the stream gave: what to resume after.
    pub fn last_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How long the server last asked to wait before reconnecting. May be zero: callers keep a floor of their own.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn spend(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        self.spent += bytes.len();
        if self.spent > self.max {
            self.failed = true;
            self.line = Vec::new();
            self.data = Vec::new();
            return Err(SseError::TooLarge(self.max));
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut text = &line[..];
        if std::mem::take(&mut self.first_line) {
            text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        }
        let event = if text.is_empty() {
            self.dispatch()
        } else {
            // A line costs one byte more than it holds, so that empty fields are not free.
            self.spent += 1;
            self.field(text);
            None
        };
        self.line = line;
        self.line.clear();
        event
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => {
                self.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
    }

    /// A blank line: the event goes out if it had any data line at all, otherwise it is dropped.
    fn dispatch(&mut self) -> Option<Event> {
        self.spent = 0;
        let mut name = std::mem::take(&mut self.name);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        if name.is_empty() {
            name.push_str("message");
        }
        Some(Event { name, id: self.id.clone(), data: Bytes::from(std::mem::take(&mut self.data)) })
    }
}

/// Writes one event. A line break inside `data` (in JSON only ever white space between tokens) becomes a further
/// data line, so the reader gets a line feed in its place; nothing else of the data is touched or copied. Line breaks
/// and NUL are left out of name and id.
pub fn encode(event: Option<&str>, id: Option<&str>, data: impl Into<Rope>) -> Rope {
    let mut head = Vec::with_capacity(64);
    field(&mut head, "event", event);
    field(&mut head, "id", id);
    head.extend_from_slice(b"data: ");
    let mut out = Rope::from(head);
    let mut after_cr = false;
    for part in data.into().into_parts() {
        let mut from = 0;
        for (at, byte) in part.iter().enumerate().filter(|(_, b)| matches!(b, b'\n' | b'\r')) {
            let second_half = *byte == b'\n' && if at == from { after_cr } else { false };
            if !second_half {
                out.push(part.slice(from..at));
                out.push(Bytes::from_static(b"\ndata: "));
            }
            from = at + 1;
            after_cr = *byte == b'\r';
        }
        if from < part.len() {
            after_cr = false;
        }
        out.push(part.slice(from..));
    }
    out.push(Bytes::from_static(b"\n\n"));
    out
}

/// The first event of a stream that can be resumed: an id and no data (2025-11-25 basic/transports), and how long to
/// wait before reconnecting.
pub fn prime(id: &str, retry: Option<Duration>) -> Bytes {
    let mut out = Vec::with_capacity(64);
    field(&mut out, "id", Some(id));
    let millis = retry.map(|wait| wait.as_millis().to_string());
    field(&mut out, "retry", millis.as_deref());
    out.extend_from_slice(b"data: \n\n");
    Bytes::from(out)
}

fn field(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend(value.bytes().filter(|b| !matches!(b, b'\n' | b'\r' | 0)));
        out.push(b'\n');
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
