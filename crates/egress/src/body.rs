use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::timeout_at;

use crate::fault::Fault;
use crate::link::Link;
use crate::pool::Pool;
use crate::target::Limits;
use crate::trunk::Lane;
use crate::{Deadline, EgressError, Kind, Phase};

/// What a reply comes on.
pub(crate) enum Held {
    /// A connection of its own.
    Link(Box<Link>),
    /// A place on one that is shared, which is held as long as its reply is read.
    Lane(#[expect(dead_code, reason = "held so that its place is taken")] Lane, Box<Incoming>),
}

/// A reply's body, read as fast as it is asked for and no faster.
///
/// Read to its end, it gives its connection back for reuse. Dropped before, it closes the connection, or resets its stream
/// where the connection is shared: the peer sees that nobody listens, and stops.
pub struct Body {
    /// `None` once the body has ended or failed.
    held: Option<Held>,
    pool: Arc<Pool>,
    idle: Duration,
    deadline: Deadline,
    max: usize,
    origin: Arc<str>,
}

impl Body {
    pub(crate) fn new(
        held: Held,
        pool: Arc<Pool>,
        limits: &Limits,
        deadline: Deadline,
        origin: Arc<str>,
    ) -> Self {
        let mut body = Self {
            held: Some(held),
            pool,
            idle: limits.idle,
            deadline,
            max: limits.max_body,
            origin,
        };
        body.finish_if_ended();
        body
    }

    /// The whole body, of at most `max` bytes (and never more than the target's own limit).
    ///
    /// A body that comes in one piece is handed on without a copy. One that announces more than `max` is refused
    /// before it is read; one that turns out longer, as soon as it is.
    ///
    /// # Errors
    /// `TooLarge`, `Timeout(Total)` after the deadline of the call or the target's total limit, `Reset`.
    pub async fn collect(mut self, max: usize) -> Result<Bytes, EgressError> {
        let max = max.min(self.max);
        let announced = self.announced();
        if usize::try_from(announced).map_or(true, |n| n > max) {
            return Err(self.error(
                Kind::TooLarge,
                &format!("announced {announced} bytes; the limit is {max}"),
            ));
        }
        let until = self.deadline.0;
        match timeout_at(until, self.collect_at_most(max)).await {
            Ok(done) => done,
            Err(_) => {
                Err(self.error(Kind::Timeout(Phase::Total), "the reply was not whole in time"))
            }
        }
    }

    /// The next piece of a streamed body; `None` at its end. The call's deadline does not apply here: `idle` (or else
    /// the target's idle limit) bounds each wait.
    ///
    /// Safe to drop and call again: no data is lost.
    ///
    /// # Errors
    /// `Timeout(Idle)`, `Reset`, `Protocol`. The connection is closed.
    pub async fn next_chunk(
        &mut self,
        idle: Option<Duration>,
    ) -> Result<Option<Bytes>, EgressError> {
        let until = Deadline::after(idle.unwrap_or(self.idle)).0;
        if let Ok(next) = timeout_at(until, poll_fn(|cx| self.poll_chunk(cx, 0))).await {
            return next.transpose();
        }
        self.held = None;
        Err(self.error(Kind::Timeout(Phase::Idle), "nothing came in time"))
    }

    /// How many bytes are known to be still to come.
    fn announced(&self) -> u64 {
        match &self.held {
            Some(Held::Link(link)) => link.left(),
            Some(Held::Lane(_, incoming)) => incoming.size_hint().lower(),
            None => 0,
        }
    }

    async fn collect_at_most(&mut self, max: usize) -> Result<Bytes, EgressError> {
        let Some(first) = poll_fn(|cx| self.poll_chunk(cx, max)).await.transpose()? else {
            return Ok(Bytes::new());
        };
        if first.len() > max {
            return Err(self.beyond(max));
        }
        let mut next = poll_fn(|cx| self.poll_chunk(cx, max)).await.transpose()?;
        if next.is_none() {
            return Ok(first);
        }
        let rest = usize::try_from(self.announced()).unwrap_or(0).min(max);
        let mut whole =
            BytesMut::with_capacity(first.len() + next.as_ref().map_or(0, Bytes::len) + rest);
        whole.extend_from_slice(&first);
        while let Some(chunk) = next {
            if whole.len() + chunk.len() > max {
                return Err(self.beyond(max));
            }
            whole.extend_from_slice(&chunk);
            next = poll_fn(|cx| self.poll_chunk(cx, max)).await.transpose()?;
        }
        Ok(whole.freeze())
    }

    fn beyond(&self, max: usize) -> EgressError {
        self.error(Kind::TooLarge, &format!("more than {max} bytes"))
    }

    /// The next piece: what is known to come, up to `gather` bytes, in one.
    fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
        gather: usize,
    ) -> Poll<Option<Result<Bytes, EgressError>>> {
        let next = match &mut self.held {
            Some(Held::Link(link)) => ready!(link.poll_piece(cx, gather)),
            Some(Held::Lane(_, incoming)) => ready!(poll_shared(incoming, cx)),
            None => return Poll::Ready(None),
        };
        match next {
            Some(Ok(data)) => {
                self.finish_if_ended();
                Poll::Ready(Some(Ok(data)))
            }
            Some(Err(fault)) => {
                self.held = None;
                Poll::Ready(Some(Err(EgressError::fault(&fault, true, &self.origin))))
            }
            None => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }

    fn finish_if_ended(&mut self) {
        let ended = match &self.held {
            Some(Held::Link(link)) => link.is_at_end(),
            Some(Held::Lane(_, incoming)) => incoming.is_end_stream(),
            None => false,
        };
        if ended {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(Held::Link(link)) = self.held.take() {
            self.pool.put(link);
        }
    }

    fn error(&self, kind: Kind, detail: &str) -> EgressError {
        EgressError::new(kind, true, format!("{}: {detail}", self.origin))
    }
}

/// Asks the body of a shared connection, which is driven elsewhere.
fn poll_shared(
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Fault>>> {
    loop {
        match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
            Some(Ok(frame)) => {
                // Trailers say nothing.
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
            Some(Err(error)) => return Poll::Ready(Some(Err((&error).into()))),
            None => return Poll::Ready(None),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("origin", &self.origin).finish_non_exhaustive()
    }
}
