use std::io;

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why no further line can be read.
#[derive(Debug, Error)]
pub enum LineError {
    /// The child wrote a line longer than allowed; what follows has no known beginning, so nothing is read any more.
    #[error("a line is longer than {max} bytes")]
    TooLong {
        /// The limit in bytes.
        max: usize,
    },
    /// Reading failed.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

/// Lines of bytes, each at most so long.
#[derive(Debug)]
pub struct Lines<R> {
    from: R,
    held: BytesMut,
    /// How much of `held` is known to hold no line end.
    searched: usize,
    max: usize,
    ended: bool,
}

/// Room asked for before each read: a pipe holds 64 KiB.
const CHUNK: usize = 16 << 10;

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads from `from` lines of at most `max` bytes, line end not counted.
    pub fn new(from: R, max: usize) -> Self {
        Self { from, held: BytesMut::new(), searched: 0, max, ended: false }
    }

    /// The next line without its end (`\n` or `\r\n`); `None` at the end. Text after the last line end is a line too:
    /// whether it is whole is for its reader to see.
    ///
    /// Safe to drop and call again: nothing is lost. At most one line more than is asked for is held.
    ///
    /// # Errors
    /// See [`LineError`]; after `TooLong` every further call gives it again.
    pub async fn next(&mut self) -> Result<Option<Bytes>, LineError> {
        loop {
            if let Some(at) = memchr(b'\n', &self.held[self.searched..]) {
                return self.take(self.searched + at, 1).map(Some);
            }
            self.searched = self.held.len();
            // One byte more than allowed may be the `\r` of a line end.
            if self.searched > self.max + 1 {
                return Err(LineError::TooLong { max: self.max });
            }
            if self.ended {
                return if self.held.is_empty() {
                    Ok(None)
                } else {
                    self.take(self.searched, 0).map(Some)
                };
            }
            self.held.reserve(CHUNK);
            self.ended = self.from.read_buf(&mut self.held).await? == 0;
        }
    }

    /// Takes a line of `length` bytes, and the `end` bytes after it that are its end.
    fn take(&mut self, length: usize, end: usize) -> Result<Bytes, LineError> {
        let cr = usize::from(end == 1 && self.held[..length].ends_with(b"\r"));
        if length - cr > self.max {
            self.searched = length;
            return Err(LineError::TooLong { max: self.max });
        }
        let mut line = self.held.split_to(length + end);
        line.truncate(length - cr);
        self.searched = 0;
        Ok(line.freeze())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn all(bytes: &[u8], max: usize) -> (Vec<Vec<u8>>, Option<LineError>) {
        let mut lines = Lines::new(bytes, max);
        let mut got = Vec::new();
        loop {
            match lines.next().await {
                Ok(Some(line)) => got.push(line.to_vec()),
                Ok(None) => return (got, None),
                Err(error) => return (got, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn line_ends_of_both_kinds_end_lines_and_a_lone_return_does_not() {
        let (got, error) = all(b"a\r\n\nb\rc\nlast", 10).await;
        assert_eq!(got, [&b"a"[..], b"", b"b\rc", b"last"]);
        assert!(error.is_none());
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
        for end in ["\n", "\r\n", ""] {
            let (got, error) = all(format!("12345{end}").as_bytes(), 5).await;
            assert_eq!((got.len(), error.is_none()), (1, true), "{end:?}");
            let (got, error) = all(format!("123456{end}").as_bytes(), 5).await;
            assert!(
                got.is_empty() && matches!(error, Some(LineError::TooLong { max: 5 })),
                "{end:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused_as_soon_as_it_is_too_long_and_stays_refused() {
        let endless = tokio::io::repeat(b'x');
        let mut lines = Lines::new(endless, 100_000);
        for _ in 0..3 {
            assert!(matches!(lines.next().await, Err(LineError::TooLong { .. })));
        }
        assert!(lines.held.capacity() < 400_000);
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_loses_nothing() {
        let (mut write, read) = tokio::io::duplex(64);
        let mut lines = Lines::new(read, 100);
        for part in ["he", "llo"] {
            write.write_all(part.as_bytes()).await.unwrap();
            assert!(tokio::time::timeout(Duration::from_millis(20), lines.next()).await.is_err());
        }
        write.write_all(b"\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), "hello");
    }

    proptest! {
        #[test]
        fn what_was_written_as_lines_is_read_as_lines(
            lines in proptest::collection::vec("[^\r\n]{0,40}", 0..40),
            size in 1_usize..64,
        ) {
            let text: String = lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let got = runtime.block_on(async {
                let (mut write, read) = tokio::io::duplex(size);
                let writer = tokio::spawn(async move { write.write_all(text.as_bytes()).await.unwrap() });
                let mut reader = Lines::new(read, 400);
                let mut got = Vec::new();
                while let Some(line) = reader.next().await.unwrap() {
                    got.push(String::from_utf8(line.to_vec()).unwrap());
                }
                writer.await.unwrap();
                got
            });
            prop_assert_eq!(got, lines);
        }
    }
}
