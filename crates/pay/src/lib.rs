//! Payments from demand to proof: judged, asked about, reserved, signed, sent, settled, released or held.
//!
//! Sources come here with an [`Errand`] and the [`Answer`] that asked for money; what comes back goes with the request
//! ([`Paid`]), or says why there is no payment ([`Unpaid`]). The order is always the same, and each step is durable
//! before the next. What a seller says is a claim; chains, wallets and mints give proof; without proof the money stays
//! held.

mod ask;
mod bought;
pub mod chain;
mod conclude;
mod crash;
mod credit;
mod demand;
mod driver;
pub mod ecash;
mod errand;
mod exchange;
mod facts;
mod fence;
mod flow;
mod free;
pub mod hand;
mod judge;
pub mod lightning;
mod paid;
mod payer;
mod proofs;
mod receipt;
mod reconcile;
mod record;
mod settings;
mod stop;
mod tally;
pub mod x402;

pub use bought::Bought;
pub use driver::{
    Boxed, Dispatched, Driver, Job, Nonces, Open, Payload, SigningIn, Standing, Stop,
};
pub use errand::{
    Answer, Asked, Asking, Attachment, Errand, IDEMPOTENCY_KEY, Refused, Request, Reuse, Unpaid,
    idempotency_key,
};
pub use exchange::{Broken, Carrier, Exchanged, Sending, heard};
pub use facts::Facts;
pub use fence::fenced;
pub use free::{Closed, Session};
pub use paid::{Paid, Told};
pub use payer::{Payer, Preview};
pub use proofs::Proofs;
pub use reconcile::Found;
pub use settings::{Drivers, Parts};
pub use tally::Tally;
