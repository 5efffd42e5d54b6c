//! Ecash of the Cashu protocol: what is asked for, what is handed over, and what the mint says of it.
//!
//! Pure: no I/O, no clock, no randomness; scalars, nonces and the time are passed in. Amounts are whole numbers of a
//! unit, fees thousandths of it (`ppk`), and every sum is checked.
//!
//! - [`PaymentRequest`], [`Terms`]: a request (NUT-18, NUT-26), and whether a wallet may pay it
//! - [`Token`], [`Proof`]: ecash as it travels (NUT-00)
//! - [`hash_to_curve`], [`blind`], [`unblind`], [`Dleq`]: blind signatures and the proof that the mint made them
//!   with the key it publishes (NUT-00, NUT-12)
//! - [`KeysetId`], [`split`], [`fee`], [`select`]: keysets, amounts and what to spend (NUT-02)
//! - [`WellKnown`], [`P2pk`]: locks (NUT-10, NUT-11)
//! - [`Seed`]: secrets that can be made again (NUT-13)
//! - [`Life`], [`fate`]: the life of a proof, and what a mint's answer means for money handed over
//! - [`mint`]: the messages of a mint's API

mod amount;
mod base64url;
mod bytes;
mod cbor;
mod curve;
mod dleq;
mod fault;
mod keyset;
mod life;
mod lock;
pub mod mint;
mod mint_url;
mod p2pk;
mod point;
mod proof;
mod request;
mod seed;
mod select;
mod token;

pub use amount::{fee, gross_up, split};
pub use curve::{Blinding, blind, hash_to_curve, unblind};
pub use dleq::Dleq;
pub use fault::Fault;
pub use keyset::{KeysetId, Shown};
pub use life::{Event, Fate, Life, Unlawful, fate};
pub use lock::WellKnown;
pub use mint_url::MintUrl;
pub use p2pk::{P2pk, SigFlag, SpendingKey, signing_text_of_swap};
pub use point::Point;
pub use proof::{MAX_SECRET, Proof, ProofSecret};
pub use request::{Ask, Locking, MAX_REQUEST, PaymentRequest, Terms, Transport};
pub use seed::Seed;
pub use select::{Coin, Handing, Selection, select};
pub use token::{MAX_TOKEN, Token};
