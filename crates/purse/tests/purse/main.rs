//! The tools behind a real gate: a real log, store and treasury, a shop on loopback that sells by L402, and a play wallet.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

mod allowed;
mod ecash;
#[expect(dead_code, reason = "shared with the tests of the driver, which use more of it")]
#[path = "../../../pay/src/ecash/fake.rs"]
mod fake;
mod house;
mod search;
mod till;
mod tools;

/// As the fake mint finds it where it is at home.
use pay::ecash::Mint;
