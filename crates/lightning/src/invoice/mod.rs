//! Invoices: BOLT11.

mod amount;
mod build;
mod features;
mod fields;
mod signature;
mod words;

use bech32::Fe32;
use bech32::primitives::decode::CheckedHrpstring;

pub use build::InvoiceBuilder;
pub use features::Features;

use crate::{InvoiceError, Network, NodeId, PaymentHash};
use fields::Fields;

/// Longest invoice that is read, in characters.
pub const MAX_INVOICE: usize = 8 << 10;
/// How long an invoice is good that does not say, in seconds.
pub const DEFAULT_EXPIRY: u64 = 3600;
/// The delta of the last hop of an invoice that does not say, in blocks.
pub const DEFAULT_MIN_FINAL_CLTV: u64 = 18;
/// How far ahead of the clock an invoice may be dated, in seconds.
pub const MAX_AHEAD: u64 = 600;

/// Words of the timestamp.
const TIMESTAMP: usize = 7;

/// A BOLT11 invoice whose checksum, signature and fields have been checked.
///
/// Whether it may be paid *now* is [`Invoice::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    text: String,
    network: Network,
    amount: Option<u64>,
    timestamp: u64,
    hash: PaymentHash,
    secret: [u8; 32],
    description: Description,
    payee: NodeId,
    expiry: u64,
    min_final_cltv: u64,
    features: Features,
}

/// What the payment is for, as the payee says. Text of a stranger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// The description itself (field `d`).
    Text(String),
    /// SHA-256 of one that is found elsewhere (field `h`).
    Hash([u8; 32]),
}

impl Invoice {
    /// Reads an invoice, in lower or in upper case.
    ///
    /// Held to the text of BOLT11, requirements of a reader, and stricter where two readers could differ: a field that may stand once
    /// stands once.
    ///
    /// # Errors
    /// [`InvoiceError`]; `Expired` and `Ahead` come only from [`Invoice::check`].
    pub fn parse(text: &str) -> Result<Self, InvoiceError> {
        if text.len() > MAX_INVOICE {
            return Err(InvoiceError::TooLarge);
        }
        let checked = CheckedHrpstring::new::<words::Unlimited>(text)
            .map_err(|_| InvoiceError::Malformed("it is no bech32 text with a true checksum"))?;
        let hrp = checked.hrp().to_lowercase();
        let (network, amount) = amount::read(&hrp)?;
        let data: Vec<Fe32> = checked.fe32_iter().collect();
        let short = InvoiceError::Malformed("it is too short");
        let fields = data.len().checked_sub(signature::WORDS).filter(|end| *end >= TIMESTAMP);
        let (signed, signature) = data.split_at(fields.ok_or(short)?);
        let (timestamp, fields) = signed.split_at(TIMESTAMP);
        let fields = Fields::read(fields)?;
        let payee = signature::payee(&hrp, signed, signature, fields.payee)?;
        let timestamp = words::number(timestamp).unwrap_or(u64::MAX);
        Self::assemble(text, (network, amount), timestamp, payee, fields)
    }

    fn assemble(
        text: &str,
        (network, amount): (Network, Option<u64>),
        timestamp: u64,
        payee: NodeId,
        fields: Fields,
    ) -> Result<Self, InvoiceError> {
        let missing = |what| InvoiceError::Malformed(what);
        let description = match (fields.description, fields.description_hash) {
            (Some(text), None) => Description::Text(text),
            (None, Some(hash)) => Description::Hash(hash),
            (Some(_), Some(_)) => return Err(missing("it has two descriptions")),
            (None, None) => return Err(missing("it has no description")),
        };
        let features = fields.features.unwrap_or_default();
        if let Some(bit) = features.unknown() {
            return Err(InvoiceError::Feature(bit));
        }
        Ok(Self {
            text: text.to_owned(),
            network,
            amount,
            timestamp,
            hash: fields.hash.ok_or(missing("it has no payment hash"))?,
            secret: fields.secret.ok_or(missing("it has no payment secret"))?,
            description,
            payee,
            expiry: fields.expiry.unwrap_or(DEFAULT_EXPIRY),
            min_final_cltv: fields.min_final_cltv.unwrap_or(DEFAULT_MIN_FINAL_CLTV),
            features,
        })
    }

    /// Whether it may be paid at `now` (in seconds) by a policy for `network`: the amount to pay, in msat.
    ///
    /// # Errors
    /// `Network`, `Ahead` (dated more than [`MAX_AHEAD`] ahead), `Expired`, `Amount` (there is none), in this order.
    pub fn check(&self, now: u64, network: Network) -> Result<u64, InvoiceError> {
        if self.network != network {
            return Err(InvoiceError::other_network(self.network, network));
        }
        if self.timestamp > now.saturating_add(MAX_AHEAD) {
            return Err(InvoiceError::Ahead(self.timestamp));
        }
        if now >= self.expires_at() {
            return Err(InvoiceError::Expired(self.expires_at()));
        }
        self.amount.ok_or(InvoiceError::Amount("it names none"))
    }

    /// The text as it came.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// `lightning:` and the invoice, for links.
    pub fn uri(&self) -> String {
        format!("lightning:{}", self.text.to_ascii_lowercase())
    }

    /// The same in upper case, which a QR code holds in fewer dots.
    pub fn qr_uri(&self) -> String {
        self.uri().to_ascii_uppercase()
    }

    /// The network it is for.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The amount in msat, never zero; `None` if the payer chooses it.
    pub const fn amount_msat(&self) -> Option<u64> {
        self.amount
    }

    /// The amount in whole satoshis, rounded up: what caps are held against.
    pub fn sat_ceil(&self) -> Option<u64> {
        self.amount.map(|msat| msat.div_ceil(1000))
    }

    /// When it was made, in seconds.
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// From when on it is not to be paid, in seconds.
    pub const fn expires_at(&self) -> u64 {
        self.timestamp.saturating_add(self.expiry)
    }

    /// The name of the payment.
    pub const fn payment_hash(&self) -> PaymentHash {
        self.hash
    }

    /// The payment secret (field `s`): keeps others than the payer from probing the payee. Every reader of the invoice has it.
    pub const fn payment_secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Who is paid: the key that signed, equal to the one named in the invoice if there is one.
    pub const fn payee(&self) -> NodeId {
        self.payee
    }

    /// What it is for.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The delta of the last hop, in blocks.
    pub const fn min_final_cltv(&self) -> u64 {
        self.min_final_cltv
    }

    /// Feature bits.
    pub const fn features(&self) -> &Features {
        &self.features
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
