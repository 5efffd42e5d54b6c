//! Answers of HTTP, each with the headers that every answer has.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http1::{Fault, Kind};
use protocol::Rope;
use protocol::json::quote;

use crate::body::Body;
use crate::said::Said;
use crate::stream::EventStream;

/// The header that names a legacy session.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
/// Methods of an MCP endpoint.
pub(crate) const ALLOW: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");

const GUARDS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
];

/// Headers of an answer that is JSON, made once and copied.
static JSON: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = guards();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
});

/// Headers of an answer without a body.
static BARE: LazyLock<HeaderMap> = LazyLock::new(guards);

/// Headers of an event stream. `X-Accel-Buffering` asks proxies not to hold events back.
static EVENTS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = guards();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers
});

fn guards() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    for (name, value) in GUARDS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

fn response(status: u16, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// An answer of the gate or about the connection.
pub(crate) fn said(said: Said) -> Response<Body> {
    let Said { text, status, wait, challenge } = said;
    let mut headers = JSON.clone();
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, seconds(wait));
    }
    if let Some(challenge) = challenge.and_then(|c| HeaderValue::from_str(&c).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response(status, headers, Body::text(text))
}

/// Whole seconds, rounded up, never zero.
fn seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

/// A message was taken; there is no answer to it.
pub(crate) fn accepted() -> Response<Body> {
    empty(202)
}

/// No body.
pub(crate) fn empty(status: u16) -> Response<Body> {
    response(status, BARE.clone(), Body::empty())
}

/// Small JSON of our own, outside JSON-RPC.
pub(crate) fn json(status: u16, text: &'static str) -> Response<Body> {
    response(status, JSON.clone(), Body::text(Rope::from(Bytes::from_static(text.as_bytes()))))
}

/// The challenge of a service that asks whether somebody is there: a JSON string, said back.
pub(crate) fn challenge(raw: &Bytes) -> Response<Body> {
    let text = [b"{\"challenge\":", &raw[..], b"}"].concat();
    response(200, JSON.clone(), Body::text(Rope::from(Bytes::from(text))))
}

/// There is nothing at this path, for anybody.
pub(crate) fn nothing_here() -> Response<Body> {
    json(404, r#"{"error":{"code":"not_found","message":"there is nothing at this path"}}"#)
}

/// A method that the path does not have. The body is JSON-RPC: a client of both eras must not take the other for it.
pub(crate) fn wrong_method(allow: HeaderValue) -> Response<Body> {
    let mut response = json(
        405,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"this path does not have that method","data":{"code":"method_not_allowed"}}}"#,
    );
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

/// An event stream.
pub(crate) fn events(stream: EventStream) -> Response<Body> {
    response(200, EVENTS.clone(), Body::events(stream))
}

/// The connection ends with this answer: what the client still sends is not wanted.
pub(crate) fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to what is no request. The connection ends with it.
pub(crate) fn unreadable(fault: &Fault) -> Response<Body> {
    let status = match fault.kind {
        Kind::Malformed => 400,
        Kind::TooLarge => 431,
    };
    let message = quote(&format!("this request cannot be read: the client {}", fault.detail));
    let text = format!("{{\"error\":{{\"code\":\"bad_request\",\"message\":{message}}}}}");
    closing(response(status, JSON.clone(), Body::text(Rope::from(Bytes::from(text)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_rounded_up_and_never_as_none() {
        for (millis, told) in
            [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (2000, "2"), (2999, "3")]
        {
            assert_eq!(seconds(Duration::from_millis(millis)), told, "{millis} ms");
        }
    }
}
