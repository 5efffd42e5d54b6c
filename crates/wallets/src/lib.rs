//! Lightning wallets behind one interface.
//!
//! A [`Wallet`] pays an invoice and looks a payment up. What it answers is an [`Outcome`], and the difference that matters is between
//! what is definite and what is not: `Failed` means that nothing was or will be paid, and everything that is not proven either way is
//! `InFlight` or `Unknown`. Nothing that a wallet says is believed without the preimage, and no time that passes turns one into the
//! other. All requests go out through `egress`: keys are put in when it dials, and masked in what comes back.
//!
//! Over REST: [`LnBits`], [`Lnd`], [`CoreLightning`]. Over Nostr relays: [`Nwc`]. Another kind of wallet is one more implementation of
//! the trait.

mod cln;
mod lnbits;
mod lnd;
mod nwc;
mod outcome;
mod place;
mod read;
mod wallet;

pub use cln::CoreLightning;
pub use lnbits::LnBits;
pub use lnd::Lnd;
pub use nwc::Nwc;
pub use outcome::{Outcome, Trouble, codes};
pub use place::Place;
pub use wallet::Wallet;

#[cfg(test)]
mod tests;
