//! JSON-RPC over raw bytes, and MCP of both eras as codecs and state machines. No I/O, no clock, no randomness.
//!
//! [`json`] finds and cuts out what a guard must read and leaves the rest untouched; [`rpc`] is the envelope;
//! [`mcp`] knows versions, methods, metadata, headers and how one era is said in the other; [`sse`] and [`lines`]
//! frame messages on the two kinds of transport.

pub mod batch;
pub mod json;
pub mod lines;
pub mod mcp;
mod rope;
pub mod rpc;
mod splice;
pub mod sse;

pub use rope::Rope;
