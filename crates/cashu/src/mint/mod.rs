//! The messages of a mint's API, as JSON: keys and keysets (NUT-01, NUT-02), swap (NUT-03), mint and melt quotes over
//! BOLT11 (NUT-04, NUT-05, NUT-23), states (NUT-07) and restoring (NUT-09).
//!
//! What carries proofs is written, never kept: those bodies are text that is wiped when it is dropped. States that are
//! not known do not read, and so end nothing.

mod keys;
mod output;
mod quote;
mod state;
mod swap;

pub use keys::{Keys, KeysResponse, Keyset, KeysetsResponse};
pub use output::{BlindSignature, BlindSignatureDleq, BlindedMessage, Output};
pub use quote::{
    MeltQuote, MeltQuoteRequest, MeltState, MintQuote, MintQuoteRequest, MintQuoteState,
    MintRequest, is_quote_id, melt_body, melt_fate, signing_text_of_mint,
};
pub use state::{CheckStateRequest, CheckStateResponse, ProofState, StateOf};
pub use swap::{MintError, RestoreRequest, RestoreResponse, SignaturesResponse, swap_body};

#[cfg(test)]
mod tests;
