use model::money::Flag;
use rails::payment::{RECEIPT_HEADER, RECEIPT_META, Receipt};

use super::sealed::Sealed;
use crate::errand::Answer;

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
                if receipt.method != challenge.method
                    || !receipt.reference.eq_ignore_ascii_case(&hash)
                    || receipt.challenge_id.as_ref().is_some_and(|id| *id != challenge.id) =>
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

/// All receipts of an answer; `None` for one that is none.
fn receipts(answer: &Answer) -> Vec<Option<Receipt>> {
    match answer {
        Answer::Http { headers, .. } => {
            let all = headers.get_all(RECEIPT_HEADER).into_iter();
            all.map(|value| Receipt::from_header(value.as_bytes()).ok()).collect()
        }
        Answer::Mcp(result) => {
            let receipt = result.get("_meta").and_then(|meta| meta.get(RECEIPT_META));
            let read =
                |value: &serde_json::Value| Receipt::from_json(value.to_string().as_bytes()).ok();
            receipt.map(read).into_iter().collect()
        }
        Answer::McpError(..) | Answer::Nothing => Vec::new(),
    }
}
