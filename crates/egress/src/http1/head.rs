use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use httparse::{EMPTY_HEADER, Status};
use memchr::memchr_iter;

use super::{Fault, Framing};
use crate::target::Limits;

/// Lists of fields up to this length stand on the stack.
const USUAL: usize = 64;
/// What every head begins with: there is no other version than 1.0 and 1.1 here.
const BEGIN: &[u8] = b"HTTP/1.";

/// The head of a reply.
#[derive(Debug)]
pub struct Head {
    /// Also 1xx: what follows those is another head.
    pub status: StatusCode,
    /// Its fields, `Content-Length` not beside `Transfer-Encoding`.
    pub headers: HeaderMap,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether the connection may serve again once that is read.
    pub keeps: bool,
}

/// The bounds of a head.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Its length in bytes.
    pub bytes: usize,
    /// How many fields.
    pub fields: usize,
}

impl Bounds {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self { bytes: limits.max_head, fields: limits.max_headers }
    }
}

impl Head {
    /// Takes the head of a reply to a request of this method off the front of what has been read; `None` if it is not whole.
    ///
    /// # Errors
    /// A head beyond its bounds, one that is no HTTP/1.0 or 1.1, and one that does not say in one way only where the body
    /// ends.
    pub fn take(
        inbox: &mut BytesMut,
        method: &Method,
        bounds: Bounds,
    ) -> Result<Option<Self>, Fault> {
        let begun = inbox.len().min(BEGIN.len());
        if inbox[..begun] != BEGIN[..begun] {
            return Err(Fault::broken("does not answer in HTTP/1.1"));
        }
        let end = end(inbox);
        if end.unwrap_or(inbox.len() + 1) > bounds.bytes {
            let detail = format!("sent a head of more than {} bytes", bounds.bytes);
            return Err(Fault::too_large(detail));
        }
        let Some(length) = end else { return Ok(None) };
        let text = inbox.split_to(length).freeze();
        let (mut usual, mut many) = ([EMPTY_HEADER; USUAL], Vec::new());
        let fields = usual.get_mut(..bounds.fields).unwrap_or_else(|| {
            many.resize(bounds.fields, EMPTY_HEADER);
            &mut many
        });
        let mut parsed = httparse::Response::new(fields);
        match parsed.parse(&text) {
            Ok(Status::Complete(whole)) if whole == length => {}
            Err(httparse::Error::TooManyHeaders) => {
                let detail = format!("sent more than {} header fields", bounds.fields);
                return Err(Fault::too_large(detail));
            }
            _ => return Err(Fault::broken("sent a head that is no HTTP/1.1")),
        }
        let broken = || Fault::broken("sent a header field that there cannot be");
        let mut headers = HeaderMap::with_capacity(parsed.headers.len());
        for field in parsed.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| broken())?;
            let value = HeaderValue::from_maybe_shared(text.slice_ref(field.value));
            headers.append(name, value.map_err(|_| broken())?);
        }
        let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(Fault::broken("sent a status that there cannot be"))?;
        let old = parsed.version == Some(0);
        let (framing, keeps) = framing(status, method, old, &mut headers)?;
        Ok(Some(Self { status, headers, framing, keeps }))
    }
}

/// Where the head at the front ends: behind its first empty line. A line may end without CR (RFC 9112, section 2.2).
fn end(inbox: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', inbox).find_map(|at| match &inbox[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Where the body ends (RFC 9112, section 6.3), and whether the connection may serve again after it.
fn framing(
    status: StatusCode,
    method: &Method,
    old: bool,
    headers: &mut HeaderMap,
) -> Result<(Framing, bool), Fault> {
    let keeps = keeps(headers, old);
    let none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if none || status.is_informational() || method == Method::HEAD {
        return Ok((Framing::Length(0), keeps));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
        let chunked = codings.next().is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"chunked"));
        if old || !chunked || codings.next().is_some() {
            return Err(Fault::broken("sent a body in a transfer coding that was not offered"));
        }
        // Two lengths: who reads the other one reads another reply. The connection is not trusted any more.
        let sure = headers.remove(CONTENT_LENGTH).is_none();
        return Ok((Framing::chunked(), keeps && sure));
    }
    match length(headers)? {
        Some(length) => Ok((Framing::Length(length), keeps)),
        None => Ok((Framing::UntilClosed, false)),
    }
}

/// `Content-Length`: digits, which may be given more than once if they are the same.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut known = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for given in value.as_bytes().split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            let digits = !given.is_empty() && given.iter().all(u8::is_ascii_digit);
            let number = digits.then(|| std::str::from_utf8(given).ok()?.parse().ok()).flatten();
            let length = number.ok_or(Fault::broken("sent a length that is no number"))?;
            if known.is_some_and(|known| known != length) {
                return Err(Fault::broken("sent two lengths for one body"));
            }
            known = Some(length);
        }
    }
    Ok(known)
}

/// RFC 9112, section 9.3.
fn keeps(headers: &HeaderMap, old: bool) -> bool {
    let says = |word: &[u8]| {
        let values =
            headers.get_all(CONNECTION).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
        values.map(<[u8]>::trim_ascii).any(|option| option.eq_ignore_ascii_case(word))
    };
    !says(b"close") && (!old || says(b"keep-alive"))
}
