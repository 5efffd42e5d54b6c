//! Batches: arrays of messages, which revision 2025-03-26 has and no other (basic/index of that revision).

use bytes::Bytes;
use thiserror::Error;

use crate::json::{JsonError, Limits, elements};

/// Why an array is no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BatchError {
    /// -32700
    #[error("not strict JSON: {0}")]
    Parse(JsonError),
    /// -32600
    #[error("an empty batch")]
    Empty,
    /// -32600
    #[error("more than {0} messages in one batch")]
    TooMany(usize),
}

impl BatchError {
    /// The JSON-RPC error code.
    pub const fn code(self) -> i32 {
        match self {
            Self::Parse(_) => crate::mcp::codes::PARSE,
            Self::Empty | Self::TooMany(_) => crate::mcp::codes::INVALID_REQUEST,
        }
    }
}

/// Whether a text, if it is JSON at all, is an array.
pub fn is_batch(text: &[u8]) -> bool {
    text.iter().find(|b| !b" \t\r\n".contains(b)) == Some(&b'[')
}

/// The messages of a batch, unread: each is yet to be parsed, and `initialize` to be refused among them.
pub fn split(text: &Bytes, limits: Limits, max: usize) -> Result<Vec<Bytes>, BatchError> {
    let items = elements(text, limits).map_err(BatchError::Parse)?;
    match items.len() {
        0 => Err(BatchError::Empty),
        n if n > max => Err(BatchError::TooMany(max)),
        _ => Ok(items),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str) -> Result<Vec<Bytes>, BatchError> {
        split(&Bytes::from_static(text.as_bytes()), Limits::REQUEST, 2)
    }

    #[test]
    fn a_batch_is_split_and_counted_7_18() {
        assert_eq!(of(" [ {\"a\":1} ,2] ").unwrap(), ["{\"a\":1}", "2"]);
        assert_eq!(of("[1,2,3]"), Err(BatchError::TooMany(2)));
        assert_eq!(of("[]").map_err(BatchError::code), Err(-32600));
        assert_eq!(of("[1,]").map_err(BatchError::code), Err(-32700));
        assert!(is_batch(b" \n[") && !is_batch(b"{}") && !is_batch(b""));
    }
}
