//! The body of a request, as whoever reads it sees it, whatever the connection speaks.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::Body as _;
use hyper::body::Incoming;

/// The client went away before the body was whole, or its chunks make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// The body of a request.
pub(crate) enum Upload {
    /// It came with the head, or there is none.
    Whole(Bytes),
    /// It comes over HTTP/1.1.
    Coming(Arc<Pipe>),
    /// It comes over HTTP/2.
    Stream(Incoming),
}

impl Upload {
    /// The next bytes; none at the end.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        match self {
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
            }
            Self::Coming(pipe) => pipe.poll_take(cx),
            Self::Stream(incoming) => poll_stream(incoming, cx),
        }
    }
}

fn poll_stream(
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Broken>>> {
    loop {
        match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(_)) => return Poll::Ready(Some(Err(Broken))),
            Some(Ok(frame)) => {
                // Trailers say nothing.
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }
}

/// Hands a body, piece by piece, from its connection to whoever reads it. There is never more than one piece in it.
#[derive(Debug, Default)]
pub(crate) struct Pipe(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    piece: Option<Result<Bytes, Broken>>,
    ended: bool,
    /// Who waits for the next piece.
    reader: Option<Waker>,
}

impl Pipe {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut state = self.state();
        match state.piece.take() {
            None if !state.ended => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            piece => Poll::Ready(piece),
        }
    }

    /// Whether somebody waits for the next piece.
    pub(crate) fn is_wanted(&self) -> bool {
        self.state().reader.is_some()
    }

    /// The next piece, or that there will be none.
    pub(crate) fn put(&self, piece: Option<Result<Bytes, Broken>>) {
        let mut state = self.state();
        state.ended = !matches!(piece, Some(Ok(_)));
        state.piece = piece;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_handed_over_when_it_is_wanted_and_the_end_stays_the_end() {
        let cx = &mut Context::from_waker(Waker::noop());
        let pipe = Arc::new(Pipe::default());
        let mut upload = Upload::Coming(pipe.clone());
        assert!(!pipe.is_wanted(), "nobody has asked");
        assert!(upload.poll_next(cx).is_pending() && pipe.is_wanted());
        pipe.put(Some(Ok(Bytes::from_static(b"a"))));
        assert!(!pipe.is_wanted(), "one at a time");
        assert_eq!(upload.poll_next(cx), Poll::Ready(Some(Ok(Bytes::from_static(b"a")))));
        assert!(upload.poll_next(cx).is_pending());
        pipe.put(None);
        assert_eq!(upload.poll_next(cx), Poll::Ready(None));
        assert_eq!(upload.poll_next(cx), Poll::Ready(None));
        let pipe = Arc::new(Pipe::default());
        pipe.put(Some(Err(Broken)));
        let mut upload = Upload::Coming(pipe);
        assert_eq!(upload.poll_next(cx), Poll::Ready(Some(Err(Broken))));
        assert_eq!(upload.poll_next(cx), Poll::Ready(None), "told once");
    }
}
