use std::collections::VecDeque;
use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, Request, StatusCode};
use tokio::io::AsyncWrite;

/// Pieces up to this length are copied behind what stands before them, and leave in one piece with it.
const TOGETHER: usize = 4 << 10;
/// Most pieces that are written at once.
const PIECES: usize = 16;
/// Room that is kept for what is written next: an idle connection should keep no more.
const KEPT: usize = 8 << 10;

/// What is being written. The room for heads is kept for the next.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What leaves first: heads, and small pieces behind them.
    near: Vec<u8>,
    /// How much of that has been written.
    written: usize,
    /// What leaves after it, uncopied.
    far: VecDeque<Bytes>,
    /// Whether something was written that has not left yet.
    unflushed: bool,
}

/// What follows the head of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// Nothing, and it does not say so: there cannot be anything.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// Chunks ([`Outbox::push_chunk`]), then [`Outbox::end_chunks`].
    Chunks,
    /// Bytes until the connection closes.
    UntilClosed,
}

impl Outbox {
    /// Puts a request in. Its header fields are written as they are; `Content-Length` goes with a body that is not empty.
    pub fn put_request(&mut self, request: Request<Bytes>) {
        debug_assert!(self.far.is_empty(), "the one before has left");
        let (head, body) = request.into_parts();
        self.text(head.method.as_str().as_bytes());
        self.text(b" ");
        match (head.uri.scheme(), head.uri.path_and_query()) {
            (None, Some(path)) => self.text(path.as_str().as_bytes()),
            // As a proxy wants it.
            _ => self.text(head.uri.to_string().as_bytes()),
        }
        self.text(b" HTTP/1.1\r\n");
        self.fields(&head.headers);
        if !body.is_empty() {
            self.length(body.len() as u64);
        }
        self.text(b"\r\n");
        self.push(body);
    }

    /// Puts the head of a reply in. Its header fields are written as they are, those that say what follows behind them.
    pub fn put_reply(&mut self, status: StatusCode, headers: &HeaderMap, follows: Follows) {
        debug_assert!(self.far.is_empty(), "the one before has left");
        self.text(b"HTTP/1.1 ");
        self.text(status.as_str().as_bytes());
        self.text(b" ");
        self.text(status.canonical_reason().unwrap_or_default().as_bytes());
        self.text(b"\r\n");
        self.fields(headers);
        match follows {
            Follows::Nothing | Follows::UntilClosed => {}
            Follows::Length(length) => self.length(length),
            Follows::Chunks => self.text(b"transfer-encoding: chunked\r\n"),
        }
        self.text(b"\r\n");
    }

    /// Puts some bytes in, as they are.
    pub fn push(&mut self, bytes: Bytes) {
        if self.far.is_empty() && bytes.len() <= TOGETHER {
            self.near.extend_from_slice(&bytes);
        } else if !bytes.is_empty() {
            self.far.push_back(bytes);
        }
    }

    /// Puts some bytes in, as a chunk (RFC 9112, section 7.1). None of them is no chunk: it would be the last.
    pub fn push_chunk(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.push(Bytes::from(format!("{:x}\r\n", bytes.len())));
            self.push(bytes);
            self.push(Bytes::from_static(b"\r\n"));
        }
    }

    /// Puts the end of a body of chunks in.
    pub fn end_chunks(&mut self) {
        self.push(Bytes::from_static(b"0\r\n\r\n"));
    }

    /// How many bytes are left to be written.
    pub fn left(&self) -> usize {
        self.near.len() - self.written + self.far.iter().map(Bytes::len).sum::<usize>()
    }

    /// Nobody takes what is left.
    pub fn clear(&mut self) {
        self.near.clear();
        self.far.clear();
        self.written = 0;
        self.unflushed = false;
    }

    /// Writes what can be written; ready once all of it has left.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        mut stream: Pin<&mut (impl AsyncWrite + ?Sized)>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let written = match self.pieces(&mut pieces) {
                0 => break,
                1 => ready!(stream.as_mut().poll_write(cx, &pieces[0]))?,
                count => ready!(stream.as_mut().poll_write_vectored(cx, &pieces[..count]))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        if self.unflushed {
            ready!(stream.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// What is written next; how many pieces that are.
    fn pieces<'a>(&'a self, pieces: &mut [IoSlice<'a>; PIECES]) -> usize {
        let near = &self.near[self.written..];
        let all = std::iter::once(near).filter(|near| !near.is_empty());
        let all = all.chain(self.far.iter().map(|far| &far[..]));
        pieces.iter_mut().zip(all).map(|(piece, bytes)| *piece = IoSlice::new(bytes)).count()
    }

    /// So many bytes have been written.
    fn advance(&mut self, mut count: usize) {
        let near = count.min(self.near.len() - self.written);
        self.written += near;
        count -= near;
        if self.written == self.near.len() {
            self.near.clear();
            self.near.shrink_to(KEPT);
            self.written = 0;
        }
        while let Some(first) = self.far.front_mut().filter(|_| count > 0) {
            let some = count.min(first.len());
            first.advance(some);
            count -= some;
            if first.is_empty() {
                self.far.pop_front();
            }
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.near.extend_from_slice(text);
    }

    /// What a name and a value hold cannot end a line: their types see to it.
    fn fields(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            self.text(name.as_str().as_bytes());
            self.text(b": ");
            self.text(value.as_bytes());
            self.text(b"\r\n");
        }
    }

    fn length(&mut self, length: u64) {
        // A `Vec` takes what it is given.
        let _ = write!(self.near, "content-length: {length}\r\n");
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use proptest::prelude::*;

    use super::*;

    /// A peer that takes so many bytes at once, and nothing every other time.
    struct Slow {
        steps: Vec<usize>,
        turn: usize,
        /// What was taken, and up to where it was flushed.
        taken: Vec<u8>,
        flushed: usize,
    }

    impl Slow {
        fn new(steps: &[usize]) -> Self {
            Self { steps: steps.to_vec(), turn: 0, taken: Vec::new(), flushed: 0 }
        }
    }

    impl AsyncWrite for Slow {
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.turn += 1;
            if self.turn.is_multiple_of(2) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let step = self.steps[self.turn / 2 % self.steps.len()];
            let some: Vec<u8> =
                pieces.iter().flat_map(|piece| piece.iter().copied()).take(step).collect();
            self.taken.extend_from_slice(&some);
            Poll::Ready(Ok(some.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushed = self.taken.len();
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Sends all that is in an outbox to such a peer; what that got.
    fn sent(outbox: &mut Outbox, steps: &[usize]) -> Vec<u8> {
        let mut peer = Slow::new(steps);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(poll_fn(|cx| outbox.poll_send(cx, Pin::new(&mut peer)))).unwrap();
        assert_eq!((outbox.left(), peer.flushed), (0, peer.taken.len()));
        peer.taken
    }

    fn text(outbox: &mut Outbox) -> String {
        String::from_utf8(sent(outbox, &[usize::MAX])).unwrap()
    }

    #[test]
    fn a_reply_says_what_follows_it() {
        let headers = HeaderMap::from_iter([(http::header::VARY, "a, b".parse().unwrap())]);
        for (status, follows, head) in [
            (200, Follows::Length(3), "200 OK\r\nvary: a, b\r\ncontent-length: 3\r\n"),
            (200, Follows::Chunks, "200 OK\r\nvary: a, b\r\ntransfer-encoding: chunked\r\n"),
            (204, Follows::Nothing, "204 No Content\r\nvary: a, b\r\n"),
            (299, Follows::UntilClosed, "299 \r\nvary: a, b\r\n"),
        ] {
            let mut outbox = Outbox::default();
            outbox.put_reply(StatusCode::from_u16(status).unwrap(), &headers, follows);
            assert_eq!(text(&mut outbox), format!("HTTP/1.1 {head}\r\n"));
        }
        let mut outbox = Outbox::default();
        outbox.push_chunk(Bytes::from_static(b"0123456789"));
        outbox.push_chunk(Bytes::new());
        outbox.end_chunks();
        assert_eq!(text(&mut outbox), "a\r\n0123456789\r\n0\r\n\r\n", "no chunk ends it early");
    }

    #[test]
    fn the_room_that_much_took_is_let_go_of() {
        let mut outbox = Outbox::default();
        (0..100).for_each(|_| outbox.push(Bytes::from(vec![b'x'; TOGETHER])));
        assert!(outbox.near.capacity() >= 100 * TOGETHER);
        sent(&mut outbox, &[usize::MAX]);
        assert!(outbox.near.capacity() <= KEPT);
    }

    #[test]
    fn what_nobody_takes_is_an_error_and_can_be_let_go_of() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"some"));
        outbox.push(Bytes::from(vec![b'x'; TOGETHER + 1]));
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let none = outbox.poll_send(cx, Pin::new(&mut Slow::new(&[0])));
        assert!(matches!(none, Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::WriteZero));
        outbox.clear();
        assert_eq!((outbox.left(), text(&mut outbox).as_str()), (0, ""));
    }

    proptest! {
        #[test]
        fn what_is_put_in_leaves_whole_and_in_order_however_little_is_taken_at_once(
            lengths in prop::collection::vec(0_usize..9000, 0..40), steps in prop::collection::vec(1_usize..9000, 1..9),
        ) {
            let mut outbox = Outbox::default();
            // Twice: what is left of the first does not come back.
            for round in 0..2_u8 {
                let mut all = Vec::new();
                for (length, letter) in lengths.iter().zip((b'a'..=b'y').cycle()) {
                    let piece = vec![letter + round; *length];
                    all.extend_from_slice(&piece);
                    outbox.push(Bytes::from(piece));
                }
                prop_assert_eq!(outbox.left(), all.len());
                prop_assert_eq!(sent(&mut outbox, &steps), all);
            }
        }

        #[test]
        fn a_request_says_how_long_its_body_is(length in 0_usize..9000, steps in prop::collection::vec(1_usize..3000, 1..9)) {
            let body = Bytes::from(vec![b'x'; length]);
            let mut outbox = Outbox::default();
            for (target, said) in [("/a?b", "/a?b"), ("http://x/a", "http://x/a")] {
                outbox.put_request(Request::put(target).header("x-y", "z").body(body.clone()).unwrap());
                let told = if length == 0 { String::new() } else { format!("content-length: {length}\r\n") };
                let head = format!("PUT {said} HTTP/1.1\r\nx-y: z\r\n{told}\r\n");
                prop_assert_eq!(sent(&mut outbox, &steps), [head.as_bytes(), &body].concat());
            }
        }
    }
}
