use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::ledger::{Ledger, Payment};
use super::{WALLET_KEY, reply};

/// Answers as LNbits 1.x does, as far as a payer asks.
pub(super) fn answer(ledger: &Ledger, head: &Parts, body: &[u8]) -> Response<Full<Bytes>> {
    if head.headers.get("x-api-key").is_none_or(|key| key != WALLET_KEY) {
        return reply(StatusCode::UNAUTHORIZED, &json!({ "detail": "Invalid key" }));
    }
    let path = head.uri.path().trim_start_matches("/api/v1");
    match (&head.method, path) {
        (&Method::GET, "/wallet") => {
            let balance = ledger.balance() * 1000;
            reply(StatusCode::OK, &json!({ "name": "play", "balance": balance }))
        }
        (&Method::POST, "/payments") => {
            let asked: Value = serde_json::from_slice(body).unwrap_or_default();
            paid(ledger.pay(asked["bolt11"].as_str().unwrap_or_default()), StatusCode::CREATED)
        }
        (&Method::GET, "/payments/fee-reserve") => {
            reply(StatusCode::OK, &json!({ "fee_reserve": 0 }))
        }
        (&Method::GET, path) => match path.strip_prefix("/payments/") {
            Some(hash) => paid(ledger.look_up(hash), StatusCode::OK),
            None => reply(StatusCode::NOT_FOUND, &json!({ "detail": "Not Found" })),
        },
        _ => reply(StatusCode::METHOD_NOT_ALLOWED, &json!({ "detail": "Method Not Allowed" })),
    }
}

fn paid(payment: Payment, status: StatusCode) -> Response<Full<Bytes>> {
    match payment {
        Payment::Paid { hash, preimage, sat } => {
            let (hash, preimage) = (hash.to_string(), preimage.hex().to_string());
            let details = json!({
                "payment_hash": hash, "preimage": preimage, "pending": false, "status": "success",
                "amount": -i64::try_from(sat * 1000).unwrap_or(i64::MAX), "fee": 0,
            });
            reply(
                status,
                &json!({
                    "payment_hash": hash, "checking_id": hash, "status": "success", "paid": true,
                    "amount": details["amount"], "fee": 0, "preimage": preimage, "details": details,
                }),
            )
        }
        Payment::Open => reply(
            StatusCode::OK,
            &json!({ "paid": false, "details": { "pending": true, "status": "pending" } }),
        ),
        Payment::Unknown => {
            reply(StatusCode::NOT_FOUND, &json!({ "detail": "Payment does not exist." }))
        }
        Payment::Poor => {
            let status = StatusCode::from_u16(520).unwrap_or(StatusCode::BAD_GATEWAY);
            reply(status, &json!({ "detail": "Insufficient balance.", "status": "failed" }))
        }
    }
}
