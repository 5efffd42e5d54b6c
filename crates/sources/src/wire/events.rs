use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::Body;
use model::Masks;
use protocol::sse::{Event, Parser};

use super::endpoint::Endpoint;
use crate::fault::Fault;

/// A reply that comes as server-sent events, read as fast as they are asked for.
pub(crate) struct EventStream {
    body: Body,
    parser: Parser,
    read: VecDeque<Event>,
    silence: Duration,
    last: Option<String>,
    /// What must not be shown of the messages.
    masks: Arc<Masks>,
}

impl EventStream {
    pub(crate) fn new(body: Body, masks: Arc<Masks>, at: &Endpoint) -> Self {
        let parser = Parser::new(at.max);
        Self { body, parser, read: VecDeque::new(), silence: at.silence, last: None, masks }
    }

    /// The data of the next event that has any and is a message, without secrets; `None` at the end of the stream. (An
    /// event is whole before it is looked at: it does not matter in what pieces it came.)
    ///
    /// Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            match self.next_event().await? {
                Some(event) if event.name == "message" && !event.data.is_empty() => {
                    let masked = self.masks.masked(&event.data);
                    return Ok(Some(masked.map_or(event.data, Bytes::from)));
                }
                // Events of other names are none of MCP; those without data prime a resumption (SEP-1699).
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next event of any name.
    pub(crate) async fn next_event(&mut self) -> Result<Option<Event>, Fault> {
        loop {
            if let Some(event) = self.read.pop_front() {
                if event.id.is_some() {
                    self.last.clone_from(&event.id);
                }
                return Ok(Some(event));
            }
            let Some(chunk) = self.body.next_chunk(Some(self.silence)).await? else {
                return Ok(None);
            };
            let events = self.parser.feed(&chunk).map_err(|e| Fault::too_large(e.to_string()))?;
            self.read.extend(events);
        }
    }

    /// Behind which event the stream can be taken up again; that of the last one handed out.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last.as_deref().filter(|id| !id.is_empty())
    }

    /// How long the server wants a client to wait before it comes back.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }

    /// Notes where this stream takes up an older one, for the case that it brings no event of its own.
    pub(crate) fn continue_after(&mut self, id: String) {
        self.last.get_or_insert(id);
    }
}
