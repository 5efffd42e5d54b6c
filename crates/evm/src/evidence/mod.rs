//! What a chain proves of a payment. Receipts of sellers are claims; only the chain ends what may have been paid.
//!
//! [`judge`] holds what one node sees ([`View`]) against what was signed ([`Payment`]); [`quorum`] does so for several nodes;
//! [`judge_claim`] then says what of a seller's own receipt is not true.

mod claim;
mod event;
mod judge;
mod payment;
mod quorum;
mod search;

pub use claim::{Claim, judge_claim};
pub use event::{
    APPROVAL, AUTHORIZATION_CANCELED, AUTHORIZATION_USED, PERMIT_TRANSFER, REGISTERED, SETTLED,
    SETTLED_WITH_PERMIT, TRANSFER,
};
pub use judge::{Finalised, Flag, Judgement, Outcome, Sighting, View, judge};
pub use payment::{Payment, Proof};
pub use quorum::quorum;
pub use search::{nonce_question, search};

#[cfg(test)]
mod tests;
