//! A process that holds the key of a vault, and those that ask it over a unix socket.
//!
//! Every connection is short: it says which configuration it is for, asks for a token, asks for secrets with it, and
//! is closed. What the daemon refuses looks the same whatever the reason.

mod desk;
mod line;
mod message;
mod peer;
mod remote;
mod serve;
mod token;

pub use desk::{Scope, Times};
pub use remote::RemoteVault;
pub use serve::Daemon;
