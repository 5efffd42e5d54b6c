//! Workflows as a source: each step is a call of its own through the gate.
//!
//! [`Flows`] is one Arazzo document as a [`gate::port::Source`]: every workflow of it is a tool. A call of such a tool
//! runs the document's engine, and every call that the engine asks for goes back into the gate by [`gate::Gate::step`],
//! for the same principal, so that it is limited, decided and recorded like any other. A workflow that is a step of
//! another is a call of its own, too.

mod answer;
mod bind;
mod definition;
mod flows;
mod operations;
mod reply;
mod run;

pub use flows::{Config, Flows};
pub use operations::{Binding, Converted, OperationRef, Operations};
