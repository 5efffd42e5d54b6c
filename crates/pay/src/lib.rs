//! Payments from demand to proof: judged, asked about, reserved, signed, sent, settled, released or held.
//!
//! Sources come here with an [`Errand`] and the [`Answer`] that asked for money; what comes back goes with the request
//! ([`Paid`]), or says why there is no payment ([`Unpaid`]). The order is always the same, and each step is durable
//! before the next. What a seller says is a claim; chains, wallets and mints give proof; without proof the money stays
//! held.

mod driver;
mod errand;
pub mod lightning;
mod payer;

pub use driver::{Boxed, Dispatched, Driver, Job, Open, Payload, Standing, Stop};
pub use errand::{
    Answer, Asked, Attachment, Errand, IDEMPOTENCY_KEY, Refused, Request, Unpaid, idempotency_key,
};
pub use payer::{Paid, Payer, Told};
