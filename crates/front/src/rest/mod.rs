//! Tools over plain HTTP: one POST a call, one JSON document back (the REST door).
//!
//! It is a door like the others: who calls, what they may use and what comes back is the gate's. A caller has no
//! session, hears nothing before its answer, and cannot be asked anything.

mod answer;
mod arguments;
mod base;
mod door;
mod openapi;
mod refs;

pub(crate) use answer::success;
pub(crate) use base::Place;
pub use base::{BadBase, RestBase};
pub(crate) use door::{incoming, visit};
