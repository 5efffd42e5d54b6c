//! A connection's bytes, on their way to and from the HTTP library.

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
use crate::reply;

/// How every HTTP/2 connection begins (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Header lines that are counted.
const LENGTH: &[u8] = b"\ncontent-length";

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
    scan: Scan,
    /// The client has closed its sending side.
    ended: bool,
    linger: Option<Linger>,
    /// What is left to send of an error page that stands for one of the HTTP library's.
    page: Bytes,
}

impl<S: AsyncRead + Unpin> Wire<S> {
    pub(crate) fn new(inner: S, line: Arc<Line>) -> Self {
        Self {
            inner,
            line,
            early: Bytes::new(),
            scan: Scan::default(),
            ended: false,
            linger: None,
            page: Bytes::new(),
        }
    }

    /// Reads just enough to tell whether the client speaks HTTP/2 without having agreed on it (prior knowledge).
    pub(crate) async fn tell_version(&mut self) -> io::Result<bool> {
        let mut early = Vec::with_capacity(PREFACE.len());
        while early.len() < PREFACE.len() && PREFACE.starts_with(&early) {
            let mut some = [0; PREFACE.len()];
            let room = PREFACE.len() - early.len();
            let n = self.inner.read(&mut some[..room]).await?;
            if n == 0 {
                break;
            }
            early.extend_from_slice(&some[..n]);
            self.line.received(n as u64);
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
            me.line.received(n as u64);
        }
        if !me.line.is_h2() {
            me.line.lengths(me.scan.count(&out.filled()[before..]));
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

    /// Sends our own page in place of a bare error. What cannot go out at once is sent by the flush that follows.
    fn replace(&mut self, page: Bytes, cx: &mut Context<'_>) -> io::Result<()> {
        self.page = page;
        self.line.lingers();
        match self.poll_page(cx) {
            Poll::Ready(Err(e)) => Err(e),
            _ => Ok(()),
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.page.has_remaining() {
            let wrote = Pin::new(&mut self.inner).poll_write(cx, &self.page);
            let n = ready!(self.noted(wrote, |n| *n as u64))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.page.advance(n);
        }
        Poll::Ready(Ok(()))
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
        ready!(me.poll_page(cx))?;
        if let Some(page) = bare_error(buf).filter(|_| !me.line.is_h2()) {
            me.replace(page, cx)?;
            return Poll::Ready(Ok(buf.len()));
        }
        let wrote = Pin::new(&mut me.inner).poll_write(cx, buf);
        me.noted(wrote, |n| *n as u64)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        ready!(me.poll_page(cx))?;
        let head = bufs.first().map_or(&[][..], |buf| buf);
        if let Some(page) = bare_error(head).filter(|_| !me.line.is_h2()) {
            me.replace(page, cx)?;
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let wrote = Pin::new(&mut me.inner).poll_write_vectored(cx, bufs);
        me.noted(wrote, |n| *n as u64)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        ready!(me.poll_page(cx))?;
        let flushed = Pin::new(&mut me.inner).poll_flush(cx);
        me.noted(flushed, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        ready!(me.poll_page(cx))?;
        if me.linger.is_none() {
            ready!(Pin::new(&mut me.inner).poll_shutdown(cx))?;
        }
        if me.line.is_lingering() {
            ready!(me.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

/// The HTTP library answers what it cannot parse by itself, with a bare head. What goes out instead has a body and
/// the headers that every answer has.
fn bare_error(buf: &[u8]) -> Option<Bytes> {
    let rest = buf.strip_prefix(b"HTTP/1.1 ").or_else(|| buf.strip_prefix(b"HTTP/1.0 "))?;
    if !rest.starts_with(b"4") {
        return None;
    }
    if memchr::memmem::find(buf, b"x-content-type-options").is_some() || !buf.ends_with(b"\r\n\r\n")
    {
        return None;
    }
    let line = &rest[..memchr::memchr(b'\r', rest)?];
    Some(reply::bare_error(std::str::from_utf8(line).ok()?))
}

/// Counts `Content-Length` lines in what streams by.
#[derive(Debug, Default)]
struct Scan {
    matched: usize,
}

impl Scan {
    fn count(&mut self, bytes: &[u8]) -> u64 {
        let (mut at, mut found) = (0, 0);
        while at < bytes.len() {
            if self.matched == 0 {
                let Some(next) = memchr::memchr(b'\n', &bytes[at..]) else { break };
                at += next + 1;
                self.matched = 1;
                continue;
            }
            if bytes[at].eq_ignore_ascii_case(&LENGTH[self.matched]) {
                self.matched += 1;
                at += 1;
                if self.matched == LENGTH.len() {
                    found += 1;
                    self.matched = 0;
                }
            } else {
                self.matched = 0;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lengths_are_counted_alike_however_the_bytes_are_cut(cuts in prop::collection::vec(1usize..9, 1..40)) {
            let text = b"POST / HTTP/1.1\r\nCONTENT-Length: 1\r\n\n\ncontent-lengt\ncontent-length\r\nx: content-length\r\n";
            let mut scan = Scan::default();
            let (mut rest, mut found) = (&text[..], 0);
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                found += scan.count(now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, 2);
        }
    }

    #[test]
    fn an_error_of_the_library_gets_a_body_and_our_own_answers_stay_as_they_are() {
        let page = bare_error(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert!(page.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{page}");
        assert!(page.contains("nosniff") && page.ends_with('}'), "{page}");
        assert!(
            bare_error(b"HTTP/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\n\r\n")
                .is_none()
        );
        assert!(bare_error(b"HTTP/1.1 200 OK\r\n\r\n").is_none());
    }
}
