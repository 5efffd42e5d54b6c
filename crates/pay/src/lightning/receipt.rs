use model::money::Flag;

use super::sealed::Sealed;
use crate::errand::Answer;
use crate::receipt::{is_about, receipts};

/// What the receipts of an answer add to the record of a payment that is proven already: nothing where there is none or
/// it agrees, `receipt_mismatch` where it is about another payment, `bad_response` where it cannot be read.
pub(super) fn flags(sealed: &Sealed, answer: &Answer) -> Vec<Flag> {
    let Some(challenge) = sealed.challenge.payment() else { return Vec::new() };
    let hash = sealed.invoice.payment_hash().to_string();
    let mut flags = Vec::new();
    for receipt in receipts(answer) {
        let flag = match receipt {
            None => Flag::BadResponse,
            Some(receipt)
                if !is_about(&receipt, &challenge.method, &challenge.id)
                    || !receipt.reference.eq_ignore_ascii_case(&hash) =>
            {
                Flag::ReceiptMismatch
            }
            Some(_) => continue,
        };
        if !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    flags
}
