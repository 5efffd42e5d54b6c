use bytes::{Buf as _, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use httparse::ParserConfig;

use crate::head::{self, Bounds};
use crate::{Fault, Framing};

/// A request, up to its body.
#[derive(Debug)]
pub struct Request {
    /// Method, target, version and fields. `Content-Length` may stand beside `Transfer-Encoding`: who answers it refuses that.
    pub head: Parts,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether the connection may serve again after it.
    pub keeps: bool,
    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
    pub expects: bool,
}

impl Request {
    /// Takes the head of a request off the front of what has been read; `None` if it is not whole.
    ///
    /// # Errors
    /// A head beyond its bounds, one that is no HTTP/1.0 or 1.1, and one that gives its body two lengths of a kind or a
    /// coding other than chunks.
    pub fn take(inbox: &mut BytesMut, bounds: Bounds) -> Result<Option<Self>, Fault> {
        // RFC 9112, section 2.2: some clients end a body with a line of their own.
        let empty = inbox.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if empty > 0 {
            inbox.advance(empty);
        }
        if inbox.is_empty() {
            return Ok(None);
        }
        let Some(text) = head::take(inbox, bounds)? else { return Ok(None) };
        let (method, target, version, headers) = head::parse(&text, bounds, |room| {
            let mut request = httparse::Request::new(&mut []);
            let config = ParserConfig::default();
            let parsed = config.parse_request_with_uninit_headers(&mut request, &text, room);
            let fields = head::fields(&text, request.headers);
            (parsed, (request.method, request.path, request.version, fields))
        })?;
        let headers = headers?;
        let method = method.and_then(|m| Method::from_bytes(m.as_bytes()).ok());
        let method = method.ok_or(Fault::malformed("sent a method that there cannot be"))?;
        let target = target.map(|target| text.slice_ref(target.as_bytes()));
        let uri = target.and_then(|target| Uri::from_maybe_shared(target).ok());
        let uri = uri.ok_or(Fault::malformed("sent a target that is no URI"))?;
        let old = version == Some(0);
        let (framing, keeps) = framing(&headers, old)?;
        let expects = !old && headers.get(EXPECT).is_some_and(|v| is_continue(v.as_bytes()));
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = method;
        head.uri = uri;
        head.version = if old { Version::HTTP_10 } else { Version::HTTP_11 };
        head.headers = headers;
        Ok(Some(Self { head, framing, keeps, expects }))
    }
}

fn is_continue(expected: &[u8]) -> bool {
    expected.eq_ignore_ascii_case(b"100-continue")
}

/// Where the body ends (RFC 9112, section 6.3), and whether the connection may serve again after it.
fn framing(headers: &HeaderMap, old: bool) -> Result<(Framing, bool), Fault> {
    let keeps = head::keeps(headers, old);
    if headers.contains_key(TRANSFER_ENCODING) {
        head::chunked(headers, old)?;
        // Two lengths: who reads the other one reads another request.
        return Ok((Framing::chunked(), keeps && !headers.contains_key(CONTENT_LENGTH)));
    }
    // Twice the same is no error of a reply. No client has a reason for it, and a proxy in front may take either.
    if headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Fault::malformed("sent two lengths for one body"));
    }
    Ok((Framing::Length(head::length(headers)?.unwrap_or(0)), keeps))
}
