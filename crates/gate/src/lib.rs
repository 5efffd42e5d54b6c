//! The one way a call takes, and the catalogue it is looked up in.
//!
//! Every front hands its requests to a [`Gate`]; every source is a [`port::Source`] behind it. The order of the
//! stages stands in [`STAGES`] and in one function. Two types make the way the only one: a source takes a
//! [`Cleared`] call, a front can write a [`Vetted`] answer, and only this room makes either.

mod asks;
mod audience;
mod catalogue;
mod cleared;
mod client;
mod cursor;
mod digest;
mod discovery;
mod enter;
mod explain;
mod gate;
mod list;
mod metrics;
mod notes;
mod park;
pub mod port;
mod render;
mod said;
mod settings;
mod step;
mod subscribe;
mod template;
mod vetted;
mod watch;
mod way;
mod welcome;

pub use audience::Audience;
pub use cleared::{About, Approval, Clearance, Cleared};
pub use client::{Client, Lease};
pub use explain::{Explained, Tool};
pub use gate::{Arrival, EventHub, Gate, Incoming, Parts};
pub use metrics::Metrics;
pub use settings::{PinMode, RecordArguments, ResultMode, Settings, SourceSettings};
pub use step::{Step, WeakGate};
pub use vetted::Vetted;
pub use watch::{Happening, Watch};
pub use way::STAGES;
pub use welcome::Welcome;

/// What the gate calls itself to its clients: raw `serverInfo`.
pub const SERVER_INFO: &str =
    concat!("{\"name\":\"portcullis\",\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}");
