//! Exchanges with real servers on loopback.
#![expect(clippy::unwrap_used, reason = "the whole crate is tests")]

mod bounds;
mod credentials;
mod echoes;
mod http2;
mod http2_peers;
mod lists;
mod pooling;
mod proxies;
mod rebinding;
mod redirects;
mod refusals;
mod server;
mod streams;
mod tls;
mod tries;
mod unpacking;
