use bech32::primitives::iter::Fe32IterExt as _;
use bech32::{Fe32, Hrp};

use super::{Description, Features, Invoice, TIMESTAMP, amount, signature, words};
use crate::{InvoiceError, Network, NodeId, NodeKey, PaymentHash};

/// Makes an invoice: for sellers of our own, for tests and for the demonstration.
#[derive(Debug, Clone)]
pub struct InvoiceBuilder {
    /// The network.
    pub network: Network,
    /// The amount in msat, or `None` to leave it to the payer.
    pub amount_msat: Option<u64>,
    /// When it is made, in seconds; less than 2^35.
    pub timestamp: u64,
    /// How long it is good, in seconds; `None` means the default and is not written.
    pub expiry: Option<u64>,
    /// The payment.
    pub payment_hash: PaymentHash,
    /// The payment secret, by chance.
    pub payment_secret: [u8; 32],
    /// What it is for: at most 639 bytes.
    pub description: Description,
    /// The delta of the last hop in blocks; `None` means the default and is not written.
    pub min_final_cltv: Option<u64>,
    /// Whether the payee's key is written, and not only recovered from the signature.
    pub name_payee: bool,
    /// Feature bits.
    pub features: Features,
}

impl InvoiceBuilder {
    /// An invoice with the usual features, good for an hour.
    pub fn new(
        network: Network,
        amount_msat: u64,
        timestamp: u64,
        payment_hash: PaymentHash,
        payment_secret: [u8; 32],
        description: &str,
    ) -> Self {
        Self {
            network,
            amount_msat: Some(amount_msat),
            timestamp,
            expiry: None,
            payment_hash,
            payment_secret,
            description: Description::Text(description.to_owned()),
            min_final_cltv: None,
            name_payee: false,
            features: Features::usual(),
        }
    }

    /// Signs it (deterministically, RFC 6979) and reads it again, so that what comes out is an invoice.
    ///
    /// # Errors
    /// What is asked for makes no invoice: as for [`Invoice::parse`].
    pub fn sign(&self, key: &NodeKey) -> Result<Invoice, InvoiceError> {
        const KEY: InvoiceError = InvoiceError::Malformed("the key is none");
        let human = amount::write(self.network, self.amount_msat);
        let mut data = self.data(key.id().ok_or(KEY)?)?;
        data.extend(signature::sign(&human, &data, key).ok_or(KEY)?);
        let hrp =
            Hrp::parse(&human).map_err(|_| InvoiceError::Malformed("its amount is too long"))?;
        let text: String =
            data.into_iter().with_checksum::<words::Unlimited>(&hrp).chars().collect();
        Invoice::parse(&text)
    }

    /// Timestamp and fields.
    fn data(&self, payee: NodeId) -> Result<Vec<Fe32>, InvoiceError> {
        if self.timestamp >> (5 * TIMESTAMP) != 0 {
            return Err(InvoiceError::Malformed("its timestamp is too large"));
        }
        let mut fields = vec![
            (Fe32::S, words::of_bytes(&self.payment_secret)),
            (Fe32::P, words::of_bytes(&self.payment_hash.0)),
        ];
        fields.push(match &self.description {
            Description::Text(text) => (Fe32::D, words::of_bytes(text.as_bytes())),
            Description::Hash(hash) => (Fe32::H, words::of_bytes(hash)),
        });
        if self.name_payee {
            fields.push((Fe32::N, words::of_bytes(payee.as_bytes())));
        }
        fields.extend(self.expiry.map(|secs| (Fe32::X, words::of_number(secs))));
        fields.extend(self.min_final_cltv.map(|blocks| (Fe32::C, words::of_number(blocks))));
        let features = self.features.words();
        if !features.is_empty() {
            fields.push((Fe32::_9, features));
        }
        let mut data = words::of_number_in(self.timestamp, TIMESTAMP);
        for (tag, value) in fields {
            if value.len() > 1023 {
                return Err(InvoiceError::Malformed("a field is longer than 639 bytes"));
            }
            data.push(tag);
            data.extend(words::of_number_in(u64::try_from(value.len()).unwrap_or(0), 2));
            data.extend(value);
        }
        Ok(data)
    }
}
