//! Real programs, started and ended.
#![expect(clippy::unwrap_used, reason = "the whole crate is tests")]

mod confined;
mod death;
mod hostile;
mod isolation;
mod many;
mod refused;
mod support;
mod talk;
