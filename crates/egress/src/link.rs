use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http1::{Bounds, Framing, Inbox, Outbox, Piece, Reply};
use tokio::io::{AsyncRead, ReadBuf};

use crate::fault::Fault;
use crate::stream::Stream;
use crate::target::Limits;

/// Room that is made on a peer's word alone, before its bytes are there.
const TRUSTED: usize = 1 << 20;

/// A request as it is sent: its body is whole.
pub(crate) type Framed = Request<Bytes>;

/// One HTTP/1.1 connection, driven by whoever uses it: it has no task, and an exchange costs no switch to one.
pub(crate) struct Link {
    stream: Stream,
    bounds: Bounds,
    outbox: Outbox,
    /// Whether all that was put into that has left.
    sent: bool,
    inbox: Inbox,
    /// What is still to come of the reply.
    framing: Framing,
    /// Whether the peer keeps the connection after that.
    keeps: bool,
    /// Whether a request could not be written whole.
    spoiled: bool,
}

/// Why an exchange did not give a reply.
pub(crate) enum Failed {
    /// The connection was already over; here is the request, of which nothing was written.
    Unsent(Box<Framed>),
    /// The connection failed with the request under way.
    Broken(Fault),
}

impl Link {
    pub(crate) fn new(stream: Stream, limits: &Limits) -> Self {
        Self {
            stream,
            bounds: Bounds { bytes: limits.max_head, fields: limits.max_headers },
            outbox: Outbox::default(),
            sent: true,
            inbox: Inbox::default(),
            framing: Framing::Length(0),
            keeps: true,
            spoiled: false,
        }
    }

    /// Sends a request and waits for the head of its reply. Dropped half-way, the connection must be dropped too.
    pub(crate) async fn exchange(
        &mut self,
        request: Framed,
    ) -> Result<(StatusCode, HeaderMap), Failed> {
        if !self.is_idle() {
            return Err(Failed::Unsent(Box::new(request)));
        }
        let method = request.method().clone();
        self.outbox.put_request(request);
        self.sent = false;
        self.inbox.begin();
        // Until the head of the reply says more.
        self.framing = Framing::UntilClosed;
        poll_fn(|cx| self.poll_head(cx, &method)).await.map_err(Failed::Broken)
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
    ) -> Poll<Result<(StatusCode, HeaderMap), Fault>> {
        loop {
            self.send(cx);
            // Nothing is there at first: what is left of an exchange before would have made the connection unfit.
            while !self.inbox.is_empty()
                && let Some(head) = Reply::take(self.inbox.bytes(), method, self.bounds)?
            {
                if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS
                {
                    continue;
                }
                (self.framing, self.keeps) = (head.framing, head.keeps);
                return Poll::Ready(Ok((head.status, head.headers)));
            }
            if ready!(self.poll_fill(cx, 0))? == 0 {
                return Poll::Ready(Err(Fault::reset("the connection ended before a reply came")));
            }
        }
    }

    /// The next piece of the reply's body; `None` at its end. Of what is known to come, up to `gather` bytes are waited
    /// for and come in one piece. Safe to drop and call again.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        gather: usize,
    ) -> Poll<Option<Result<Bytes, Fault>>> {
        loop {
            self.send(cx);
            match self.framing.next(self.inbox.bytes(), gather).map_err(Fault::from)? {
                Piece::Data(data) => return Poll::Ready(Some(Ok(data))),
                Piece::End => return Poll::Ready(None),
                Piece::More => {}
            }
            let whole = usize::try_from(self.framing.left()).unwrap_or(usize::MAX).min(gather);
            let known = whole.saturating_sub(self.inbox.bytes().len()).min(TRUSTED);
            if ready!(self.poll_fill(cx, known))? == 0 && !self.framing.close() {
                let cut = Fault::reset("the connection ended before the reply did");
                return Poll::Ready(Some(Err(cut)));
            }
        }
    }

    /// How much of the body is known to be still to come.
    pub(crate) const fn left(&self) -> u64 {
        self.framing.left()
    }

    /// Whether the reply has been read to its end.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.framing.is_at_end()
    }

    /// Whether the connection is open and between exchanges. Also lets go of the wakers of its last user.
    pub(crate) fn is_idle(&mut self) -> bool {
        let rest = self.keeps && !self.spoiled && self.is_at_end() && self.inbox.is_empty();
        // A byte that nobody asked for spoils it, as its end does.
        let mut byte = [0];
        let cx = &mut Context::from_waker(Waker::noop());
        rest && self.sent
            && Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    /// Lets go of the room that a long reply took: an idle connection should not keep it.
    pub(crate) fn slim(&mut self) {
        self.inbox.slim();
    }

    /// Writes what can be written. A peer that takes no more may have answered all the same: its reply is still read.
    fn send(&mut self, cx: &mut Context<'_>) {
        if self.sent {
            return;
        }
        match self.outbox.poll_send(cx, Pin::new(&mut self.stream)) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.sent = true,
            Poll::Ready(Err(_)) => {
                self.outbox.clear();
                (self.sent, self.spoiled) = (true, true);
            }
        }
    }

    /// Reads what has come; zero once the peer has closed.
    fn poll_fill(&mut self, cx: &mut Context<'_>, known: usize) -> Poll<Result<usize, Fault>> {
        let read = ready!(self.inbox.poll_fill(cx, Pin::new(&mut self.stream), known));
        Poll::Ready(read.map_err(|e| Fault::reset(format!("the connection failed: {e}"))))
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a connection of the test's own")]
    async fn a_request_to_a_connection_that_is_over_comes_back_unsent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut link = Link::new(Stream::Plain(stream), &Limits::default());
        assert!(link.is_idle());
        drop(listener.accept().await.unwrap());
        poll_fn(|cx| link.poll_fill(cx, 0)).await.ok().unwrap();
        assert!(!link.is_idle());
        let request = Request::post("/x").body(Bytes::from_static(b"body")).unwrap();
        match link.exchange(request).await {
            Err(Failed::Unsent(request)) => assert_eq!(request.uri().path(), "/x"),
            _ => panic!("the request was taken for sent"),
        }
    }
}
