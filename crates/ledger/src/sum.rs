use model::money::Asset;

use crate::Scope;
use crate::books::Books;

/// What one rail has moved in one asset since the books began, in its smallest unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// The rail's name.
    pub rail: String,
    /// In what.
    pub asset: Asset,
    /// What was paid, fees included.
    pub spent: u128,
    /// How many payments that were.
    pub payments: u64,
    /// What is reserved: asked about, under way, or held.
    pub reserved: u128,
}

impl Books {
    /// What each rail has moved, in the order of rails and assets.
    pub fn sums(&self) -> Vec<Sum> {
        let mut rails: Vec<&str> = self.lines.values(Scope::Rail).collect();
        rails.sort_unstable();
        let of_rail = |rail: &'_ str| {
            let lines = self.lines.of(Scope::Rail, rail).into_iter().flatten();
            let rail = rail.to_owned();
            lines.map(move |(asset, line)| {
                let (ended, open) = line.parts();
                let (rail, asset) = (rail.clone(), asset.clone());
                Sum { rail, asset, spent: ended.minor, payments: ended.count, reserved: open.minor }
            })
        };
        rails.into_iter().flat_map(of_rail).collect()
    }
}
