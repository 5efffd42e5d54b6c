//! Bodies of answers: known in full, or a stream of events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use protocol::Rope;

use crate::line::Busy;
use crate::stream::EventStream;

/// Answers up to this size go out in one piece: copying them is cheaper than more pieces to write.
const JOIN: usize = 4096;

/// The body of an answer.
pub(crate) struct Body {
    kind: Kind,
    busy: Option<Busy>,
}

enum Kind {
    Empty,
    One(Bytes),
    Many(VecDeque<Bytes>, u64),
    Events(Box<EventStream>),
}

impl Body {
    pub(crate) const fn empty() -> Self {
        Self { kind: Kind::Empty, busy: None }
    }

    pub(crate) fn text(text: Rope) -> Self {
        let len = text.len();
        let kind = if len == 0 {
            Kind::Empty
        } else if len <= JOIN || text.parts().len() == 1 {
            Kind::One(text.into_bytes())
        } else {
            Kind::Many(text.into_parts().into(), len as u64)
        };
        Self { kind, busy: None }
    }

    pub(crate) fn events(stream: EventStream) -> Self {
        Self { kind: Kind::Events(Box::new(stream)), busy: None }
    }

    /// Keeps the request alive for as long as its answer is being taken.
    pub(crate) fn keep(&mut self, busy: Busy) {
        self.busy = Some(busy);
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.kind {
            Kind::Empty => None,
            Kind::One(bytes) => {
                let bytes = std::mem::take(bytes);
                self.kind = Kind::Empty;
                Some(bytes)
            }
            Kind::Many(parts, left) => {
                let part = parts.pop_front();
                *left = left.saturating_sub(part.as_ref().map_or(0, |p| p.len() as u64));
                part
            }
            Kind::Events(stream) => match stream.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(next) => next,
            },
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Many(parts, _) => parts.is_empty(),
            Kind::One(_) | Kind::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::One(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Many(_, left) => SizeHint::with_exact(*left),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}
