use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// Nothing but our own style and our own forms; in no frame; kept nowhere.
const HEADERS: [(header::HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With less than this a browser sends `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (header::VARY, "Cookie"),
];

pub(crate) fn html(status: StatusCode, body: String) -> Response<Bytes> {
    with(status, "text/html; charset=utf-8", Bytes::from(body))
}

pub(crate) fn css(body: &'static str) -> Response<Bytes> {
    with(StatusCode::OK, "text/css; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

/// To another page of ours, by GET.
pub(crate) fn see_other(path: &str) -> Response<Bytes> {
    let mut response = html(StatusCode::SEE_OTHER, String::new());
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
