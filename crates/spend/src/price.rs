use std::fmt;

use model::money::{Amount, AmountError};

use crate::AssetRow;

/// Decimals of a price.
const DECIMALS: u8 = 9;
const NANO: u128 = 1_000_000_000;

/// A price as people say it: `0.01 USD`, `10 sat`. Counted in 10^-9 of its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// How many 10^-9 of the unit.
    pub nano: u128,
    /// The reference currency, `sat`, or the symbol of an asset of the table.
    pub unit: String,
}

impl Price {
    /// Reads `0.01 USD`, or `0.01` in the unit that is meant where none is said.
    ///
    /// # Errors
    /// No decimal number with at most nine decimals.
    pub fn parse(text: &str, unit: &str) -> Result<Self, AmountError> {
        let (number, unit) = text.split_once(' ').unwrap_or((text, unit));
        Ok(Self { nano: Amount::minor_of(number, DECIMALS)?, unit: unit.to_owned() })
    }
}

impl Price {
    /// The price that an amount is, in the symbol of its asset.
    ///
    /// # Errors
    /// It cannot be counted.
    pub fn of(minor: u128, row: &AssetRow) -> Result<Self, AmountError> {
        let reference = "";
        let nano = Cost { minor, row, reference }.nano_in(&row.symbol);
        Ok(Self { nano: nano.unwrap_or(Err(AmountError::Overflow))?, unit: row.symbol.clone() })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Amount::decimal(self.nano, DECIMALS), self.unit)
    }
}

/// What a payment costs: smallest units of one asset of the table.
#[derive(Debug, Clone, Copy)]
pub struct Cost<'a> {
    /// How many smallest units.
    pub minor: u128,
    /// Of what.
    pub row: &'a AssetRow,
    /// The reference currency, `USD` for one.
    pub reference: &'a str,
}

impl Cost<'_> {
    /// In 10^-9 of a unit, rounded up. `None` if this asset has no price in that unit; an error if it cannot be counted.
    pub fn nano_in(&self, unit: &str) -> Option<Result<u128, AmountError>> {
        let worth = if unit == self.row.symbol {
            NANO
        } else if unit == self.reference {
            self.row.worth?
        } else {
            return None;
        };
        Some(self.times(worth).ok_or(AmountError::Overflow))
    }

    fn times(&self, worth: u128) -> Option<u128> {
        let scale = 10_u128.checked_pow(u32::from(self.row.decimals))?;
        Some(self.minor.checked_mul(worth)?.div_ceil(scale))
    }
}

/// The amount for a person: `0.01 USDC`.
impl fmt::Display for Cost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Amount::decimal(self.minor, self.row.decimals), self.row.symbol)
    }
}
