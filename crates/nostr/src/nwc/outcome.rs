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
    /// Not known: `sent_unknown`, `in_flight`, `no_proof`, `bad_proof`, `bad_response`.
    Hold(&'static str),
}

/// How long after a request's end a wallet may still act on it, clocks being what they are, in seconds.
const GRACE: u64 = 600;

/// The times and the hash that a look-up is judged by, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Now.
    pub now: u64,
    /// The `expiration` of the request, if it had one.
    pub request_expires: Option<u64>,
    /// When the invoice ends.
    pub invoice_expires: u64,
    /// The payment hash of the invoice.
    pub hash: [u8; 32],
}

impl Silence {
    /// Whether nothing can pay the invoice any more for this request.
    const fn is_over(&self) -> bool {
        match self.request_expires {
            Some(end) => self.now >= end.saturating_add(GRACE) && self.now > self.invoice_expires,
            None => false,
        }
    }
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

/// What a payment without an answer, or with an unclear one, has come to, by the wallet's answer to `lookup_invoice`;
/// `None` where it gave none. Time alone ends nothing: it does so only with the wallet's word that it knows of nothing.
pub fn after_silence(lookup: Option<&Answer>, times: &Silence) -> Outcome {
    let found = match lookup {
        Some(Err(error)) if error.code == ErrorCode::NotFound && times.is_over() => {
            return Outcome::Released("invoice_expired");
        }
        None | Some(Err(_)) => return Outcome::Hold("sent_unknown"),
        Some(Ok(found)) => found,
    };
    let text = |name| found.get(name).and_then(Value::as_str);
    let hash_of = |text: &str| array_from_hex::<32>(&text.to_ascii_lowercase());
    if text("payment_hash").is_some_and(|said| hash_of(said) != Some(times.hash)) {
        return Outcome::Hold("bad_response");
    }
    match (text("state"), text("type")) {
        (Some("settled"), _) => proven(found, &times.hash),
        // Older wallets give no state, but the time at which it was settled.
        (None, _) if found.get("settled_at").is_some_and(Value::is_number) => {
            proven(found, &times.hash)
        }
        (Some("failed"), Some("outgoing")) => Outcome::Released("wallet_unavailable"),
        (Some("expired"), _) if times.is_over() => Outcome::Released("invoice_expired"),
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
