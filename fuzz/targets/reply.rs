#![no_main]
//! A reply over HTTP/1.1 is the same in whatever pieces it comes, within its bounds, and nothing of it is lost or doubled.

use fuzz::{Feed, No, pieces};
use http::Method;
use http1::{Bounds, Reply};
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
fn read(
    pieces: &[&[u8]],
    method: &Method,
    gather: usize,
) -> Result<(String, Vec<u8>, Vec<u8>), No> {
    let mut feed = Feed::new(pieces);
    let head = feed.head(|inbox| Reply::take(inbox, method, BOUNDS))?;
    assert!(head.headers.len() <= BOUNDS.fields);
    let said = format!("{} {:?} {:?} {}", head.status, head.headers, head.framing, head.keeps);
    let (body, behind) = feed.body(head.framing, gather)?;
    Ok((said, body, behind))
}
