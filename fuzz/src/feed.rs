use bytes::BytesMut;
use http1::{Fault, Framing, Kind, Piece};

/// Why nothing came of a message: a fault of its own, or the peer closed before it was whole.
pub type No = Option<Kind>;

/// A connection over which a message comes in pieces, after which the peer closes.
pub struct Feed<'a> {
    /// What has been read and not yet taken.
    pub inbox: BytesMut,
    pieces: std::slice::Iter<'a, &'a [u8]>,
}

impl<'a> Feed<'a> {
    pub fn new(pieces: &'a [&'a [u8]]) -> Self {
        Self { inbox: BytesMut::new(), pieces: pieces.iter() }
    }

    fn more(&mut self) -> bool {
        self.pieces.next().map(|piece| self.inbox.extend_from_slice(piece)).is_some()
    }

    /// A whole head.
    pub fn head<T>(
        &mut self,
        take: impl Fn(&mut BytesMut) -> Result<Option<T>, Fault>,
    ) -> Result<T, No> {
        loop {
            match take(&mut self.inbox).map_err(|fault| Some(fault.kind))? {
                Some(head) => return Ok(head),
                None if self.more() => {}
                None => return Err(None),
            }
        }
    }

    /// A whole body, and what is behind it.
    pub fn body(mut self, mut framing: Framing, gather: usize) -> Result<(Vec<u8>, Vec<u8>), No> {
        let mut body = Vec::new();
        loop {
            match framing.next(&mut self.inbox, gather).map_err(|fault| Some(fault.kind))? {
                Piece::Data(data) => body.extend_from_slice(&data),
                Piece::End => break,
                Piece::More if self.more() => {}
                Piece::More if framing.close() => break,
                Piece::More => return Err(None),
            }
        }
        while self.more() {}
        Ok((body, self.inbox.to_vec()))
    }
}
