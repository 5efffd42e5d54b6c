//! A connection's bytes, on their way in and out: when they move is noted, and how the connection ends is seen to.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::line::Line;

/// How every HTTP/2 connection begins (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long to read on after the last answer, and how many bytes of it.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// The end of a connection whose client may still be sending.
struct Linger {
    until: Pin<Box<Sleep>>,
    bytes: usize,
}

/// A stream that notes in its [`Line`] what happens on it.
pub(crate) struct Wire<S> {
    inner: S,
    line: Arc<Line>,
    /// Bytes read while the version was told.
    early: Bytes,
    /// The client has closed its sending side.
    ended: bool,
    linger: Option<Linger>,
}

impl<S: AsyncRead + Unpin> Wire<S> {
    pub(crate) fn new(inner: S, line: Arc<Line>) -> Self {
        Self { inner, line, early: Bytes::new(), ended: false, linger: None }
    }

    /// Reads just enough to tell whether the client speaks HTTP/2 without having agreed on it (prior knowledge).
    pub(crate) async fn tell_version(&mut self) -> io::Result<bool> {
        let mut early = Vec::with_capacity(PREFACE.len());
        while early != PREFACE && PREFACE.starts_with(&early) {
            let mut some = [0; PREFACE.len()];
            let room = PREFACE.len() - early.len();
            let n = self.inner.read(&mut some[..room]).await?;
            if n == 0 {
                break;
            }
            early.extend_from_slice(&some[..n]);
            self.line.received();
        }
        let h2 = early == PREFACE;
        self.early = Bytes::from(early);
        if h2 {
            self.line.speaks_h2();
        }
        Ok(h2)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let before = out.filled().len();
        if me.early.has_remaining() {
            let n = me.early.remaining().min(out.remaining());
            out.put_slice(&me.early.split_to(n));
        } else {
            ready!(Pin::new(&mut me.inner).poll_read(cx, out))?;
            let n = out.filled().len() - before;
            if n == 0 && out.remaining() > 0 {
                me.ended = true;
                return if me.line.end_reached() { Poll::Pending } else { Poll::Ready(Ok(())) };
            }
            me.line.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    fn noted<T>(
        &self,
        result: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> u64,
    ) -> Poll<io::Result<T>> {
        match &result {
            Poll::Pending => self.line.blocked(),
            Poll::Ready(Ok(value)) => self.line.sent(bytes(value)),
            Poll::Ready(Err(_)) => {}
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Reads on for a moment after the last answer and throws away what comes. Closing with bytes unread would make
    /// the system reset the connection, and the client might never see the answer (RFC 9112 section 9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            until: Box::pin(tokio::time::sleep(LINGER)),
            bytes: LINGER_BYTES,
        });
        let mut scrap = [MaybeUninit::uninit(); 4096];
        while !self.ended && linger.bytes > 0 && linger.until.as_mut().poll(cx).is_pending() {
            let mut scrap = ReadBuf::uninit(&mut scrap);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut scrap)) {
                Ok(()) if !scrap.filled().is_empty() => {
                    linger.bytes = linger.bytes.saturating_sub(scrap.filled().len());
                }
                _ => self.ended = true,
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let wrote = Pin::new(&mut me.inner).poll_write(cx, buf);
        me.noted(wrote, |n| *n as u64)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        let wrote = Pin::new(&mut me.inner).poll_write_vectored(cx, bufs);
        me.noted(wrote, |n| *n as u64)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let flushed = Pin::new(&mut me.inner).poll_flush(cx);
        me.noted(flushed, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        if me.linger.is_none() {
            ready!(Pin::new(&mut me.inner).poll_shutdown(cx))?;
        }
        if me.line.is_lingering() {
            ready!(me.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    /// A wire, its line, and the client's end of it.
    fn wire() -> (Wire<DuplexStream>, Arc<Line>, DuplexStream) {
        let (client, server) = duplex(4096);
        let line = Arc::new(Line::default());
        (Wire::new(server, line.clone()), line, client)
    }

    /// How long a wire whose client may still be sending takes to close.
    async fn closing(mut wire: Wire<DuplexStream>) -> Duration {
        let start = Instant::now();
        timeout(LINGER * 20, wire.shutdown()).await.unwrap().unwrap();
        start.elapsed()
    }

    // Times are those of the paused clock, and a timer may be a millisecond late.
    #[tokio::test(start_paused = true)]
    async fn after_a_last_answer_what_still_comes_is_read_for_a_moment_only() {
        let (wire, line, _silent) = wire();
        line.lingers();
        assert!((LINGER..LINGER * 2).contains(&closing(wire).await));

        let (wire, line, mut slow) = self::wire();
        line.lingers();
        let trickle = tokio::spawn(async move {
            while slow.write_all(b"x").await.is_ok() {
                sleep(LINGER / 5).await;
            }
        });
        assert!((LINGER..LINGER * 2).contains(&closing(wire).await), "data is no end");
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_last_answer_a_client_that_ends_is_not_waited_for_and_one_that_does_not_is_cut_off()
     {
        let (wire, line, client) = wire();
        line.lingers();
        drop(client);
        assert_eq!(closing(wire).await, Duration::ZERO);

        let (wire, _, mut client) = self::wire();
        client.write_all(b"x").await.unwrap();
        assert_eq!(closing(wire).await, Duration::ZERO, "another end than one with bytes unread");

        let (wire, line, mut flood) = self::wire();
        line.lingers();
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            while flood.write_all(&[b'x'; 4096]).await.is_ok() {
                sent += 4096;
            }
            sent
        });
        assert!(closing(wire).await < LINGER);
        let sent = sending.await.unwrap();
        assert!((LINGER_BYTES..LINGER_BYTES + 3 * 4096).contains(&sent), "{sent}");
        assert_eq!(LINGER_BYTES, 4 << 20);
    }

    #[tokio::test]
    async fn the_version_is_told_from_the_first_bytes_in_any_pieces_and_none_of_them_is_lost() {
        let preface = std::str::from_utf8(PREFACE).unwrap();
        for (text, h2) in [
            (preface.to_owned(), true),
            (format!("{preface}more"), true),
            ("PROPFIND / HTTP/1.1\r\n\r\n".to_owned(), false),
            ("PRI * HTTP/2.0\r\n\r\nSM".to_owned(), false),
            (String::new(), false),
        ] {
            for piece in [1, 3, 1000] {
                let (mut wire, line, mut client) = wire();
                let bytes = text.clone().into_bytes();
                let sending = tokio::spawn(async move {
                    for some in bytes.chunks(piece) {
                        client.write_all(some).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                });
                assert_eq!(wire.tell_version().await.unwrap(), h2, "{text:?} by {piece}");
                assert_eq!(line.is_h2(), h2);
                let mut all = String::new();
                wire.read_to_string(&mut all).await.unwrap();
                assert_eq!(all, text);
                sending.await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn only_an_end_is_taken_for_one_whatever_the_buffer_holds_already() {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let (mut wire, line, mut client) = wire();
        line.hold();
        client.write_all(b"x").await.unwrap();
        let mut none = ReadBuf::new(&mut []);
        assert!(Pin::new(&mut wire).poll_read(&mut cx, &mut none).is_ready());
        assert!(!wire.ended && line.poll_ended(&mut cx).is_pending());
        drop(client);
        let mut room = [0; 8];
        let mut some = ReadBuf::new(&mut room);
        some.put_slice(b"abc");
        assert!(Pin::new(&mut wire).poll_read(&mut cx, &mut some).is_ready());
        assert_eq!((some.filled(), wire.ended), (&b"abcx"[..], false));
        assert!(Pin::new(&mut wire).poll_read(&mut cx, &mut some).is_pending(), "held back");
        assert!(wire.ended && line.poll_ended(&mut cx).is_ready());
    }
}
