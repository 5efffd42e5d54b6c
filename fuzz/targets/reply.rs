#![no_main]
//! A reply over HTTP/1.1 is the same in whatever pieces it comes, within its bounds, and nothing of it is lost or doubled.

use bytes::BytesMut;
use egress::Kind;
use egress::http1::{Bounds, Head, Piece};
use fuzz::pieces;
use http::Method;
use libfuzzer_sys::fuzz_target;

const BOUNDS: Bounds = Bounds { bytes: 512, fields: 8 };

fuzz_target!(|data: &[u8]| {
    let Some((seed, data)) = data.split_first() else { return };
    let method = if seed & 1 == 0 { Method::GET } else { Method::HEAD };
    let whole = read(&[data], &method, 0);
    assert_eq!(whole, read(&pieces(data, *seed), &method, usize::from(*seed)));
    if let Ok((_, body, behind)) = whole {
        assert!(body.len() + behind.len() <= data.len() && data.ends_with(&behind));
    }
});

/// The head as it was understood, the body, and what is behind it.
type Said = (String, Vec<u8>, Vec<u8>);

/// Reads a reply that comes in these pieces, after which the peer closes.
fn read(pieces: &[&[u8]], method: &Method, gather: usize) -> Result<Said, Kind> {
    let (mut inbox, mut rest) = (BytesMut::new(), pieces.iter());
    let mut more =
        |inbox: &mut BytesMut| rest.next().map(|piece| inbox.extend_from_slice(piece)).is_some();
    let mut head = loop {
        match Head::take(&mut inbox, method, BOUNDS).map_err(|fault| fault.kind)? {
            Some(head) => break head,
            None if more(&mut inbox) => {}
            None => return Err(Kind::Reset),
        }
    };
    assert!(head.headers.len() <= BOUNDS.fields);
    let said = format!("{} {:?} {:?} {}", head.status, head.headers, head.framing, head.keeps);
    let mut body = Vec::new();
    loop {
        match head.framing.next(&mut inbox, gather).map_err(|fault| fault.kind)? {
            Piece::Data(data) => body.extend_from_slice(&data),
            Piece::End => break,
            Piece::More if more(&mut inbox) => {}
            Piece::More if head.framing.close() => break,
            Piece::More => return Err(Kind::Reset),
        }
    }
    while more(&mut inbox) {}
    Ok((said, body, inbox.to_vec()))
}
