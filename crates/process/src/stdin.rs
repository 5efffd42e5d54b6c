use std::io::{self, IoSlice};
use std::time::Duration;

use memchr::memchr;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;

/// Why a line did not reach a child.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The text holds a line end: it would be read as two messages.
    #[error("the message holds a line end")]
    NotOneLine,
    /// The child does not read.
    #[error("the child did not read its standard input in time")]
    Timeout,
    /// An earlier line was left unfinished: the stream cannot be used any more.
    #[error("an earlier message was written in part only")]
    Torn,
    /// The child has closed its standard input.
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
}

/// A child's standard input, one line at a time. Dropping it closes it, which asks a well-behaved child to end.
#[derive(Debug)]
pub struct Stdin {
    to: Sender,
    /// Whether a line was begun and not finished.
    torn: bool,
}

impl Stdin {
    pub(crate) const fn new(to: Sender) -> Self {
        Self { to, torn: false }
    }

    /// Writes `line` and a line end, within `limit`.
    ///
    /// A future dropped half-way, or a limit that passes half-way, leaves the stream torn: all further writes fail, for
    /// the child would take the rest of one message and the next for one.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn send(&mut self, line: &[u8], limit: Duration) -> Result<(), WriteError> {
        if self.torn {
            return Err(WriteError::Torn);
        }
        if memchr(b'\n', line).is_some() {
            return Err(WriteError::NotOneLine);
        }
        // Nearly always the pipe has room: one system call, no timer, nothing to tear.
        let parts = [IoSlice::new(line), IoSlice::new(b"\n")];
        let written = match self.to.try_write_vectored(&parts) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error.into()),
        };
        if written == line.len() + 1 {
            return Ok(());
        }
        self.torn = true;
        let rest = async {
            self.to.write_all(&line[written.min(line.len())..]).await?;
            self.to.write_all(b"\n").await
        };
        tokio::time::timeout(limit, rest).await.map_err(|_| WriteError::Timeout)??;
        self.torn = false;
        Ok(())
    }
}
