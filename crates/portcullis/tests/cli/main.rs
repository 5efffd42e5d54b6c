//! The program itself, run as an operator runs it.
#![expect(
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "these tests run the product, and call it over real connections"
)]

mod api;
mod canary;
mod check;
mod demo;
mod explain;
mod explain_url;
mod import;
mod keys;
mod looking;
mod rows;
mod serve;
mod starting;
mod support;
mod upstream;
mod vault;
