use rails::payment::{RECEIPT_HEADER, RECEIPT_META, Receipt};
use serde_json::Value;

use crate::errand::Answer;

/// All receipts of the Payment scheme in an answer; `None` for one that is none.
pub(crate) fn receipts(answer: &Answer) -> Vec<Option<Receipt>> {
    match answer {
        Answer::Http { headers, .. } => {
            let all = headers.get_all(RECEIPT_HEADER).into_iter();
            all.map(|value| Receipt::from_header(value.as_bytes()).ok()).collect()
        }
        Answer::Mcp(result) => {
            let receipt = result.get("_meta").and_then(|meta| meta.get(RECEIPT_META));
            let read = |value: &Value| Receipt::from_json(value.to_string().as_bytes()).ok();
            receipt.map(read).into_iter().collect()
        }
        Answer::McpError(..) | Answer::Nothing => Vec::new(),
    }
}

/// Whether a receipt is about a challenge, as far as it says.
pub(crate) fn is_about(receipt: &Receipt, method: &str, id: &str) -> bool {
    receipt.method == method && receipt.challenge_id.as_deref().is_none_or(|said| said == id)
}
