//! Compressed bodies, unpacked within bounds. Pure.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::Packed;

/// So much may unpack from anything: what is small needs no ratio.
const FREE: usize = 1 << 20;

/// So many bytes at most out of one, beyond what is free. Text seldom passes 20; nothing honest passes this.
const RATIO: usize = 100;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    /// What is offered.
    pub(crate) const OFFERED: &'static str = "gzip, deflate";

    /// The one coding of a reply, if it is one that was offered.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(CONTENT_ENCODING).iter();
        let (value, None) = (all.next()?, all.next()) else { return None };
        match value.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            _ => None,
        }
    }
}

/// Unpacks a body as it comes.
pub(crate) struct Inflate {
    decoder: Decoder,
    max: usize,
}

enum Decoder {
    Gzip(Box<MultiGzDecoder<Sink>>),
    Deflate(Deflate),
}

/// Why it does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// More than the limit came out.
    Full,
    /// The data is not fit.
    Bad(Packed),
}

impl Inflate {
    pub(crate) fn new(coding: Coding, max: usize) -> Self {
        let sink = Sink { out: Vec::new(), taken: 0, max, halt: None };
        let decoder = match coding {
            Coding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Coding::Deflate => {
                Decoder::Deflate(Deflate { start: Vec::new(), inner: None, ended: false, sink })
            }
        };
        Self { decoder, max }
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Halt> {
        let done = match &mut self.decoder {
            Decoder::Gzip(gzip) => {
                gzip.get_mut().taken += piece.len();
                gzip.write_all(piece)
            }
            Decoder::Deflate(deflate) => {
                deflate.sink.taken += piece.len();
                deflate.push(piece)
            }
        };
        self.halted(done)
    }

    /// Makes sure that the data has come to its end. No data at all is an empty body.
    pub(crate) fn end(&mut self) -> Result<(), Halt> {
        if self.sink().taken == 0 {
            return Ok(());
        }
        let done = match &mut self.decoder {
            Decoder::Gzip(gzip) => gzip.try_finish(),
            Decoder::Deflate(deflate) if deflate.ended => Ok(()),
            Decoder::Deflate(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        };
        self.halted(done)
    }

    /// What has come out, at most the limit.
    pub(crate) fn out(&mut self) -> Vec<u8> {
        let max = self.max;
        let mut out = std::mem::take(&mut self.sink_mut().out);
        out.truncate(max);
        out
    }

    fn halted(&self, done: io::Result<()>) -> Result<(), Halt> {
        done.map_err(|_| self.sink().halt.unwrap_or(Halt::Bad(Packed::Damaged)))
    }

    fn sink(&self) -> &Sink {
        match &self.decoder {
            Decoder::Gzip(gzip) => gzip.get_ref(),
            Decoder::Deflate(deflate) => &deflate.sink,
        }
    }

    fn sink_mut(&mut self) -> &mut Sink {
        match &mut self.decoder {
            Decoder::Gzip(gzip) => gzip.get_mut(),
            Decoder::Deflate(deflate) => &mut deflate.sink,
        }
    }
}

/// Where unpacked bytes gather, and are counted.
struct Sink {
    out: Vec<u8>,
    /// Bytes that went in.
    taken: usize,
    max: usize,
    halt: Option<Halt>,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.max - self.out.len();
        self.out.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            self.halt = Some(Halt::Full);
        } else if self.out.len() > FREE && self.out.len() / RATIO > self.taken {
            self.halt = Some(Halt::Bad(Packed::Ratio));
        }
        if self.halt.is_some() { Err(io::Error::other("halted")) } else { Ok(piece.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// "deflate" is a zlib stream (RFC 9110 section 8.4.1.2); some servers send one without its wrapping.
struct Deflate {
    start: Vec<u8>,
    inner: Option<Decompress>,
    ended: bool,
    sink: Sink,
}

impl Deflate {
    fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.inner.is_some() {
            return self.unpack(piece);
        }
        self.start.extend_from_slice(piece);
        let &[first, second, ..] = self.start.as_slice() else { return Ok(()) };
        let wrapped = first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0;
        self.inner = Some(Decompress::new(wrapped));
        let start = std::mem::take(&mut self.start);
        self.unpack(&start)
    }

    fn unpack(&mut self, mut piece: &[u8]) -> io::Result<()> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        let mut part = vec![0; 16 << 10];
        loop {
            if self.ended {
                let nothing = piece.is_empty();
                return if nothing { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
            }
            let (taken, made) = (inner.total_in(), inner.total_out());
            let status = inner
                .decompress(piece, &mut part, FlushDecompress::None)
                .map_err(|_| io::ErrorKind::InvalidData)?;
            let taken = usize::try_from(inner.total_in() - taken).unwrap_or(usize::MAX);
            let made = usize::try_from(inner.total_out() - made).unwrap_or(usize::MAX);
            self.sink.write_all(&part[..made])?;
            piece = &piece[taken..];
            self.ended = status == Status::StreamEnd;
            if !self.ended && piece.is_empty() && made < part.len() {
                return Ok(());
            }
            if !self.ended && taken == 0 && made == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

#[cfg(test)]
#[path = "inflate_tests.rs"]
mod tests;
