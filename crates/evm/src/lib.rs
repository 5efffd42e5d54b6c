//! Payments on EVM chains: what may be signed, how it is signed, and what on a chain proves that it was paid.
//!
//! Nothing here dials, reads a clock or draws a random number. Requests to a chain go out as JSON values, answers come
//! in as JSON values, times are seconds since 1970, nonces are passed in. All amounts are atomic units.
//!
//! - [`Address`], [`U256`], [`Bytes32`], [`keccak256`]: the words of the chain, read strictly
//! - [`eip712`], [`eip191`]: what is hashed before it is signed
//! - [`SigningKey`], [`Signable`]: a key that can sign five things and nothing else
//! - [`firewall`]: what a seller may ask to have signed, and to whom it may be paid
//! - [`sign_in`]: sign-in texts, rebuilt from fields that were judged
//! - [`rpc`], [`evidence`]: questions to a chain, its answers, and what they prove
//! - [`eip681`]: a transfer as a URI for a person's wallet

mod abi;
mod address;
mod bytes32;
pub mod eip191;
pub mod eip681;
pub mod eip712;
pub mod evidence;
pub mod firewall;
pub mod hex;
mod key;
pub mod known;
mod refused;
pub mod rpc;
pub mod sign_in;
mod signable;
mod signature;
mod token;
mod u256;

#[cfg(test)]
mod vectors;

pub use abi::{Call, nonce_bit};
pub use address::Address;
pub use bytes32::{Bytes32, keccak256};
pub use key::SigningKey;
pub use refused::Refused;
pub use signable::Signable;
pub use signature::Signature;
pub use token::Token;
pub use u256::U256;
