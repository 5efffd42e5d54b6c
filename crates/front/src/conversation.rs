//! One connection over HTTP/1.1: requests are read, handed to the door and answered, one after the other.
//!
//! What is read next is not looked at before an answer has left, and no more is taken from a stream than its client takes.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, DATE};
use http::response::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Version};
use http1::{Bounds, Fault, Follows, Framing, Inbox, Outbox, Piece, Request};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::accept::Listener;
use crate::body::Body;
use crate::line::Line;
use crate::reply;
use crate::upload::{Broken, Pipe, Upload};
use crate::wire::Wire;

/// Most bytes of a stream that are gathered before they are written.
const GATHER: usize = 64 << 10;
/// Room that is made on a client's word alone, before its bytes are there.
const TRUSTED: usize = 128 << 10;
/// What a client waits for that will not send a body in vain (RFC 9110, section 10.1.1).
const CONTINUE: Bytes = Bytes::from_static(b"HTTP/1.1 100 Continue\r\n\r\n");

/// One connection, and what is on its way in and out.
pub(crate) struct Conversation<'a, S> {
    listener: &'a Listener,
    line: Arc<Line>,
    peer: IpAddr,
    wire: Wire<S>,
    inbox: Inbox,
    outbox: Outbox,
}

/// What an answer has to know of its request.
#[derive(Clone, Copy)]
struct Asked {
    /// HTTP/1.0, which has no chunks.
    old: bool,
    /// `HEAD`: the answer is its head alone.
    bodiless: bool,
    /// Whether the connection may serve again.
    keeps: bool,
}

/// A body that did not come with its head.
struct Coming {
    pipe: Arc<Pipe>,
    framing: Framing,
    /// The client waits to be asked for it.
    expects: bool,
    /// How much of it is waited for, to be handed on in one piece.
    gather: usize,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    pub(crate) fn new(
        listener: &'a Listener,
        line: Arc<Line>,
        peer: IpAddr,
        wire: Wire<S>,
    ) -> Self {
        let (inbox, outbox) = (Inbox::default(), Outbox::default());
        Self { listener, line, peer, wire, inbox, outbox }
    }

    /// Serves until the connection has ended.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        loop {
            let keeps = match poll_fn(|cx| self.poll_request(cx)).await? {
                None => break,
                Some(Ok(request)) => self.exchange(request).await?,
                Some(Err(fault)) => {
                    // Whatever else it sends means as little.
                    self.line.lingers();
                    let asked = Asked { old: false, bodiless: false, keeps: false };
                    self.answer(asked, reply::unreadable(&fault)).await?
                }
            };
            if !keeps {
                break;
            }
            self.inbox.slim();
            self.inbox.begin();
            if !self.inbox.is_empty() {
                // What came meanwhile is the beginning of a head, and has the time of one.
                self.line.received();
            }
        }
        self.wire.shutdown().await
    }

    /// The next request, or why there is none that can be read; nothing if the connection ends instead.
    fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Result<Request, Fault>>>> {
        let limits = &self.listener.door.base.limits;
        let bounds = Bounds { bytes: limits.header_bytes, fields: limits.headers };
        loop {
            if let Some(request) = Request::take(self.inbox.bytes(), bounds).transpose() {
                return Poll::Ready(Ok(Some(request)));
            }
            let over = self.inbox.is_empty() && self.line.is_closing();
            if over || ready!(self.poll_fill(cx, 0))? == 0 {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// One request and its answer. Whether the connection may serve again.
    async fn exchange(&mut self, request: Request) -> io::Result<bool> {
        let Request { head, framing, keeps, expects } = request;
        let mut asked = Asked {
            old: head.version == Version::HTTP_10,
            bodiless: head.method == Method::HEAD,
            keeps,
        };
        let head = Box::new(head);
        let (upload, mut coming) = self.upload(framing, expects);
        let door = self.listener.door.clone();
        // Boxed, so that a connection that waits, or that streams, carries no room for the work on a request.
        let mut handled = Box::pin(door.handle(self.line.clone(), self.peer, head, upload));
        let answer = poll_fn(|cx| {
            let handled = handled.as_mut();
            self.poll_handled(cx, handled, coming.as_mut())
        });
        let Some(response) = answer.await? else { return Ok(false) };
        drop(handled);
        if coming.is_some_and(|mut body| !body.ends_with(&mut self.inbox)) {
            // What is left of it is not wanted, and cannot be told from a request that follows.
            self.line.lingers();
            asked.keeps = false;
        }
        self.answer(asked, response).await
    }

    /// The body as the door sees it, and what is still to come of it.
    fn upload(&mut self, framing: Framing, expects: bool) -> (Upload, Option<Coming>) {
        let inbox = self.inbox.bytes();
        let gather = match framing {
            Framing::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length <= inbox.len() {
                    return (Upload::Whole(inbox.split_to(length).freeze()), None);
                }
                // In one piece, if it is no longer than any may be.
                length.min(self.listener.door.base.limits.body)
            }
            _ => 0,
        };
        let pipe = Arc::new(Pipe::default());
        let coming = Coming { pipe: pipe.clone(), framing, expects, gather };
        (Upload::Coming(pipe), Some(coming))
    }

    /// Drives the work on a request, and hands it the body as it asks for it. None once the client has gone.
    fn poll_handled(
        &mut self,
        cx: &mut Context<'_>,
        mut handled: Pin<&mut impl Future<Output = Response<Body>>>,
        mut coming: Option<&mut Coming>,
    ) -> Poll<io::Result<Option<Response<Body>>>> {
        loop {
            if let Poll::Ready(response) = handled.as_mut().poll(cx) {
                return Poll::Ready(Ok(Some(response)));
            }
            match &mut coming {
                Some(body) if body.pipe.is_wanted() => {
                    let piece = ready!(self.poll_piece(cx, body))?;
                    body.pipe.put(piece);
                }
                Some(body) if !body.framing.is_at_end() => return Poll::Pending,
                _ => {
                    ready!(self.poll_gone(cx));
                    return Poll::Ready(Ok(None));
                }
            }
        }
    }

    /// The next piece of a body; none at its end.
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut Coming,
    ) -> Poll<io::Result<Option<Result<Bytes, Broken>>>> {
        loop {
            let piece = body.framing.next(self.inbox.bytes(), body.gather);
            match piece {
                Ok(Piece::Data(data)) => return Poll::Ready(Ok(Some(Ok(data)))),
                Ok(Piece::End) => return Poll::Ready(Ok(None)),
                Ok(Piece::More) => {}
                Err(_) => return Poll::Ready(Ok(Some(Err(Broken)))),
            }
            if std::mem::take(&mut body.expects) {
                self.outbox.push(CONTINUE);
            }
            ready!(self.poll_send(cx))?;
            let known = usize::try_from(body.framing.left()).unwrap_or(usize::MAX);
            let known = known.saturating_sub(self.inbox.bytes().len()).min(TRUSTED);
            if ready!(self.poll_fill(cx, known))? == 0 {
                return Poll::Ready(Ok(Some(Err(Broken))));
            }
        }
    }

    /// Ready once the client has closed the connection, where that is not kept from it for now ([`Line::end_reached`]).
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Behind a next request nothing can be seen of the end: that one is not read yet.
        while self.inbox.is_empty() {
            match ready!(self.poll_fill(cx, 0)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
        Poll::Pending
    }

    /// Sends an answer. Whether the connection may serve again.
    async fn answer(&mut self, asked: Asked, response: Response<Body>) -> io::Result<bool> {
        let (mut head, mut body) = response.into_parts();
        let length = body.left();
        let keeps = self.settle(asked, &mut head, length.is_some());
        let follows = match length {
            _ if matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) => {
                Follows::Nothing
            }
            Some(length) => Follows::Length(length),
            None if asked.old => Follows::UntilClosed,
            None => Follows::Chunks,
        };
        self.outbox.put_reply(head.status, &head.headers, follows);
        // What is known in full is in memory already.
        let gather = if length.is_some() { usize::MAX } else { GATHER };
        let mut ended = asked.bodiless || follows == Follows::Nothing;
        let sent = poll_fn(|cx| -> Poll<io::Result<bool>> {
            loop {
                let mut waits = false;
                while !ended && !waits && self.outbox.left() < gather {
                    match body.poll_next(cx) {
                        Poll::Pending => waits = true,
                        Poll::Ready(Some(data)) if follows == Follows::Chunks => {
                            self.outbox.push_chunk(data);
                        }
                        Poll::Ready(Some(data)) => self.outbox.push(data),
                        Poll::Ready(None) => {
                            ended = true;
                            if follows == Follows::Chunks {
                                self.outbox.end_chunks();
                            }
                        }
                    }
                }
                ready!(self.poll_send(cx))?;
                if ended {
                    return Poll::Ready(Ok(true));
                }
                if waits {
                    ready!(self.poll_gone(cx));
                    return Poll::Ready(Ok(false));
                }
            }
        });
        Ok(sent.await? && keeps)
    }

    /// What an answer says of the connection. Whether that may serve again.
    fn settle(&self, asked: Asked, head: &mut Parts, sized: bool) -> bool {
        let listener = self.listener;
        head.headers.insert(DATE, listener.dates.now(&listener.door.base.clock));
        let keeps = asked.keeps
            && (sized || !asked.old)
            && !head.headers.contains_key(CONNECTION)
            && !self.line.is_closing();
        if !keeps {
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        } else if asked.old {
            head.headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        keeps
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_send(cx, Pin::new(&mut self.wire))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>, known: usize) -> Poll<io::Result<usize>> {
        self.inbox.poll_fill(cx, Pin::new(&mut self.wire), known)
    }
}

impl Coming {
    /// Whether nothing more of it will come than what is there already, which is left out: nobody wants it.
    fn ends_with(&mut self, inbox: &mut Inbox) -> bool {
        while let Ok(Piece::Data(_)) = self.framing.next(inbox.bytes(), 0) {}
        self.framing.is_at_end()
    }
}
