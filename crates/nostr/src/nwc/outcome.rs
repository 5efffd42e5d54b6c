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
    if text(found, "payment_hash").is_some_and(|said| !is_hash(said, hash)) {
        return Outcome::Hold("bad_response");
    }
    booked(found, hash)
}

/// What the wallet's list says of an outgoing payment: its answer to `list_transactions`. Some wallets look up nothing but
/// their own invoices; one that keeps no list either says no more than it did.
pub fn after_list(answer: &Answer, hash: &[u8; 32]) -> Outcome {
    use ErrorCode::{NotFound, NotImplemented, Restricted};
    let list = match answer {
        Ok(result) => result.get("transactions").and_then(Value::as_array),
        Err(error) if matches!(error.code, NotFound | NotImplemented | Restricted) => {
            return Outcome::Absent;
        }
        Err(_) => return Outcome::Hold("sent_unknown"),
    };
    let Some(list) = list else { return Outcome::Hold("bad_response") };
    let ours = |one: &&Map<String, Value>| {
        text(one, "type") == Some("outgoing")
            && text(one, "payment_hash").is_some_and(|said| is_hash(said, hash))
    };
    let found = list.iter().filter_map(Value::as_object).find(ours);
    found.map_or(Outcome::Absent, |found| booked(found, hash))
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    entry.get(name).and_then(Value::as_str)
}

fn is_hash(text: &str, hash: &[u8; 32]) -> bool {
    array_from_hex::<32>(&text.to_ascii_lowercase()).is_some_and(|said| said == *hash)
}

/// What an entry of the wallet's books says of the payment that it is about.
fn booked(found: &Map<String, Value>, hash: &[u8; 32]) -> Outcome {
    match (text(found, "state"), text(found, "type")) {
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
