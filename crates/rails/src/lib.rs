//! Ways to be asked for money over HTTP and MCP: what a seller says is read strictly into offers, and what a payment
//! came to is written as the credential that the seller's dialect wants.
//!
//! Pure: no I/O, no clock, no randomness. Nothing here decides whether to pay; it says what was asked, or why that
//! cannot be read. An offer whose *form* is wrong in one place (its amount, its network, its time) keeps that flaw beside
//! the parts that are right, so that a judge can report flaws in an order of its own.

mod bounds;
pub mod cashu;
pub mod challenge;
mod credential;
mod demand;
mod digits;
mod encoding;
mod flaw;
pub mod jcs;
pub mod l402;
pub mod mcp;
pub mod payment;
mod strict;
mod transfer;
pub mod x402;

#[cfg(test)]
mod challenge_tests;
#[cfg(test)]
mod demand_tests;

pub use bounds::{
    MAX_ACCEPTS, MAX_BODY, MAX_CREDENTIAL, MAX_DEPTH, MAX_EXTENSIONS, MAX_HEADER, MAX_STRING,
};
pub use credential::{Credential, Place};
pub use demand::{Demand, Field, Offer, answer};
pub use digits::Digits;
pub use encoding::{decode, encode_standard, encode_url};
pub use flaw::Flaw;
pub use transfer::{Hints, Transfer};
