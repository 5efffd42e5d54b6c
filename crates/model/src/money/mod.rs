//! Money as the house speaks of it: amounts, rails, terms, and why a payment was allowed, asked about, refused or held.

mod amount;
mod rule;
mod terms;

pub use amount::{Amount, AmountError, Asset, AssetError};
pub use rule::{Flag, Judged, MoneyRule};
pub use terms::{Rail, Terms};
