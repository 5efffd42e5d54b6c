//! The doors agents come through: stdio, Streamable HTTP of both eras, HTTP+SSE, plain HTTP (REST), webhooks.
//!
//! A door reads messages, tells the eras apart, holds what belongs to a connection (sessions, streams, questions that
//! wait for an answer), and hands everything else to the [`gate::Gate`]. It decides nothing about calls.
//!
//! - [`serve`], [`Settings`]: HTTP, with or without TLS
//! - [`RestBase`]: where tools are offered over plain HTTP
//! - [`webhook`]: signed requests of other services, each of which becomes one call
//! - [`stdio`]: one client over a pair of pipes

mod accept;
mod address;
mod base;
mod batches;
mod body;
mod capabilities;
mod clients;
mod collect;
mod conversation;
mod date;
mod desk;
mod door;
mod exchange;
mod gauges;
mod hosts;
mod keeper;
mod legacy;
mod line;
mod link;
mod media;
mod modern;
mod open;
mod outcome;
mod peer;
mod percent;
mod post;
mod problem;
mod pump;
mod reply;
mod rest;
mod rounds;
mod route;
mod said;
mod serve;
mod session;
mod settings;
mod silent;
mod sse;
mod start;
mod stdio;
mod stream;
mod table;
mod tls;
mod track;
mod unsolicited;
mod upload;
mod visit;
pub mod webhook;
mod wire;

pub use accept::Served;
pub use address::{Network, NotANetwork};
pub use gauges::Gauges;
pub use rest::{BadBase, RestBase};
pub use serve::serve;
pub use settings::{Limits, Settings, Tls};
pub use start::StartError;
pub use stdio::{PipeSettings, stdio};
