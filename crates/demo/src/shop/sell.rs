use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::ledger::Ledger;
use super::reply;

/// What there is: path, operation, and what it says of itself.
pub(super) const SHELF: [(&str, &str, &str); 5] = [
    ("/hours", "opening_hours", "When the shop is open"),
    ("/report", "market_report", "A market report, for 10 sat"),
    ("/archive", "archive", "Reports of a whole year, for 100 sat"),
    ("/company", "company", "The company itself, for 5000 sat"),
    ("/news", "news", "News, for 10 sat"),
];

/// Answers a customer.
pub(super) fn answer(ledger: &Ledger, head: &Parts) -> Response<Full<Bytes>> {
    let path = head.uri.path();
    let (sat, node) = match path {
        "/hours" => {
            return reply(StatusCode::OK, &json!({ "open": "09:00", "closes": "18:00" }));
        }
        "/report" => (10, 0),
        "/archive" => (100, 0),
        "/company" => (5000, 0),
        // Somebody else's account: the seller was taken over, or so it looks.
        "/news" => (10, 1),
        _ => return reply(StatusCode::NOT_FOUND, &json!({ "error": "there is no such thing" })),
    };
    let what = path.trim_start_matches('/');
    let shown = head.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let shown = shown.and_then(|v| v.strip_prefix("L402 ")).and_then(|v| v.rsplit_once(':'));
    if shown.is_some_and(|(token, preimage)| ledger.admits(token, preimage, what)) {
        return reply(StatusCode::OK, &json!({ "sold": what, "for_sat": sat }));
    }
    let Some(bill) = ledger.bill(sat, what, node) else {
        return reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "no bill" }));
    };
    let challenge =
        format!("L402 version=\"0\", token=\"{}\", invoice=\"{}\"", bill.token, bill.invoice);
    let mut response = reply(StatusCode::PAYMENT_REQUIRED, &json!({ "error": "payment required" }));
    if let Ok(value) = HeaderValue::try_from(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
