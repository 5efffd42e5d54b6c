use model::money::{MoneyRule, Terms};

use crate::{Cost, Reason};

/// What would be spent.
#[derive(Debug, Clone, Copy)]
pub struct Spend<'a> {
    /// The terms.
    pub terms: &'a Terms,
    /// What counts against limits: the amount, and the fees where they count beforehand.
    pub counted: Cost<'a>,
    /// Who asks.
    pub agent: &'a str,
    /// The tool.
    pub tool: &'a str,
}

/// What budgets make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// All budgets that apply have room.
    Enough {
        /// Whether one of them is 80 % used up with it.
        soft: bool,
    },
    /// They have room, and want a person asked.
    Asks(Vec<Reason>),
    /// One has none.
    None(MoneyRule, String),
}

/// The seam to the ledger: it looks and reserves nothing, so that what it says may be overtaken; the reservation decides.
pub trait Caps {
    /// Whether all budgets that apply have room for it.
    fn room(&self, spend: &Spend<'_>) -> Room;
}
