//! x402 on EVM chains: `exact` by EIP-3009 or Permit2, and `upto` by Permit2, over HTTP (versions 1 and 2) and MCP; and, with
//! method `evm`, the Payment scheme by EIP-3009.
//!
//! A payment is a signature that the seller carries to the chain. So it leaves with the request, and from then on only the
//! chain says what became of it: [`evm::evidence`] over the nodes of [`crate::chain`]. Receipts of sellers are claims.

mod answer;
mod beside;
mod carry;
mod driver;
mod match_terms;
mod nonce;
mod prove;
mod sealed;
mod settings;
mod sign;
mod sign_in;
mod wallet;

#[cfg(test)]
mod tests;

pub use driver::X402;
pub use nonce::Nonce;
pub use settings::Settings;
pub use wallet::{Authorized, Wallet, Window};
