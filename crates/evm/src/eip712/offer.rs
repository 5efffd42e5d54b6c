use super::Domain;
use crate::abi::Words;
use crate::{Address, Bytes32, Refused, Signature, keccak256};

/// What a seller offers, signed by the seller (x402 extension `offer-receipt`). Checked here, never signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// 1
    pub version: u64,
    /// What is sold.
    pub resource_url: String,
    /// How it is paid: `exact`, `upto`.
    pub scheme: String,
    /// The chain (CAIP-2).
    pub network: String,
    /// The token, as the offer writes it.
    pub asset: String,
    /// Who is paid, as the offer writes it.
    pub pay_to: String,
    /// Atomic units, decimal.
    pub amount: String,
    /// Seconds since 1970; 0 for ever.
    pub valid_until: u64,
}

impl Offer {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str = "Offer(uint256 version,string resourceUrl,string scheme,string network,\
        string asset,string payTo,string amount,uint256 validUntil)";

    /// The digest that the seller signed.
    pub fn digest(&self) -> Bytes32 {
        let words = Words::new()
            .bytes32(keccak256(Self::TYPE))
            .uint(self.version)
            .bytes32(keccak256(&self.resource_url))
            .bytes32(keccak256(&self.scheme))
            .bytes32(keccak256(&self.network))
            .bytes32(keccak256(&self.asset))
            .bytes32(keccak256(&self.pay_to))
            .bytes32(keccak256(&self.amount))
            .uint(self.valid_until);
        super::digest(domain("x402 offer").separator(), keccak256(words.into_bytes()))
    }

    /// That `signer` signed it; else [`Refused::BadSignature`].
    pub fn verify(&self, signature: &Signature, signer: Address) -> Result<(), Refused> {
        signature.verify(self.digest(), signer)
    }
}

/// What a seller says was paid, signed by the seller (x402 extension `offer-receipt`). A claim like any other: what was
/// paid the chain says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// 1
    pub version: u64,
    /// The chain (CAIP-2).
    pub network: String,
    /// What was sold.
    pub resource_url: String,
    /// Who paid, as the receipt writes it.
    pub payer: String,
    /// Seconds since 1970.
    pub issued_at: u64,
    /// The transaction, as the receipt writes it; may be empty.
    pub transaction: String,
}

impl Receipt {
    /// Its type, as `encodeType` writes it.
    pub const TYPE: &'static str = "Receipt(uint256 version,string network,string resourceUrl,string payer,\
        uint256 issuedAt,string transaction)";

    /// The digest that the seller signed.
    pub fn digest(&self) -> Bytes32 {
        let words = Words::new()
            .bytes32(keccak256(Self::TYPE))
            .uint(self.version)
            .bytes32(keccak256(&self.network))
            .bytes32(keccak256(&self.resource_url))
            .bytes32(keccak256(&self.payer))
            .uint(self.issued_at)
            .bytes32(keccak256(&self.transaction));
        super::digest(domain("x402 receipt").separator(), keccak256(words.into_bytes()))
    }

    /// That `signer` signed it; else [`Refused::BadSignature`].
    pub fn verify(&self, signature: &Signature, signer: Address) -> Result<(), Refused> {
        signature.verify(self.digest(), signer)
    }
}

/// The extension's domains have version 1 and chain 1, whatever chain is paid on.
fn domain(name: &str) -> Domain {
    Domain {
        name: Some(name.to_owned()),
        version: Some("1".to_owned()),
        chain_id: Some(1),
        ..Domain::default()
    }
}
