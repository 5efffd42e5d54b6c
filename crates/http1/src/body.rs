use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::Fault;

/// Most bytes of a body in chunks that are not its data: sizes, extensions, trailers. Of each chunk a few are free.
const MOST_BESIDES: usize = 16 << 10;
/// A size, and the end of its line.
const FREE: usize = 18;

/// Where the body of a reply ends, and how much of it is still to come.
#[derive(Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked {
        /// What comes next.
        at: At,
        /// Bytes that were no data, so far.
        besides: usize,
    },
    /// When the peer closes the connection.
    UntilClosed,
}

/// Where in a body of chunks the next byte stands (RFC 9112, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The line with the size of a chunk.
    Size,
    /// So many bytes of its data.
    Data(u64),
    /// The end of the line behind them.
    EndOfData,
    /// Lines behind the last chunk.
    Trailers,
    /// Nothing.
    End,
}

/// What comes next of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Some of its bytes.
    Data(Bytes),
    /// Nothing, before more is read.
    More,
    /// Nothing: it is whole.
    End,
}

impl Framing {
    /// A body in chunks, from its beginning.
    pub const fn chunked() -> Self {
        Self::Chunked { at: At::Size, besides: 0 }
    }

    /// Takes the next piece off the front of what has been read. Of what is known to come, up to `gather` bytes have to be
    /// there first.
    ///
    /// # Errors
    /// Chunks that do not end where they say, or have more about them than there may be.
    pub fn next(&mut self, inbox: &mut BytesMut, gather: usize) -> Result<Piece, Fault> {
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::Length(left) => Ok(data(left, inbox, gather)),
            Self::Chunked { at, besides } => chunked(at, besides, inbox, gather),
            Self::UntilClosed if inbox.is_empty() => Ok(Piece::More),
            Self::UntilClosed => Ok(Piece::Data(inbox.split().freeze())),
        }
    }

    /// The peer has closed the connection, and all that was read has been taken: whether that is the end of the body.
    pub fn close(&mut self) -> bool {
        let ends = match self {
            Self::UntilClosed => true,
            Self::Length(_) | Self::Chunked { .. } => self.is_at_end(),
        };
        *self = Self::Length(0);
        ends
    }

    /// Whether nothing more belongs to the body.
    pub const fn is_at_end(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked { at: At::End, .. })
    }

    /// How many bytes are known to be still to come.
    pub const fn left(&self) -> u64 {
        match self {
            Self::Length(left) | Self::Chunked { at: At::Data(left), .. } => *left,
            _ => 0,
        }
    }
}

fn data(left: &mut u64, inbox: &mut BytesMut, gather: usize) -> Piece {
    let all = usize::try_from(*left).unwrap_or(usize::MAX);
    if inbox.len() < all.min(gather.max(1)) {
        return Piece::More;
    }
    let here = all.min(inbox.len());
    *left -= here as u64;
    Piece::Data(inbox.split_to(here).freeze())
}

fn chunked(
    at: &mut At,
    besides: &mut usize,
    inbox: &mut BytesMut,
    gather: usize,
) -> Result<Piece, Fault> {
    loop {
        match at {
            At::Size => {
                let Some(line) = line(inbox, MOST_BESIDES)? else { return Ok(Piece::More) };
                count(besides, (line.len() + 2).saturating_sub(FREE))?;
                let size = size(&line).ok_or(Fault::malformed("sent a chunk without a size"))?;
                *at = if size == 0 { At::Trailers } else { At::Data(size) };
            }
            At::Data(left) => {
                let piece = data(left, inbox, gather);
                if *left == 0 {
                    *at = At::EndOfData;
                }
                return Ok(piece);
            }
            At::EndOfData => match line(inbox, 0)? {
                None => return Ok(Piece::More),
                Some(_) => *at = At::Size,
            },
            At::Trailers => {
                let Some(line) = line(inbox, MOST_BESIDES)? else { return Ok(Piece::More) };
                if line.is_empty() {
                    *at = At::End;
                }
                count(besides, line.len())?;
            }
            At::End => return Ok(Piece::End),
        }
    }
}

fn count(besides: &mut usize, more: usize) -> Result<(), Fault> {
    *besides += more;
    if *besides > MOST_BESIDES {
        return Err(Fault::too_large("sent a body with more about its chunks than there may be"));
    }
    Ok(())
}

/// Takes a line of at most so many bytes off the front, without its end, which is CR LF and nothing else.
fn line(inbox: &mut BytesMut, most: usize) -> Result<Option<Bytes>, Fault> {
    let broken = || Fault::malformed("sent a chunk that does not end where it has to");
    match memchr(b'\n', inbox) {
        None if inbox.len() > most + 1 => Err(broken()),
        None => Ok(None),
        Some(end) if end > most + 1 || end == 0 || inbox[end - 1] != b'\r' => Err(broken()),
        Some(end) => {
            let mut line = inbox.split_to(end + 1).freeze();
            line.truncate(end - 1);
            Ok(Some(line))
        }
    }
}

/// The size of a chunk, in hexadecimal; extensions behind it say nothing.
fn size(line: &[u8]) -> Option<u64> {
    let end = line.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let rest = rest.trim_ascii_start();
    if !(rest.is_empty() || rest.starts_with(b";")) || line.contains(&b'\r') {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
