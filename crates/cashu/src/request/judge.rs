use super::{BAD_AMOUNT, Locking, PaymentRequest};
use crate::fault::Fault;
use crate::lock::WellKnown;
use crate::mint_url::MintUrl;
use crate::p2pk::P2pk;

/// What a wallet's owner allows.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Mints that are listed.
    pub mints: &'a [MintUrl],
    /// Units that are enabled, as `sat`.
    pub units: &'a [&'a str],
    /// Whether ecash may be locked to a key of the seller. What is locked cannot be taken back, whatever goes wrong.
    pub locks: bool,
}

/// A request that may be paid, as far as its form, unit, mint and lock go. Caps, payees and prices are judged elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// How much, in the unit; never 0.
    pub amount: u64,
    /// The unit.
    pub unit: String,
    /// Listed mints that the seller takes, in the order of the list.
    pub mints: Vec<MintUrl>,
    /// The lock that the ecash must have.
    pub locking: Option<Locking>,
}

impl PaymentRequest {
    /// Those of the listed mints that the seller takes, in the order of the list: all of them where it names none. A name
    /// that cannot be read is nobody's.
    pub fn agreed(&self, listed: &[MintUrl]) -> Vec<MintUrl> {
        let taken: Vec<MintUrl> =
            self.mints.iter().filter_map(|text| MintUrl::parse(text).ok()).collect();
        let any = self.mints.is_empty();
        listed.iter().filter(|mint| any || taken.contains(mint)).cloned().collect()
    }

    /// Judges a request that came with a 402 (NUT-24). Mints are compared as [`MintUrl`]s; one that cannot be read is nobody's.
    ///
    /// # Errors
    /// In this order: `unit` (missing or not enabled), `mint` (none that is listed), `lock` (not allowed, not understood
    /// or malformed), `bad_amount` (missing), `zero_amount`.
    pub fn ask(&self, terms: &Terms<'_>) -> Result<Ask, Fault> {
        let unit = self.unit.as_deref().filter(|unit| terms.units.contains(unit));
        let unit = unit.ok_or(Fault::new("unit", "the unit is missing or not enabled"))?;
        let mints = self.agreed(terms.mints);
        if mints.is_empty() {
            return Err(Fault::new("mint", "no mint that is asked for is listed"));
        }
        if let Some(locking) = &self.locking {
            judge_lock(locking, terms)?;
        }
        match self.amount.ok_or(BAD_AMOUNT)? {
            0 => Err(Fault::new("zero_amount", "nothing is asked for")),
            amount => {
                Ok(Ask { amount, unit: unit.to_owned(), mints, locking: self.locking.clone() })
            }
        }
    }
}

fn judge_lock(locking: &Locking, terms: &Terms<'_>) -> Result<(), Fault> {
    if !terms.locks {
        return Err(Fault::new("lock", "locked ecash is not allowed"));
    }
    let lock = WellKnown::new(&locking.kind, &locking.data, locking.tags.clone(), &[0; 32]);
    P2pk::read(&lock)
        .and_then(|_| lock.secret())
        .map_err(|fault| Fault { code: "lock", ..fault })?;
    Ok(())
}
