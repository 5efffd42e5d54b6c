use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::Deadline;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method};
use protocol::json::{Limits, Raw, elements};
use protocol::mcp::Era;
use protocol::rpc::{BadMessage, Message, Response};

use super::Outgoing;
use super::events::EventStream;
use super::http::{HttpWire, session_id};
use super::status::{self, is_events, is_json};
use crate::desk::number;
use crate::fault::Fault;

/// How much of an error's body is read.
const ERROR_BODY: usize = 64 << 10;
/// How often a stream that breaks off is taken up again before it has brought anything new.
const RESUMES: u32 = 5;
/// How long the end of a stream is waited for once its answer has come.
const TAIL: Duration = Duration::from_millis(250);
/// The shortest pause before a stream is taken up again, whatever the server says.
pub(crate) const LEAST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause it may ask for.
const MOST_PAUSE: Duration = Duration::from_mins(1);

type Opening = Pin<Box<dyn Future<Output = Result<Opened, Fault>> + Send>>;

/// One POST and everything that comes back for it.
pub(crate) struct HttpExchange {
    wire: Arc<HttpWire>,
    id: u64,
    deadline: Deadline,
    state: State,
    /// Messages of one body that are still to be handed out.
    waiting: VecDeque<Message>,
    /// Resumptions in a row that brought nothing.
    resumed: u32,
    session: Option<HeaderValue>,
    /// A result that the answer may repeat.
    known: Option<Raw>,
}

enum State {
    /// Waiting for the head of the reply, or all of it if it is no stream.
    Opening(Opening),
    Events(Box<EventStream>),
    /// Waiting to take up a legacy stream behind the last event that came.
    Resuming(Opening),
    Done,
}

enum Opened {
    Whole(Bytes, Option<HeaderValue>),
    Error(Response),
    Events(Box<EventStream>, Option<HeaderValue>),
}

impl HttpExchange {
    pub(crate) fn new(wire: &Arc<HttpWire>, mut out: Outgoing, deadline: Deadline) -> Self {
        let headers = wire.headers_for(&mut out);
        let opening = open(wire.clone(), headers, out.body, out.id, deadline);
        Self {
            wire: wire.clone(),
            id: out.id,
            deadline,
            state: State::Opening(Box::pin(opening)),
            waiting: VecDeque::new(),
            resumed: 0,
            session: None,
            known: None,
        }
    }

    /// The next message; the answer is the last.
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(message);
            }
            match &mut self.state {
                State::Opening(opening) | State::Resuming(opening) => {
                    let opened = opening.as_mut().await;
                    self.state = State::Done;
                    if let Some(message) = self.opened(opened?)? {
                        return Ok(message);
                    }
                }
                State::Events(events) => match events.next().await {
                    Ok(Some(data)) => {
                        self.resumed = 0;
                        if let Some(message) = self.take(data)? {
                            return Ok(message);
                        }
                    }
                    Ok(None) => self.resume(Fault::failed("its stream ended without an answer"))?,
                    Err(fault) => self.resume(fault)?,
                },
                State::Done => return Err(Fault::failed("nothing more comes for this call")),
            }
        }
    }

    /// Says that the answer may be this one again.
    pub(crate) fn may_repeat(&mut self, known: Option<Raw>) {
        self.known = known;
    }

    /// The session id that came with the reply, if one did. Asked for once, after `initialize`.
    pub(crate) fn take_session(&mut self) -> Option<HeaderValue> {
        self.session.take()
    }

    /// Gives the connection back if the stream ends here, as it must after the answer.
    pub(crate) fn done(self) {
        let State::Events(mut events) = self.state else { return };
        if events.next().now_or_never().is_some() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { drop(tokio::time::timeout(TAIL, events.next()).await) });
        }
    }

    fn opened(&mut self, opened: Opened) -> Result<Option<Message>, Fault> {
        match opened {
            Opened::Whole(text, session) => {
                self.session = session;
                match self.take(text)? {
                    None if self.waiting.is_empty() => {
                        Err(Fault::malformed("answered another request"))
                    }
                    message => Ok(message),
                }
            }
            Opened::Error(response) => Ok(Some(Message::Response(response))),
            Opened::Events(events, session) => {
                self.session = session.or(self.session.take());
                self.state = State::Events(events);
                Ok(None)
            }
        }
    }

    /// Reads one message, or a batch of them (2025-03-26). Answers to other requests are left out.
    fn take(&mut self, text: Bytes) -> Result<Option<Message>, Fault> {
        if text.first() == Some(&b'[') {
            let all = elements(&text, Limits::REPLY)
                .map_err(|e| Fault::malformed(format!("sent a batch that is not JSON: {e}")))?;
            for one in all {
                let message = parse(one)?;
                if self.concerns_us(&message) {
                    self.waiting.push_back(message);
                }
            }
            // The answer is the last message of an exchange, wherever it stands in the batch.
            self.waiting.make_contiguous().sort_by_key(|m| matches!(m, Message::Response(_)));
            return Ok(self.waiting.pop_front());
        }
        let message = match &self.known {
            Some(known) => {
                Message::parse_again(text, Limits::REPLY, known).map_err(|e| no_message(&e))?
            }
            None => parse(text)?,
        };
        Ok(self.concerns_us(&message).then_some(message))
    }

    fn concerns_us(&self, message: &Message) -> bool {
        match message {
            Message::Response(r) => r.id.as_ref().and_then(|id| number(id.raw())) == Some(self.id),
            _ => true,
        }
    }

    /// Takes the stream up again, where the server numbers its events and the era has that (2025-11-25 only: a
    /// modern stream that breaks off has lost its request).
    fn resume(&mut self, why: Fault) -> Result<(), Fault> {
        let State::Events(events) = std::mem::replace(&mut self.state, State::Done) else {
            return Err(why);
        };
        let lost = why.after_sending(true);
        let Some(after) = events.last_id().map(str::to_owned) else { return Err(lost) };
        if self.wire.era != Era::Legacy || self.resumed >= RESUMES {
            return Err(lost);
        }
        self.resumed += 1;
        let asked = events.retry().unwrap_or(LEAST_PAUSE);
        let pause = asked.clamp(LEAST_PAUSE, MOST_PAUSE) * self.resumed;
        drop(events);
        let (wire, deadline) = (self.wire.clone(), self.deadline);
        self.state = State::Resuming(Box::pin(async move {
            tokio::time::sleep(pause).await;
            let mut events =
                wire.listen(Some(&after), deadline).await.map_err(|f| f.after_sending(true))?;
            events.continue_after(after);
            Ok(Opened::Events(Box::new(events), None))
        }));
        Ok(())
    }
}

fn parse(text: Bytes) -> Result<Message, Fault> {
    Message::parse(text, Limits::REPLY).map_err(|e| no_message(&e))
}

fn no_message(bad: &BadMessage) -> Fault {
    Fault::malformed(format!("sent what is no message: {bad}"))
}

async fn open(
    wire: Arc<HttpWire>,
    headers: HeaderMap,
    body: Bytes,
    id: u64,
    deadline: Deadline,
) -> Result<Opened, Fault> {
    let response = wire.at.send(Method::POST, None, headers, body, deadline).await?;
    let code = response.status.as_u16();
    if code != 200 {
        if (200..300).contains(&code) {
            return Err(Fault::malformed(format!("answered a request with HTTP {code}")));
        }
        let body = response.collect(ERROR_BODY).await.unwrap_or_default();
        return status::answer(wire.era, wire.session, code, body, id).map(Opened::Error);
    }
    let session = match wire.era {
        Era::Legacy => session_id(&response.headers)?,
        Era::Modern => None,
    };
    if is_json(&response.headers) {
        let text =
            response.collect(wire.at.max).await.map_err(|e| Fault::from(e).after_sending(true))?;
        return Ok(Opened::Whole(text, session));
    }
    if is_events(&response.headers) {
        return Ok(Opened::Events(Box::new(response.events(&wire.at)), session));
    }
    Err(Fault::malformed("answered with neither JSON nor a stream of events"))
}
