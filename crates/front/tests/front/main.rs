//! The doors as clients see them: real sockets, a real gate, and a source whose every answer a test can choose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::large_futures,
    reason = "tests fail by panicking"
)]

mod admission;
mod conversations;
mod framing;
mod legacy;
mod limits;
mod modern;
mod pipes;
mod plain_sse;
mod rest;
mod rest_documents;
mod rows;
mod sessions;
mod streams;
mod support;
mod tls;
mod webhook_calls;
mod webhooks;
