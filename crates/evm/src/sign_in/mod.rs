//! Signing in with the wallet: SIWE (EIP-4361) as x402 carries it (`sign-in-with-x`).
//!
//! A seller's text is never signed. Its fields are read ([`Challenge`]), judged ([`SignIn::judge`]), and the text is built
//! anew from them.

mod challenge;
mod judge;
mod text;
mod time;

pub use challenge::Challenge;
pub use judge::{Circumstances, SignIn};

#[cfg(test)]
mod tests;
