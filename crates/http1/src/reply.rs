use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use httparse::ParserConfig;

use crate::head::{self, Bounds};
use crate::{Fault, Framing};

/// What every head begins with: there is no other version than 1.0 and 1.1 here.
const BEGIN: &[u8] = b"HTTP/1.";

/// The head of a reply.
#[derive(Debug)]
pub struct Reply {
    /// Also 1xx: what follows those is another head.
    pub status: StatusCode,
    /// Its fields, `Content-Length` not beside `Transfer-Encoding`.
    pub headers: HeaderMap,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether the connection may serve again once that is read.
    pub keeps: bool,
}

impl Reply {
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
            return Err(Fault::malformed("does not answer in HTTP/1.1"));
        }
        let Some(text) = head::take(inbox, bounds)? else { return Ok(None) };
        let (code, version, mut headers) = head::parse(&text, bounds, |room| {
            let mut reply = httparse::Response::new(&mut []);
            let config = ParserConfig::default();
            let parsed = config.parse_response_with_uninit_headers(&mut reply, &text, room);
            (parsed, (reply.code, reply.version, head::fields(&text, reply.headers)))
        })
        .and_then(|(code, version, headers)| Ok((code, version, headers?)))?;
        let status = code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(Fault::malformed("sent a status that there cannot be"))?;
        let (framing, keeps) = framing(status, method, version == Some(0), &mut headers)?;
        Ok(Some(Self { status, headers, framing, keeps }))
    }
}

/// Where the body ends (RFC 9112, section 6.3), and whether the connection may serve again after it.
fn framing(
    status: StatusCode,
    method: &Method,
    old: bool,
    headers: &mut HeaderMap,
) -> Result<(Framing, bool), Fault> {
    let keeps = head::keeps(headers, old);
    let none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if none || status.is_informational() || method == Method::HEAD {
        return Ok((Framing::Length(0), keeps));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        head::chunked(headers, old)?;
        // Two lengths: who reads the other one reads another reply. The connection is not trusted any more.
        let sure = headers.remove(CONTENT_LENGTH).is_none();
        return Ok((Framing::chunked(), keeps && sure));
    }
    match head::length(headers)? {
        Some(length) => Ok((Framing::Length(length), keeps)),
        None => Ok((Framing::UntilClosed, false)),
    }
}
