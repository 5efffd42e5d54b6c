use std::path::Path;

use journal::ReadError;
use treasury::{LedgerKey, Mark, Treasury};

use super::budgets;
use crate::config::ConfigError;
use crate::house::House;

/// The file of the books, in the folder of the state.
const LEDGER: &str = "ledger.db";

/// The books of an installation. They must be as far as the audit log says that they were: a file that was put back knows
/// nothing of what was paid since, and would let it be spent again.
///
/// # Errors
/// The budgets or the file do not load, or the file is older than the log.
pub fn treasury(house: &House) -> Result<Treasury, ConfigError> {
    let known = known(&house.audit_dir()).map_err(|e| start(&e))?;
    open(house, &known)
}

/// The same, whatever the audit log says: for the operator who confirms the books as they are.
///
/// # Errors
/// The budgets or the file do not load.
pub fn treasury_as_it_is(house: &House) -> Result<Treasury, ConfigError> {
    open(house, &Mark::START)
}

fn open(house: &House, known: &Mark) -> Result<Treasury, ConfigError> {
    let key = house.installation.ledger_key().map_err(|e| start(&e))?;
    let key = LedgerKey::new(key.reveal()).map_err(|e| start(&e))?;
    let policy = budgets(&house.loaded.config).map_err(ConfigError::Start)?;
    let path = house.loaded.state_dir().join(LEDGER);
    Treasury::open_since(&path, key, policy, house.clock.clone(), known)
        .map_err(|e| ConfigError::Start(format!("{}: the ledger: {e}", e.rule())))
}

/// How far the books were by the last record of the log that says so.
fn known(audit: &Path) -> Result<Mark, String> {
    let entry = match journal::latest_of_ledger(audit) {
        Ok(entry) => entry,
        Err(ReadError::Missing(_)) => None,
        Err(error) => return Err(error.to_string()),
    };
    let mark = entry.and_then(|entry| entry.ledger);
    mark.map_or(Ok(Mark::START), |text| text.parse().map_err(|e| format!("{e}")))
}

fn start(what: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Start(format!("the ledger: {what}"))
}
