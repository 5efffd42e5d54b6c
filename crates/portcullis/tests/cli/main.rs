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
mod approvals;
mod books;
mod canary;
mod canary_apis;
mod canary_server;
mod check;
mod demo;
mod descriptions;
mod docs;
mod explain;
mod explain_url;
mod har;
mod hostile;
mod import;
mod keys;
mod looking;
mod outcomes;
mod packs;
mod rows;
mod secured;
mod serve;
mod shop;
mod standin;
mod starting;
mod support;
mod tenants;
mod upstream;
mod vault;
mod vault_remember;
mod ways;
mod workflows;
