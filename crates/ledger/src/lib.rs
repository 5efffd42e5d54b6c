//! The books: budgets over sliding windows, and what every payment goes through.
//!
//! Pure: no I/O, no clock, no randomness. Everything that ever changes the books is an [`Event`]; [`Books::apply`]
//! replays them and refuses what is unlawful, and [`Books::judge`] says what may be spent. Amounts count from the
//! moment they are asked for or reserved until a full window after they settled; what is held counts in every window
//! until there is proof, because time alone frees nothing.
//!
//! Whoever holds the books must judge, apply and store in one step, with nobody in between; `treasury` does.

mod apply;
mod books;
mod budget;
mod event;
mod id;
mod intent;
mod judge;
mod judgement;
mod line;
mod measure;
mod payment;
mod policy;
mod restart;
mod statement;
mod status;
mod stop;
mod sum;
mod total;
mod unlawful;
mod words;

#[cfg(test)]
mod cases_tests;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod states_tests;

pub use books::{Books, Pin};
pub use budget::{Budget, Scope, Unit, Window};
pub use event::{Change, Event, Opening, Unreadable, VERSION};
pub use id::PaymentId;
pub use intent::Intent;
pub use judgement::{Judgement, Refusal};
pub use payment::{Payment, Released, State};
pub use policy::{Policy, PolicyError, Rate, Token};
pub use statement::{Row, to_csv, to_json};
pub use status::Status;
pub use stop::Stop;
pub use sum::Sum;
pub use unlawful::Unlawful;
