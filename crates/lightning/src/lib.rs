//! Lightning without a node: what is asked for, what proves that it was paid, and the tokens that are bought with it.
//!
//! An [`Invoice`] is a BOLT11 text, checked whole: checksum, signature, fields. What depends on the moment and on the policy is
//! [`Invoice::check`]. A [`Preimage`] proves a payment, and nothing else does. A [`Token`] is the macaroon of an L402 challenge, whose
//! identifier ([`L402Id`]) names the payment that buys it. Pure: the time is handed in, and nothing here speaks to anybody.
//!
//! Amounts are whole millisatoshis (msat), times are seconds since 1970.

mod caveat;
mod error;
mod hash;
mod hex;
mod identifier;
mod invoice;
mod macaroon;
mod network;
mod node;
mod permits;
mod preimage;
mod token;

pub use caveat::Caveat;
pub use error::{CaveatError, InvoiceError, ProofError, TokenError};
pub use hash::PaymentHash;
pub use identifier::L402Id;
pub use invoice::{
    DEFAULT_EXPIRY, DEFAULT_MIN_FINAL_CLTV, Description, Features, Invoice, InvoiceBuilder,
    MAX_AHEAD, MAX_INVOICE,
};
pub use macaroon::{Derivation, Format, MAX_CAVEATS, Macaroon, RawCaveat, RootKey, ThirdParty};
pub use network::Network;
pub use node::{NodeId, NodeKey};
pub use permits::Use;
pub use preimage::Preimage;
pub use token::{MAX_TOKEN, Token};

#[cfg(test)]
mod vectors;
