//! Questions to a node, and its answers read strictly (Ethereum JSON-RPC, JSON-RPC 2.0).
//!
//! Questions are JSON values for somebody else to send; answers are JSON values that somebody else received. An answer
//! that is not exactly what was asked for is an [`RpcError`]: nothing is known then, and nothing follows from it.

mod answer;
mod quantity;
mod request;
mod types;

pub use answer::{
    read_block, read_bool, read_bytes32, read_chain_id, read_decimals, read_logs, read_receipt,
    read_uint, result,
};
pub use request::{At, LogFilter, block, call, chain_id, logs, receipt};
pub use types::{Block, Log, Receipt};

use thiserror::Error;

/// Why an answer says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RpcError {
    /// No JSON-RPC answer to this question.
    #[error("no answer to the question")]
    NotAnAnswer,
    /// The node refused.
    #[error("the node refused ({code})")]
    Node {
        /// Its number (JSON-RPC 2.0, §5.1).
        code: i64,
    },
    /// The result, or what is named of it, has another form.
    #[error("a result of another form: {0}")]
    Form(&'static str),
}
