use model::money::{Flag, MoneyRule, Rail};
use serde::{Deserialize, Serialize};

use crate::line::Line;
use crate::text::Text;

/// Bound of each part that a seller chose, in bytes of the line.
const PART: usize = 512;
/// Bound of names and ids.
const NAME: usize = 256;

/// What a record says of money: the terms, what became of them, and what proves it. No signature, preimage or token.
#[derive(Debug, Clone)]
pub struct Payment {
    /// The payment's own id; all its records have it.
    pub id: Text,
    /// The way it was, or would be, paid.
    pub rail: Rail,
    /// How, on that rail.
    pub scheme: Text,
    /// Where the asset lives.
    pub network: Text,
    /// Scheme, host and port of the seller.
    pub origin: Text,
    /// What is paid for, personal data and secrets taken out.
    pub resource: Text,
    /// Who is paid.
    pub payee: Text,
    /// What is counted.
    pub asset: Text,
    /// How many of its smallest unit, without fees.
    pub amount: u128,
    /// The fee, or what it may be at most while it is not known.
    pub fee: u128,
    /// `denied`, `asked`, `reserved`, `signed`, `sent`, `settled`, `released` or `held`.
    pub state: &'static str,
    /// The rules that refused, asked or hold, in their order.
    pub rules: Vec<MoneyRule>,
    /// Marks beside the state.
    pub flags: Vec<Flag>,
    /// The approval that allowed it.
    pub approval: Option<Text>,
    /// The nonce of the authorisation, or the payment hash: public, and unique.
    pub nonce: Option<Text>,
    /// The transaction, or the payment hash that a proof was shown for.
    pub receipt: Option<Text>,
    /// SHA-256 of the settings about money under which it was decided.
    pub policy: Option<[u8; 32]>,
    /// What else was signed for it.
    pub also_signed: Option<Text>,
}

impl Payment {
    pub(crate) fn write(&self, line: &mut Line<'_>) {
        line.begin_object("payment", "id", &self.id, NAME);
        line.plain("rail", self.rail.as_str());
        line.text("scheme", Some(&self.scheme), NAME);
        line.text("network", Some(&self.network), NAME);
        line.text("origin", Some(&self.origin), PART);
        line.text("resource", Some(&self.resource), PART);
        line.text("payee", Some(&self.payee), NAME);
        line.text("asset", Some(&self.asset), NAME);
        // As text: most readers of JSON round numbers of this size.
        line.plain("amount", &self.amount.to_string());
        line.plain("fee", &self.fee.to_string());
        line.plain("state", self.state);
        let rules: Vec<_> = self.rules.iter().map(|rule| rule.as_str()).collect();
        line.plain("rules", &rules.join(" "));
        let flags: Vec<_> = self.flags.iter().map(|flag| flag.as_str()).collect();
        line.plain("flags", &flags.join(" "));
        line.text("approval", self.approval.as_deref(), NAME);
        line.text("nonce", self.nonce.as_deref(), NAME);
        line.text("receipt", self.receipt.as_deref(), NAME);
        line.digest("policy", self.policy.as_ref());
        line.text("also_signed", self.also_signed.as_deref(), NAME);
        line.end_object();
    }
}

/// The same, as it is read back. Members this version does not know are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each member is documented at `Payment`")]
pub struct PaymentEntry {
    pub id: String,
    pub rail: String,
    pub scheme: String,
    pub network: String,
    pub origin: String,
    pub resource: String,
    pub payee: String,
    pub asset: String,
    /// Smallest units, in decimal.
    pub amount: String,
    /// Smallest units, in decimal.
    pub fee: String,
    pub state: String,
    /// Parted by spaces.
    pub rules: String,
    /// Parted by spaces.
    pub flags: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also_signed: Option<String>,
}
