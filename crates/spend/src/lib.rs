//! Whether an offer is paid: each way to pay that a seller offers is held against the rules of the buying side, in one
//! declared order ([`RULES`]), and the cheapest of those that may be paid is chosen.
//!
//! Pure: what is known comes in as a [`Situation`], what was spent is asked of [`Caps`], and nothing happens here but a
//! [`Verdict`] with a sentence for a person.

mod books;
mod candidate;
mod caps;
pub mod explain;
mod judge;
mod limits;
mod price;
mod request;
mod rules;
mod situation;
mod target;
mod verdict;

pub use books::InBooks;
pub use caps::{Caps, Room, Spend};
pub use evm::Address;
pub use judge::judge;
pub use limits::{Limit, Limits, Window};
pub use price::{Cost, Price};
pub use request::Request;
pub use rules::{RULES, Rule};
pub use situation::{
    AssetRow, Known, Lightning, Paused, Pin, Pins, Policy, Purse, Scheme, SignIn, Situation,
    Thresholds,
};
pub use target::{Listed, Origin, Target};
pub use verdict::{Choice, Denial, Entry, Plan, Reason, Refused, Verdict};
