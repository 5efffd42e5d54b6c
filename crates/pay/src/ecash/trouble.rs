use cashu::Fault;
use model::money::MoneyRule;

/// Why something with ecash did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {why}")]
pub struct Trouble {
    /// A stable code: those of `cashu`, and `mint_unavailable`, `mint_refused`, `mint`, `quote`,
    /// `unpaid`, `spent`, `store`, `fee_limit`.
    pub code: &'static str,
    /// One sentence, without anything that is secret.
    pub why: String,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    /// Whether the mint looked at the request and refused it. All else may have happened at the mint.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code == "mint_refused"
    }

    /// The rule that fits.
    pub(crate) fn rule(&self) -> MoneyRule {
        match self.code {
            "insufficient" => MoneyRule::Insufficient,
            "fee_limit" => MoneyRule::FeeLimit,
            "mint" => MoneyRule::Mint,
            "lock" => MoneyRule::Lock,
            "store" => MoneyRule::Ledger,
            "overflow" => MoneyRule::Overflow,
            "mint_unavailable" => MoneyRule::WalletUnavailable,
            _ => MoneyRule::BadResponse,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.message)
    }
}

impl From<treasury::Refused> for Trouble {
    fn from(refused: treasury::Refused) -> Self {
        Self::new("store", refused.to_string())
    }
}
