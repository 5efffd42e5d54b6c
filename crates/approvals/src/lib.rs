//! A person's single-use yes to one exact call.
//!
//! What asks (policy, or a source that wants money) puts a [`Question`] to the [`Desk`] and gets a [`Ticket`]. A person
//! answers over a channel that no agent reaches. When the call comes again, [`Desk::take`] finds the answer by what the
//! call *is* ([`Binding`]) and uses it up, durably, before anything happens. Whatever differs (another principal, other
//! arguments, other terms, another policy) is another call, and no yes to this one.
//!
//! The rules are pure functions over the list of questions (`book`); the desk runs each within one transaction of the
//! store, so they hold across programs: the command line answers while a gate runs.

mod answer;
mod binding;
mod book;
mod change;
mod desk;
mod digest;
mod entry;
mod event;
mod hand;
mod paying;
mod question;
mod tally;
mod terms;

pub use answer::{Answer, Answerer, NoAnswer};
pub use binding::Binding;
pub use book::{Bounds, Full};
pub use change::Change;
pub use desk::{Desk, DeskError, Parts};
pub use entry::{Approval, State, Ticket, Yes};
pub use event::{Event, What};
pub use hand::{ByHand, Hand, Paid};
pub use question::Question;
pub use taken::{Grant, Taken};
pub use tally::Tally;
pub use terms::TermsText;

mod taken;
