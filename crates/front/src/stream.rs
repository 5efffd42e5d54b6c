//! A stream of server-sent events: messages of a track, with signs of life between them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use protocol::sse;
use tokio::time::{Instant, Sleep};

use crate::gauges::Counted;
use crate::line::Line;
use crate::track::Track;

/// Time between two looks whether a client that closed its sending side is still there.
const PROBE: Duration = Duration::from_millis(100);

/// What goes on behind a stream, such as the call whose answer it ends with.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of an answer that is an event stream. Whoever stops reading drops it, and with it the work behind it,
/// unless the work survives.
pub(crate) struct EventStream {
    track: Arc<Track>,
    reader: u64,
    work: Option<Work>,
    survives: bool,
    ends_with_work: bool,
    form: Form,
    opening: Option<Bytes>,
    every: Duration,
    beat: Pin<Box<Sleep>>,
    line: Option<Arc<Line>>,
    probes: u32,
    kept: Vec<Box<dyn Send>>,
}

/// What events look like.
#[derive(Clone, Copy)]
enum Form {
    /// Data alone.
    Plain,
    /// With ids, so that the client can come back for what it missed.
    Numbered,
    /// Named `message`, as HTTP+SSE has them.
    Named,
}

impl EventStream {
    pub(crate) fn new(track: Arc<Track>, reader: u64, every: Duration, counted: Counted) -> Self {
        Self {
            track,
            reader,
            work: None,
            survives: false,
            ends_with_work: false,
            form: Form::Plain,
            opening: None,
            every,
            beat: Box::pin(tokio::time::sleep(every)),
            line: None,
            probes: 0,
            kept: vec![Box::new(counted)],
        }
    }

    /// The work whose messages the stream carries. If it `survives`, a client that goes away does not end it.
    pub(crate) fn with_work(mut self, work: Work, survives: bool) -> Self {
        self.work = Some(work);
        self.survives = survives;
        self
    }

    /// The stream ends when its work does, even if the track goes on.
    pub(crate) fn ending_with_work(mut self) -> Self {
        self.ends_with_work = true;
        self
    }

    /// Events get ids, so that the client can come back for what it missed.
    pub(crate) fn numbered(mut self) -> Self {
        self.form = Form::Numbered;
        self
    }

    /// The first bytes are these.
    pub(crate) fn primed(mut self, opening: Bytes) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Events are named `message`, and the first bytes are these.
    pub(crate) fn opening(mut self, opening: Bytes) -> Self {
        self.opening = Some(opening);
        self.form = Form::Named;
        self
    }

    /// Looks whether the client is still there once it has closed its sending side.
    pub(crate) fn probing(mut self, line: Arc<Line>) -> Self {
        self.line = Some(line);
        self
    }

    /// Keeps something for as long as the stream lasts.
    pub(crate) fn keeping(mut self, kept: impl Send + 'static) -> Self {
        self.kept.push(Box::new(kept));
        self
    }

    /// The next bytes; none at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(opening) = self.opening.take() {
            return Poll::Ready(Some(opening));
        }
        let worked = match &mut self.work {
            None => true,
            Some(work) => work.as_mut().poll(cx).is_ready(),
        };
        if worked {
            self.work = None;
        }
        match self.track.poll_next(self.reader, cx) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some((number, message))) => {
                return Poll::Ready(Some(self.encode(number, message)));
            }
            Poll::Pending if worked && self.ends_with_work => return Poll::Ready(None),
            Poll::Pending => {}
        }
        self.poll_beat(cx)
    }

    fn encode(&self, number: u64, message: Bytes) -> Bytes {
        match self.form {
            Form::Plain => sse::encode(None, None, message),
            Form::Named => sse::encode(Some("message"), None, message),
            Form::Numbered => {
                let id = format!("{}-{number}", self.track.number());
                sse::encode(None, Some(&id), message)
            }
        }
        .into_bytes()
    }

    /// A comment now and then. To a client that has closed its sending side, some at once: if it is gone altogether,
    /// writing fails and ends the connection.
    fn poll_beat(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let ended = self.line.as_ref().is_some_and(|line| line.poll_ended(cx).is_ready());
        let due =
            if ended && self.probes == 0 { true } else { self.beat.as_mut().poll(cx).is_ready() };
        if !due {
            return Poll::Pending;
        }
        let wait = if ended && self.probes < 3 { PROBE } else { self.every };
        self.probes += u32::from(ended);
        self.beat.as_mut().reset(Instant::now() + wait);
        Poll::Ready(Some(Bytes::from_static(sse::KEEP_ALIVE)))
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.track.detach(self.reader);
        if let (true, Some(work)) = (self.survives, self.work.take())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}
