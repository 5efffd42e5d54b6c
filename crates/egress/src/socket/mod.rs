//! Websockets (RFC 6455): dialled under the rules of every connection, without redirects, extensions or protocols.

mod frame;
mod handshake;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::BytesMut;
use http::Method;
use http::uri::PathAndQuery;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout_at;

use crate::client::Client;
use crate::stream::Stream;
use crate::{Deadline, EgressError, Kind, Phase, Rule, Violation};
use frame::{Code, Wrong};

/// An open websocket. Dropping it closes the connection.
pub struct Socket {
    stream: Stream,
    buffer: BytesMut,
    message: Vec<u8>,
    /// Whether `message` holds the first parts of one that is not whole.
    partial: bool,
    /// Set while something is written: a write that was dropped half-way leaves nothing to go on with.
    writing: bool,
    most: usize,
    origin: Arc<str>,
}

impl Client {
    /// Opens a websocket at the path (with its query) of this client's origin: `wss` where that is `https`, plain `ws`
    /// where it is `http` and the policy allows that. Messages longer than `most` bytes are refused.
    ///
    /// # Errors
    /// As for [`Client::send`]; an answer that is no handshake is a [`Violation`], a redirect too.
    pub async fn socket(
        &self,
        path: &PathAndQuery,
        most: usize,
        deadline: Deadline,
    ) -> Result<Socket, EgressError> {
        let dialer = &self.0.dialer;
        if !self.policy().takes(&Method::GET) {
            let reason = "GET is not on the list of methods of this source";
            return Err(EgressError::refused(Rule::Method, reason));
        }
        if dialer.absolute().is_some() {
            let reason = "no websocket without TLS goes by this proxy";
            return Err(EgressError::refused(Rule::NoRoute, reason));
        }
        let stream = dialer.dial(self.shared(), self.limits(), deadline).await?;
        let origin = dialer.origin.authority.clone();
        let (buffer, message) = (BytesMut::with_capacity(4096), Vec::new());
        let mut socket =
            Socket { stream, buffer, message, partial: false, writing: false, most, origin };
        if socket.stream.speaks_http2() {
            return Err(socket.error(Kind::Protocol(Violation::Http), "speaks HTTP/2 alone"));
        }
        let until = deadline.or_after(self.limits().first_byte);
        socket.open(path.as_str(), self.limits().max_head, until).await?;
        Ok(socket)
    }
}

impl Socket {
    async fn open(
        &mut self,
        path: &str,
        max_head: usize,
        deadline: Deadline,
    ) -> Result<(), EgressError> {
        let key = BASE64_STANDARD.encode(self.random::<16>()?);
        let request = handshake::request(path, &self.origin, &key);
        self.write(request.as_bytes(), deadline).await?;
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > max_head {
                return Err(self.error(Kind::TooLarge, "the head of the answer is too large"));
            }
            if !self.fill(deadline).await? {
                return Err(self.error(Kind::Reset, "closed before it answered"));
            }
        };
        let head = self.buffer.split_to(end + 4);
        handshake::check(&head[..end], &key)
            .map_err(|wrong| self.error(Kind::Protocol(wrong), "did not open a websocket"))
    }

    /// Sends a text as one message.
    ///
    /// # Errors
    /// See [`Kind`]. After an error the socket is of no use.
    pub async fn send(&mut self, text: &str, deadline: Deadline) -> Result<(), EgressError> {
        self.put(Code::Text, text.as_bytes(), deadline).await
    }

    /// The next message, `None` once the peer has closed. Pings are answered on the way. A call that is dropped before its
    /// end loses nothing.
    ///
    /// # Errors
    /// See [`Kind`]: `TooLarge`, `Protocol`, `Reset`; `Timeout` at the deadline, after which it can be called again.
    pub async fn next(&mut self, deadline: Deadline) -> Result<Option<String>, EgressError> {
        loop {
            let room = self.most.saturating_sub(self.message.len());
            let Some(frame) = frame::take(&mut self.buffer, room).map_err(|w| self.wrong(w))?
            else {
                if self.fill(deadline).await? {
                    continue;
                }
                return Err(self.error(Kind::Reset, "closed without a word"));
            };
            match (frame.code, self.partial) {
                (Code::Ping, _) => self.put(Code::Pong, &frame.payload, deadline).await?,
                (Code::Pong, _) => {}
                (Code::Close, _) => {
                    // Said back once, whether or not it still arrives.
                    let _ = self.put(Code::Close, &frame.payload, deadline).await;
                    return Ok(None);
                }
                (Code::Text, false) | (Code::Continuation, true) => {
                    self.message.extend_from_slice(&frame.payload);
                    self.partial = !frame.last;
                    if frame.last {
                        let text = String::from_utf8(std::mem::take(&mut self.message));
                        return text.map(Some).map_err(|_| self.wrong(Wrong::Form("no UTF-8")));
                    }
                }
                (Code::Text | Code::Continuation | Code::Binary, _) => {
                    return Err(self.wrong(Wrong::Form("a frame stands where it may not")));
                }
            }
        }
    }

    async fn put(
        &mut self,
        code: Code,
        payload: &[u8],
        deadline: Deadline,
    ) -> Result<(), EgressError> {
        let mask = self.random::<4>()?;
        self.write(&frame::write(code, payload, mask), deadline).await
    }

    async fn write(&mut self, bytes: &[u8], deadline: Deadline) -> Result<(), EgressError> {
        if std::mem::replace(&mut self.writing, true) {
            return Err(self.error(Kind::Reset, "a message was broken off"));
        }
        let stream = &mut self.stream;
        let written = timeout_at(deadline.0, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => {
                self.writing = false;
                Ok(())
            }
            Ok(Err(_)) => Err(self.error(Kind::Reset, "closed while it was written to")),
            Err(_) => Err(self.error(Kind::Timeout(Phase::Total), "took nothing in time")),
        }
    }

    /// Reads what there is; `false` at the end.
    async fn fill(&mut self, deadline: Deadline) -> Result<bool, EgressError> {
        match timeout_at(deadline.0, self.stream.read_buf(&mut self.buffer)).await {
            Ok(Ok(read)) => Ok(read > 0),
            Ok(Err(_)) => Err(self.error(Kind::Reset, "closed while it was read")),
            Err(_) => Err(self.error(Kind::Timeout(Phase::Total), "said nothing in time")),
        }
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], EgressError> {
        let mut bytes = [0; N];
        ambient::random(&mut bytes)
            .map_err(|_| self.error(Kind::Connect, "the machine gives no randomness"))?;
        Ok(bytes)
    }

    fn wrong(&self, wrong: Wrong) -> EgressError {
        match wrong {
            Wrong::Form(why) => self.error(Kind::Protocol(Violation::Http), why),
            Wrong::TooLarge => self.error(Kind::TooLarge, "a message is longer than is read"),
        }
    }

    /// The peer may have seen what was sent: the handshake is the first of it.
    fn error(&self, kind: Kind, detail: &str) -> EgressError {
        EgressError::new(kind, true, format!("{}: {detail}", self.origin))
    }
}
