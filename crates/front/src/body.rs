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
        } else if len <= JOIN || text.is_whole() {
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

    /// How many bytes are to come, if that is known.
    pub(crate) fn left(&self) -> Option<u64> {
        match &self.kind {
            Kind::Empty => Some(0),
            Kind::One(bytes) => Some(bytes.len() as u64),
            Kind::Many(_, left) => Some(*left),
            Kind::Events(_) => None,
        }
    }

    /// The next bytes; none at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
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
            Kind::Events(stream) => return stream.poll_next(cx),
        };
        Poll::Ready(next)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_next(cx).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Many(parts, _) => parts.is_empty(),
            Kind::One(_) | Kind::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::Body as _;

    use super::*;

    /// Sizes of the frames of a body, and of what it says of itself before each.
    fn frames(parts: &[usize]) -> Vec<usize> {
        let mut rope = Rope::new();
        for n in parts {
            rope.push(vec![b'x'; *n]);
        }
        let mut body = Body::text(rope);
        let mut cx = Context::from_waker(Waker::noop());
        let (mut frames, mut left) = (Vec::new(), parts.iter().sum::<usize>());
        while !body.is_end_stream() {
            assert_eq!(body.size_hint().exact(), Some(left as u64));
            let next = Pin::new(&mut body).poll_frame(&mut cx);
            let Poll::Ready(Some(Ok(frame))) = next else { panic!("a body that breaks off") };
            frames.push(frame.data_ref().unwrap().len());
            left -= frames.last().unwrap();
        }
        assert_eq!(left, 0);
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut cx), Poll::Ready(None)));
        frames
    }

    #[test]
    fn a_small_answer_goes_out_in_one_piece_and_a_large_one_uncopied() {
        assert_eq!(frames(&[]), [0; 0]);
        assert_eq!(frames(&[5]), [5]);
        assert_eq!(frames(&[1000, 2000]), [3000]);
        assert_eq!(frames(&[96, JOIN - 96]), [JOIN]);
        assert_eq!(frames(&[97, JOIN - 96]), [97, JOIN - 96]);
        assert_eq!(frames(&[JOIN * 2]), [JOIN * 2]);
    }
}
