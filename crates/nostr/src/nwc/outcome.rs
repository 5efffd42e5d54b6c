use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};

use crate::bytes::array_from_hex;
use crate::nwc::answer::{Answer, ErrorCode};

/// What is known of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was made: preimage, and fees in millisatoshi where the wallet tells.
    Settled([u8; 32], Option<u64>),
    /// It certainly was not, and will not be; the reason.
    Released(&'static str),
    /// From a look-up only: the wallet knows of no such payment. It ends nothing while an order may still be on its way.
    Absent,
    /// Not known: `sent_unknown`, `in_flight`, `no_proof`, `bad_proof`, `bad_response`.
    Hold(&'static str),
}

/// What an answer to `pay_invoice` means.
pub fn after_payment(answer: &Answer, hash: &[u8; 32]) -> Outcome {
    match answer {
        Ok(result) => proven(result, hash),
        Err(error) => match error.code.definite() {
            Some(reason) => Outcome::Released(reason),
            None => Outcome::Hold("sent_unknown"),
        },
    }
}

/// What the wallet's books say of a payment: its answer to `lookup_invoice`. Nothing here judges how long that has been so.
pub fn after_lookup(answer: &Answer, hash: &[u8; 32]) -> Outcome {
    let found = match answer {
        Ok(found) => found,
        Err(error) if error.code == ErrorCode::NotFound => return Outcome::Absent,
        Err(_) => return Outcome::Hold("sent_unknown"),
    };
    let text = |name| found.get(name).and_then(Value::as_str);
    let hash_of = |text: &str| array_from_hex::<32>(&text.to_ascii_lowercase());
    if text("payment_hash").is_some_and(|said| hash_of(said) != Some(*hash)) {
        return Outcome::Hold("bad_response");
    }
    match (text("state"), text("type")) {
        (Some("settled"), _) => proven(found, hash),
        // Older wallets give no state, but the time at which it was settled.
        (None, _) if found.get("settled_at").is_some_and(Value::is_number) => proven(found, hash),
        (Some("failed"), Some("outgoing")) => Outcome::Released("payment_failed"),
        // Its invoice has ended unpaid.
        (Some("expired"), _) => Outcome::Absent,
        (Some("pending" | "accepted"), _) => Outcome::Hold("in_flight"),
        _ => Outcome::Hold("sent_unknown"),
    }
}

/// Settled where the preimage is that of the hash; from whichever wallet, nothing else is proof.
fn proven(result: &Map<String, Value>, hash: &[u8; 32]) -> Outcome {
    let Some(given) = result.get("preimage").and_then(Value::as_str).filter(|p| !p.is_empty())
    else {
        return Outcome::Hold("no_proof");
    };
    match array_from_hex::<32>(&given.to_ascii_lowercase()) {
        Some(preimage) if digest(&SHA256, &preimage).as_ref() == hash => {
            Outcome::Settled(preimage, result.get("fees_paid").and_then(Value::as_u64))
        }
        _ => Outcome::Hold("bad_proof"),
    }
}
