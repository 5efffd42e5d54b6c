//! Ecash as a way to pay: the client of a mint, and the forms that proofs and outputs rest in while they are sealed.
//!
//! The driver and its store stand on these and are not here yet.

#![expect(dead_code, reason = "the store and the driver that use these are still to come")]

mod kept;
mod mint;
mod trouble;

pub use mint::Mint;
pub use trouble::Trouble;
