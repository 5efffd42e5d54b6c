//! Cedar decisions turned into verdicts. No I/O.
//!
//! A [`PolicySet`] is compiled once from texts and a table of levels, and never changes. [`PolicySet::decide`] asks
//! every policy each time; a [`Decider`] remembers what depends only on who asks for what, and asks anew only the
//! policies that look at arguments or at the time. Both give the same verdict.
//!
//! Four rules hold whatever the policies say: no policy means no; a forbid wins; a policy that fails to evaluate is a
//! refusal; what the lists of a principal's tenant do not allow is refused.

mod about;
mod allow;
mod annotations;
mod arguments;
mod case;
mod check;
mod context;
mod decider;
mod entities;
mod erase;
mod error;
mod explain;
mod known;
mod levels;
mod load;
mod names;
mod outcome;
mod pattern;
mod prepare;
mod reads;
mod request;
mod rule;
mod schema;
mod scope;
mod set;
mod shipped;
mod tenants;
mod text;

pub use about::about_only;
pub use allow::allow_line;
pub use case::{Case, CaseResult, Expect, What};
pub use decider::Decider;
pub use error::LoadError;
pub use explain::{Explanation, Failure, Satisfied};
pub use known::Known;
pub use levels::Level;
pub use request::{Request, Target};
pub use set::PolicySet;
pub use shipped::{SHIPPED, SHIPPED_NAME};
pub use tenants::Tenants;

#[cfg(test)]
mod tests;
