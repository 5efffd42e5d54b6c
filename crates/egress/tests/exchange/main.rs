//! Exchanges with real servers on loopback.
#![expect(clippy::unwrap_used, reason = "the whole crate is tests")]

mod bounds;
mod pooling;
mod refusals;
mod server;
mod streams;
mod tls;
