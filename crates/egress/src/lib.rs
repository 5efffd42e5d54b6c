//! The only way out: every connection this product opens is dialled here.
//!
//! A [`Client`] belongs to one origin. It resolves the name, vets every address it gets, dials one of exactly those
//! addresses and keeps the name for `Host` and TLS. There are no redirects, no proxies from the environment and no
//! compressed replies; headers, bodies and time are bounded.
//!
//! Connections are not driven by tasks of their own: whoever waits for a reply drives the connection it comes on. That
//! saves two task switches an exchange, makes back-pressure reach the peer by itself, and means that dropping a reply
//! closes its connection at once.

mod address;
mod body;
mod client;
mod deadline;
mod dial;
mod egress;
mod error;
mod link;
mod pool;
mod resolve;
mod stream;
mod target;
mod tls;

pub use address::{Class, classify};
pub use body::Body;
pub use client::{Client, Response};
pub use deadline::Deadline;
pub use egress::{Egress, Options};
pub use error::{EgressError, Kind, Phase, Rule, Violation};
pub use resolve::Resolver;
pub use target::{Limits, Policy, Target};
