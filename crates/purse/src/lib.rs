//! The built-in source `pay`: tools with which agents look at money, and pay within what is allowed.
//!
//! [`Purse`] is a [`gate::port::Source`] like any other: its calls are limited, decided and recorded by the gate. It decides
//! nothing about money itself: whether something is paid, and what, [`pay::Payer`] says. No tool here changes a policy, a
//! budget, a pin or an approval, and none shows a secret or what belongs to another caller.

mod arguments;
mod books;
mod budgets;
mod close;
mod credits;
mod definition;
mod fetch;
mod places;
mod preview;
mod purse;
mod redeem;
mod reply;
mod services;
mod shown;
mod wanted;

pub use definition::{EFFECTS, Tool};
pub use purse::{Config, NAME, Purse};
