#![no_main]
//! A request over HTTP/1.1 is the same in whatever pieces it comes, within its bounds, and what is behind it is untouched.

use fuzz::{Feed, No, pieces};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http1::{Bounds, Request};
use libfuzzer_sys::fuzz_target;

const BOUNDS: Bounds = Bounds { bytes: 512, fields: 8 };

fuzz_target!(|data: &[u8]| {
    let Some((seed, data)) = data.split_first() else { return };
    let whole = read(&[data], 0);
    assert_eq!(whole, read(&pieces(data, *seed), usize::from(*seed)));
    if let Ok((_, body, behind)) = whole {
        assert!(body.len() + behind.len() <= data.len() && data.ends_with(&behind));
    }
});

/// The head as it was understood, the body, and what is behind it.
fn read(pieces: &[&[u8]], gather: usize) -> Result<(String, Vec<u8>, Vec<u8>), No> {
    let mut feed = Feed::new(pieces);
    let request = feed.head(|inbox| Request::take(inbox, BOUNDS))?;
    let fields = &request.head.headers;
    assert!(fields.len() <= BOUNDS.fields);
    assert!(
        fields.get_all(CONTENT_LENGTH).iter().count() < 2 || fields.contains_key(TRANSFER_ENCODING)
    );
    // Who could read its end in another way does not get to say where the next one begins.
    let ambiguous = fields.contains_key(CONTENT_LENGTH) && fields.contains_key(TRANSFER_ENCODING);
    assert!(!(ambiguous && request.keeps));
    let said =
        format!("{:?} {:?} {} {}", request.head, request.framing, request.keeps, request.expects);
    let (body, behind) = feed.body(request.framing, gather)?;
    Ok((said, body, behind))
}
