#![no_main]
//! Lines on a pipe are the same in whatever pieces they come.

use fuzz::pieces;
use libfuzzer_sys::fuzz_target;
use protocol::lines::Framer;

const MAX: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Some((seed, data)) = data.split_first() else { return };
    let mut whole = Framer::new(MAX);
    let expected = whole.feed(data);
    let mut framer = Framer::new(MAX);
    let mut lines = Vec::new();
    let mut failed = None;
    for piece in pieces(data, *seed) {
        match framer.feed(piece) {
            Ok(more) => lines.extend(more),
            Err(error) => failed = Some(error),
        }
    }
    for line in &lines {
        assert!(line.len() <= MAX && !line.contains(&b'\n'));
        assert!(line.iter().any(|b| !b" \t\r".contains(b)), "a blank line is none");
        assert!(!line.starts_with(b"\xEF\xBB\xBF"));
    }
    assert_eq!(failed, expected.as_ref().err().copied());
    assert_eq!(framer.pending(), whole.pending());
    assert!(framer.pending() <= MAX + 1);
    if let Ok(expected) = expected {
        assert_eq!(lines, expected);
        let plain = data.split(|b| *b == b'\n').collect::<Vec<_>>();
        let (rest, ended) = plain.split_last().expect("splitting gives at least one part");
        assert_eq!(framer.pending(), rest.len());
        let mut ended = ended.iter().map(|l| l.strip_suffix(b"\r").unwrap_or(l));
        assert!(lines.iter().all(|line| ended.any(|l| l == &line[..])), "not a line of the text");
    }
});
