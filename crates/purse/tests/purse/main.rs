//! The tools behind a real gate: a real log, store and treasury, a shop on loopback that sells by L402, and a play wallet.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

mod allowed;
mod house;
mod search;
mod tools;
