//! What stands behind the gate: MCP servers of both eras, over stdio and HTTP.
//!
//! [`Mcp`] is one server as a [`gate::port::Source`]. Below it, from the outside in: `call` (the four cells of the era
//! matrix), `session` (one a lease, opened lazily), `wire` (Streamable HTTP, stdio, HTTP+SSE) and `desk` (who waits
//! for which answer).

mod asks;
mod call;
mod config;
mod desk;
mod eras;
mod error;
mod fault;
mod flight;
mod greetings;
mod hub;
mod launch;
mod mcp;
mod notices;
mod pages;
mod secrets;
mod session;
#[cfg(test)]
mod tests;
mod told;
mod watch;
mod wire;

pub use breaker::BreakerLimits;
pub use config::{Bounds, Config, Program, Reach, Remote, Times};
pub use error::SetupError;
pub use mcp::{Mcp, Ports};
