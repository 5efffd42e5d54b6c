use pay::Drivers;
use treasury::Treasury;

use super::Shared;
use crate::config::Payments;
use crate::house::House;

/// The drivers that a configuration names, not yet contacted.
pub fn drivers(
    _house: &House,
    _own: &Payments,
    _treasury: &Treasury,
    _shared: &Shared,
) -> Result<Drivers, String> {
    Ok(Drivers::default())
}
