//! Messages on a pipe: one a line (basic/transports, stdio).

use bytes::Bytes;
use thiserror::Error;

/// Why a pipe cannot be read on. Nothing more comes out of its framer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    /// One line holds more than the bound, in bytes.
    #[error("a line of more than {0} bytes")]
    TooLong(usize),
    /// A line begins with a byte order mark (RFC 8259 section 8.1).
    #[error("a line begins with a byte order mark")]
    ByteOrderMark,
}

/// Cuts chunks into lines as they arrive.
#[derive(Debug)]
pub struct Framer {
    max: usize,
    failed: Option<LineError>,
    partial: Vec<u8>,
}

impl Framer {
    /// A framer that takes no line of more than `max` bytes, its end not counted.
    pub fn new(max: usize) -> Self {
        Self { max, failed: None, partial: Vec::new() }
    }

    /// Takes the next bytes and gives the lines they complete, without their ends (`\n` or `\r\n`). Lines of nothing
    /// but spaces and tabs are left out.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Bytes>, LineError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.take(&bytes[..end])?;
            bytes = &bytes[end + 1..];
            let mut line = std::mem::take(&mut self.partial);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if line.starts_with(b"\xEF\xBB\xBF") {
                return self.fail(LineError::ByteOrderMark);
            }
            if line.iter().any(|b| !matches!(b, b' ' | b'\t' | b'\r')) {
                lines.push(Bytes::from(line));
            }
        }
        self.take(bytes)?;
        Ok(lines)
    }

    /// Bytes of a line that has not ended yet. At the end of the pipe they are the torn rest of a message.
    pub fn pending(&self) -> usize {
        self.partial.len()
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        let length = self.partial.len() + bytes.len();
        let last = bytes.last().or(self.partial.last());
        // A carriage return may still prove to be half of the line's end.
        let counted = length - usize::from(last == Some(&b'\r'));
        if counted > self.max {
            return self.fail(LineError::TooLong(self.max));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    fn fail<T>(&mut self, error: LineError) -> Result<T, LineError> {
        self.failed = Some(error);
        self.partial = Vec::new();
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_line_ends_are_taken_and_blank_lines_are_none() {
        let mut framer = Framer::new(100);
        assert_eq!(framer.feed(b"{}\r\n\n \t\n\r\n[1]\n{").unwrap(), ["{}", "[1]"]);
        assert_eq!(framer.pending(), 1);
        assert_eq!(framer.feed(b"}\n").unwrap(), ["{}"]);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_bound_and_no_longer() {
        assert_eq!(Framer::new(4).feed(b"1234\r\n1234\n").unwrap(), ["1234", "1234"]);
        let mut framer = Framer::new(4);
        assert_eq!(framer.feed(b"12345"), Err(LineError::TooLong(4)));
        assert_eq!(framer.feed(b"\n1\n"), Err(LineError::TooLong(4)));
        assert_eq!(framer.pending(), 0);
    }

    #[test]
    fn a_byte_order_mark_is_refused() {
        assert_eq!(Framer::new(9).feed(b"\xEF\xBB\xBF{}\n"), Err(LineError::ByteOrderMark));
    }

    proptest! {
        #[test]
        fn many_small_feeds_equal_one_big_one(
            text in "[a{}\r\n ]{0,60}", size in 1usize..7,
        ) {
            let whole = Framer::new(8).feed(text.as_bytes());
            let mut framer = Framer::new(8);
            let mut lines = Vec::new();
            let mut failed = false;
            for chunk in text.as_bytes().chunks(size) {
                match framer.feed(chunk) {
                    Ok(more) => lines.extend(more),
                    Err(_) => failed = true,
                }
            }
            prop_assert_eq!(failed, whole.is_err());
            if let Ok(whole) = whole {
                prop_assert_eq!(lines, whole);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = Framer::new(20).feed(&bytes);
        }
    }
}
