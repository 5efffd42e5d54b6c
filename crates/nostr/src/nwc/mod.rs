//! A Lightning wallet at the other end of a relay (NIP-47). All amounts are millisatoshi.

mod answer;
mod connection;
mod info;
mod outcome;
mod request;

#[cfg(test)]
mod tests;

pub use answer::{Answer, ErrorCode, Heard, Sent, WalletError};
pub use connection::Connection;
pub use info::Info;
pub use outcome::{Outcome, after_list, after_lookup, after_payment};
pub use request::Request;

/// The kind of the event that says what a wallet can do.
pub const KIND_INFO: u16 = 13194;
/// The kind of a request.
pub const KIND_REQUEST: u16 = 23194;
/// The kind of a response.
pub const KIND_RESPONSE: u16 = 23195;
