use model::money::Terms;
use serde::{Deserialize, Serialize};

/// Terms as they are kept and shown: every amount as the digits it has in its smallest unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsText {
    /// The way to pay, and how on it: `x402 exact/eip3009`.
    pub rail: String,
    /// CAIP-2, `lightning:mainnet`, or the URL of a mint.
    pub network: String,
    /// What is counted.
    pub asset: String,
    /// The most that may leave for the payee, in the asset's smallest unit.
    pub amount: String,
    /// The most that fees may add, in the same unit.
    pub fee_limit: String,
    /// Who is paid.
    pub payee: String,
    /// Scheme, host and port of the seller.
    pub origin: String,
    /// What is paid for.
    pub resource: String,
    /// When the offer ends, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The amount as people say it, `0.01 USDC`; empty where the operator's table has no name for the asset.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
}

impl TermsText {
    /// The price as people say it; the digits and the asset where nobody has said how.
    pub fn price(&self) -> String {
        if self.said.is_empty() {
            return format!("{} {}", self.amount, self.asset);
        }
        self.said.clone()
    }

    /// Name and value of each part, in the order a person reads them.
    pub fn parts(&self) -> [(&'static str, &str); 8] {
        [
            ("amount", &self.amount),
            ("asset", &self.asset),
            ("payee", &self.payee),
            ("origin", &self.origin),
            ("resource", &self.resource),
            ("fee limit", &self.fee_limit),
            ("rail", &self.rail),
            ("network", &self.network),
        ]
    }
}

impl From<&Terms> for TermsText {
    fn from(terms: &Terms) -> Self {
        Self {
            rail: format!("{} {}", terms.rail, terms.scheme),
            network: terms.network.clone(),
            asset: terms.amount.asset.to_string(),
            amount: terms.amount.minor.to_string(),
            fee_limit: terms.fee_limit.to_string(),
            payee: terms.payee.clone(),
            origin: terms.origin.clone(),
            resource: terms.resource.clone(),
            expires: terms.expires.map(model::Timestamp::as_millis),
            said: String::new(),
        }
    }
}
