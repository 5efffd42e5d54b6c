//! What a redirect asks for, and whether it gets it. Pure.

use bytes::Bytes;
use http::header::{CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::guard::Place;
use crate::headers::harmless;
use crate::{EgressError, Kind, Outgoing, Policy, Stop, guard};

/// The most hops that are followed.
pub(crate) const MOST: usize = 5;

/// The longest `Location`, in bytes.
const MAX_LOCATION: usize = 8 << 10;

/// Whether a client knows what this status asks for. 304 asks for nothing: it answers a question about a copy.
pub(crate) fn known(status: StatusCode) -> bool {
    status == StatusCode::NOT_MODIFIED || asks(status)
}

/// Whether this status asks for another request.
pub(crate) fn asks(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next request.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) request: Outgoing,
    /// Whether it goes to another origin.
    pub(crate) crosses: bool,
}

/// What follows `from`, which was answered with `status` and `headers`.
///
/// Within an origin the request stays as it is, but for 303, and for a POST answered with 301 or 302, which go on as GET
/// without a body (RFC 9110 section 15.4). Across origins nothing goes that could be a secret, and nothing that changes
/// something there.
pub(crate) fn next(
    from: &Outgoing,
    status: StatusCode,
    headers: &HeaderMap,
    policy: &Policy,
) -> Result<Next, EgressError> {
    let to = leads(&from.url, location(headers)?, policy)?;
    let crosses = to.url.origin() != from.url.origin();
    let mut request = Outgoing { url: to.url, ..from.clone() };
    let to_get = match status.as_u16() {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if to_get {
        request.method = Method::GET;
        request.body = Bytes::new();
        for name in [CONTENT_TYPE, CONTENT_LANGUAGE, CONTENT_LOCATION] {
            request.headers.remove(name);
        }
    }
    if crosses {
        let harmless_method = request.method == Method::GET || request.method == Method::HEAD;
        if !harmless_method || !request.body.is_empty() {
            return Err(stop(
                Stop::Body,
                "the redirect would take the request to another origin whole",
            ));
        }
        request.headers = harmless(&request.headers);
    }
    Ok(Next { request, crosses })
}

/// The URL that a redirect from `at` leads to, or why it is not followed.
pub(crate) fn place(at: &str, location: &str, policy: &Policy) -> Result<String, EgressError> {
    let at = guard::target(at, policy)?.url;
    Ok(leads(&at, location, policy)?.url.into())
}

/// The place that is named: it is judged like a first target.
fn leads(from: &Url, location: &str, policy: &Policy) -> Result<Place, EgressError> {
    let text = resolved(from, location)?;
    let to = guard::target(&text, policy).map_err(|refusal| {
        let reason = format!("the redirect leads to what is refused: {}", refusal.reason);
        stop(Stop::Target(refusal.rule), reason)
    })?;
    if from.scheme() == "https" && !to.tls {
        return Err(stop(Stop::Insecure, "the redirect leads from https to http"));
    }
    Ok(to)
}

fn malformed(what: &str) -> EgressError {
    stop(Stop::Malformed, format!("the redirect has {what}"))
}

fn location(headers: &HeaderMap) -> Result<&str, EgressError> {
    let mut all = headers.get_all(LOCATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else {
        return Err(malformed("no `Location`, or more than one"));
    };
    value.to_str().map_err(|_| malformed("a `Location` that is no URL"))
}

/// A `Location` as a whole URL, still as text.
fn resolved(from: &Url, location: &str) -> Result<String, EgressError> {
    if location.len() > MAX_LOCATION {
        return Err(stop(Stop::TooLong, format!("`Location` has more than {MAX_LOCATION} bytes")));
    }
    let text = location.trim();
    if text.chars().any(char::is_control) {
        return Err(malformed("a control character in its `Location`"));
    }
    // What stands before the first of these is a scheme if it ends in a colon; parsers take `\\` for `/`.
    let start = text.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if start.contains(':') {
        return Ok(text.to_owned());
    }
    let beginning: Vec<u8> = text.bytes().take(2).collect();
    match beginning.as_slice() {
        [b'/', b'/'] => Ok(format!("{}:{text}", from.scheme())),
        [b'\\', ..] | [b'/', b'\\'] => Err(malformed("a `Location` that parsers disagree about")),
        _ => {
            from.join(text).map(String::from).map_err(|_| malformed("a `Location` that is no URL"))
        }
    }
}

pub(crate) fn stop(why: Stop, detail: impl Into<String>) -> EgressError {
    EgressError::new(Kind::Redirect(why), true, detail)
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
