use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{Header, Status};
use memchr::memchr_iter;

use crate::Fault;

/// Lists of fields up to this length stand on the stack.
const USUAL: usize = 128;

/// The bounds of a head.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Its length in bytes.
    pub bytes: usize,
    /// How many fields.
    pub fields: usize,
}

/// Room for the fields of a head, before they are read.
pub(crate) type Room<'h, 'b> = &'h mut [MaybeUninit<Header<'b>>];

/// Takes a whole head off the front of what has been read; `None` if its end has not come yet.
pub(crate) fn take(inbox: &mut BytesMut, bounds: Bounds) -> Result<Option<Bytes>, Fault> {
    let end = end(inbox);
    if end.unwrap_or(inbox.len() + 1) > bounds.bytes {
        return Err(Fault::too_large(format!("sent a head of more than {} bytes", bounds.bytes)));
    }
    Ok(end.map(|length| inbox.split_to(length).freeze()))
}

/// Where the head at the front ends: behind its first empty line. A line may end without CR (RFC 9112, section 2.2).
fn end(inbox: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', inbox).find_map(|at| match &inbox[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Parses a whole head, with room for as many fields as there may be.
pub(crate) fn parse<'b, T>(
    text: &'b Bytes,
    bounds: Bounds,
    parse: impl FnOnce(Room<'_, 'b>) -> (httparse::Result<usize>, T),
) -> Result<T, Fault> {
    let (mut usual, mut many) = ([const { MaybeUninit::uninit() }; USUAL], Vec::new());
    let room = usual.get_mut(..bounds.fields).unwrap_or_else(|| {
        many.resize_with(bounds.fields, MaybeUninit::uninit);
        &mut many
    });
    match parse(room) {
        (Ok(Status::Complete(whole)), parsed) if whole == text.len() => Ok(parsed),
        (Err(httparse::Error::TooManyHeaders), _) => {
            Err(Fault::too_large(format!("sent more than {} header fields", bounds.fields)))
        }
        _ => Err(Fault::malformed("sent a head that is no HTTP/1.1")),
    }
}

/// The fields of a head, none of them copied.
pub(crate) fn fields(text: &Bytes, parsed: &[Header<'_>]) -> Result<HeaderMap, Fault> {
    let broken = || Fault::malformed("sent a header field that there cannot be");
    let many = |_| Fault::too_large("sent more header fields than can be kept");
    let mut headers = HeaderMap::try_with_capacity(parsed.len()).map_err(many)?;
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| broken())?;
        let value = HeaderValue::from_maybe_shared(text.slice_ref(field.value));
        headers.try_append(name, value.map_err(|_| broken())?).map_err(many)?;
    }
    Ok(headers)
}

/// `Content-Length`: digits, which may be given more than once if they are the same.
pub(crate) fn length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut known = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for given in value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            let digits = !given.is_empty() && given.iter().all(u8::is_ascii_digit);
            let number = digits.then(|| std::str::from_utf8(given).ok()?.parse().ok()).flatten();
            let length = number.ok_or(Fault::malformed("sent a length that is no number"))?;
            if known.is_some_and(|known| known != length) {
                return Err(Fault::malformed("sent two lengths for one body"));
            }
            known = Some(length);
        }
    }
    Ok(known)
}

/// Whether the connection may serve again (RFC 9112, section 9.3). `old`: the head is of HTTP/1.0.
pub(crate) fn keeps(headers: &HeaderMap, old: bool) -> bool {
    let says = |word: &[u8]| {
        let values =
            headers.get_all(CONNECTION).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
        values.map(<[u8]>::trim_ascii).any(|option| option.eq_ignore_ascii_case(word))
    };
    !says(b"close") && (!old || says(b"keep-alive"))
}

/// `Transfer-Encoding`: one value, `chunked` alone. HTTP/1.0 has none.
pub(crate) fn chunked(headers: &HeaderMap, old: bool) -> Result<(), Fault> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if old || !chunked || codings.next().is_some() {
        return Err(Fault::malformed("sent a body in another transfer coding than chunked"));
    }
    Ok(())
}
