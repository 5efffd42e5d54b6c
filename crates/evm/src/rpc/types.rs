use crate::{Address, Bytes32};

/// A block, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// How many came before it.
    pub number: u64,
    /// Seconds since 1970.
    pub timestamp: u64,
}

/// What became of a transaction that is in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub transaction: Bytes32,
    /// The number of its block.
    pub block: u64,
    /// Whether it took effect (`status` 1, EIP-658).
    pub success: bool,
    /// What contracts noted down in it, in order; none that a reorganisation removed.
    pub logs: Vec<Log>,
}

/// What a contract noted down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// The event and its indexed arguments; at most four.
    pub topics: Vec<Bytes32>,
    /// The other arguments (Solidity ABI).
    pub data: Vec<u8>,
    /// The transaction it came about in.
    pub transaction: Bytes32,
    /// The number of its block.
    pub block: u64,
}
