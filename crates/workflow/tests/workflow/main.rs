//! Workflows behind a real gate: a real catalogue, policy, log and store, and shops and notes that stand in for upstreams.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests may")]

mod house;
mod steps;
mod upstream;
