//! The engine over real books, a real desk and a real log, with rails that count what they sign and send.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, missing_docs)]

mod asked;
mod by_hand;
mod credits;
mod endings;
mod refused;
mod retried;
mod sessions;
mod sign_in;
mod stopped;
mod support;
mod unknown;
