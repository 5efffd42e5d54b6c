//! Ecash as a way to pay: what is kept at each listed mint, and the payments that are made with it (NUT-24).
//!
//! - [`Mint`]: the client of a mint, whose answers are checked
//! - the purse of a mint: proofs, and exchanges whose end is not known, in one sealed blob
//! - [`Ecash`]: the driver, and the ways in which ecash comes into the purse

mod back;
mod driver;
mod exchange;
mod funds;
mod give;
mod kept;
mod melt;
mod melting;
mod mint;
mod open;
mod purse;
mod stands;
mod status;
mod trouble;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod melt_tests;
#[cfg(test)]
mod tests;

pub use driver::Ecash;
pub use funds::Received;
pub use melt::Melter;
pub use mint::Mint;
pub use status::{Balance, Flight, Waiting};
pub use trouble::Trouble;
