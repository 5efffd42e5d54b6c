#![no_main]
//! A stream of events reads the same in whatever pieces it comes, and no data breaks the frame it is written in.

use bytes::Bytes;
use fuzz::{parts, pieces};
use libfuzzer_sys::fuzz_target;
use protocol::Rope;
use protocol::sse::{Event, Parser, encode};

const MAX: usize = 256;

fuzz_target!(|data: &[u8]| {
    let Some((seed, data)) = data.split_first() else { return };
    let mut whole = Parser::new(MAX);
    let expected = whole.feed(data);
    let mut parser = Parser::new(MAX);
    let mut events = Vec::new();
    let failed = pieces(data, *seed).into_iter().any(|piece| match parser.feed(piece) {
        Ok(more) => {
            events.extend(more);
            false
        }
        Err(_) => true,
    });
    assert_eq!(failed, expected.is_err());
    if let Ok(expected) = expected {
        assert_eq!(events, expected);
        assert_eq!((parser.last_id(), parser.retry()), (whole.last_id(), whole.retry()));
    } else {
        assert!(parser.feed(b"data: x\n\n").is_err(), "nothing more comes out of a failed stream");
    }
    let [name, id, body] = parts(data);
    if let (Ok(name), Ok(id)) = (std::str::from_utf8(name), std::str::from_utf8(id)) {
        frame(name, id, body, *seed);
    }
});

fn frame(name: &str, id: &str, body: &[u8], seed: u8) {
    let mut rope = Rope::new();
    pieces(body, seed).into_iter().for_each(|piece| rope.push(Bytes::copy_from_slice(piece)));
    let text = encode(Some(name), Some(id), rope).into_bytes();
    let events = Parser::new(usize::MAX).feed(&text).expect("no bound, no error");
    let without = |text: &str| text.replace(['\n', '\r', '\0'], "");
    let name = Some(without(name)).filter(|n| !n.is_empty()).unwrap_or("message".to_owned());
    let event = Event { name, id: Some(without(id)), data: Bytes::from(line_feeds(body)) };
    assert_eq!(events, [event]);
}

/// Every line break as a line feed.
fn line_feeds(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, byte) in body.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && body[at - 1] == b'\r' => {}
            b'\r' => out.push(b'\n'),
            byte => out.push(*byte),
        }
    }
    out
}
