//! Bounds on what a seller may say. What is larger is refused with `too_large`.

/// One header field, in bytes.
pub const MAX_HEADER: usize = 16 * 1024;

/// A body that may hold an offer, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// One string or member name inside JSON, in bytes of UTF-8.
pub const MAX_STRING: usize = 8 * 1024;

/// Entries in the `accepts` of one x402 object; challenges in the fields of one answer.
pub const MAX_ACCEPTS: usize = 16;

/// Extensions of one x402 object.
pub const MAX_EXTENSIONS: usize = 32;

/// Nesting of JSON.
pub const MAX_DEPTH: u32 = 32;

/// A decoded credential of the Payment scheme, in bytes (draft-httpauth-payment-00).
pub const MAX_CREDENTIAL: usize = 64 * 1024;
