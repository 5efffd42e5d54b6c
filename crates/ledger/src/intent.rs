use std::borrow::Cow;

use model::money::{Amount, MoneyRule, Rail, Terms};
use model::{PrincipalId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Scope;
use crate::words;

/// What somebody wants to pay for: who, for which call, on which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Whom the caller belongs to.
    #[serde(with = "words::one")]
    pub tenant: TenantId,
    /// The caller.
    #[serde(with = "words::one")]
    pub agent: PrincipalId,
    /// Its session; empty where there is none.
    pub session: String,
    /// The source that is called.
    pub source: String,
    /// The tool that is called, by its exposed name.
    pub tool: String,
    /// What is paid, to whom, for what.
    #[serde(with = "Written")]
    pub terms: Terms,
    /// SHA-256 over method, URL and body or arguments: equal for equal requests.
    #[serde(with = "words::one")]
    pub request: [u8; 32],
    /// The caller's idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why others want a person asked, in the order of the rules: first payee, changed payee, price.
    #[serde(with = "words::many", default, skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<MoneyRule>,
}

impl Intent {
    /// The value a budget of that scope counts by.
    pub fn at(&self, scope: Scope) -> Cow<'_, str> {
        Cow::Borrowed(match scope {
            Scope::All => "",
            Scope::Tenant => self.tenant.as_str(),
            Scope::Agent => self.agent.as_str(),
            Scope::Session => &self.session,
            Scope::Source => &self.source,
            Scope::Tool => &self.tool,
            Scope::Origin => &self.terms.origin,
            Scope::Rail => self.terms.rail.as_str(),
            Scope::Payee => return payee(&self.terms.payee),
        })
    }
}

/// One spelling for an EVM address, so that another mix of cases is no new payee.
pub(crate) fn payee(text: &str) -> Cow<'_, str> {
    let mixed = text.starts_with("0x") || text.starts_with("0X");
    if mixed { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// How terms stand in an event.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Terms", deny_unknown_fields)]
struct Written {
    rail: Rail,
    scheme: String,
    network: String,
    #[serde(with = "words::one")]
    amount: Amount,
    #[serde(with = "words::one")]
    fee_limit: u128,
    payee: String,
    origin: String,
    resource: String,
    #[serde(with = "words::maybe", default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}
