//! Payment requests: what a seller asks for (NUT-18, NUT-26), and whether a wallet may pay it.

mod cbor_form;
mod judge;
mod tlv_form;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use judge::{Ask, Terms};

use crate::fault::Fault;
use crate::lock::WellKnown;

/// How long a request may be, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// What a seller asks for. All of it is the seller's word; texts are data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentRequest {
    /// The seller's name for the payment.
    pub id: Option<String>,
    /// How much is asked for, in the unit.
    pub amount: Option<u64>,
    /// The unit, as `sat`.
    pub unit: Option<String>,
    /// Whether it is to be paid once.
    pub single_use: Option<bool>,
    /// URLs of mints whose ecash is taken, as written; with none, any mint's.
    pub mints: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where the ecash is to go. In the answer to a 402 it goes into the header, and these are not followed.
    pub transports: Vec<Transport>,
    /// What the ecash must be locked to.
    pub locking: Option<Locking>,
}

/// A way for ecash to reach the seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// `nostr`, `post` or another name. A number without a name in NUT-26 is that number.
    pub kind: String,
    /// As written. From NUT-26, the key of a `nostr` transport in hexadecimal.
    pub target: String,
    /// Further names and values.
    pub tags: Vec<Vec<String>>,
}

/// A lock that the seller asks for (NUT-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locking {
    /// The kind, as `P2PK`. A number without a name in NUT-26 is that number.
    pub kind: String,
    /// What is locked to, as a key in hexadecimal.
    pub data: String,
    /// Further conditions.
    pub tags: Vec<Vec<String>>,
}

impl Locking {
    /// The secret of an output that is locked as asked for, with 32 random bytes as its nonce.
    pub fn lock(&self, random: &[u8; 32]) -> WellKnown {
        WellKnown::new(&self.kind, &self.data, self.tags.clone(), random)
    }
}

pub(super) const BAD: Fault = Fault::new("bad_challenge", "not a request for ecash");
pub(super) const BAD_AMOUNT: Fault =
    Fault::new("bad_amount", "the amount asked for is not a whole number of units");

impl PaymentRequest {
    /// Reads `creqA…` (base64url of CBOR) or `creqB1…` (bech32m of TLV, either case but not both).
    ///
    /// # Errors
    /// `too_large`, `header_injection` (control characters), `bad_challenge`, `bad_amount`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > MAX_REQUEST {
            return Err(Fault::new("too_large", "the request is too long"));
        }
        if text.contains(char::is_control) {
            return Err(Fault::new("header_injection", "the request has control characters"));
        }
        let (head, rest) = text.split_at_checked(5).ok_or(BAD)?;
        if head.eq_ignore_ascii_case("creqa") {
            cbor_form::decode(rest)
        } else if head.eq_ignore_ascii_case("creqb") {
            tlv_form::decode(text)
        } else {
            Err(BAD)
        }
    }

    /// Writes `creqA…`.
    pub fn to_creq_a(&self) -> String {
        cbor_form::encode(self)
    }

    /// Writes `CREQB1…`, in upper case, which codes for cameras keep small.
    ///
    /// # Errors
    /// `bad_challenge`: something in it has no form there, as a text of more than 65535 bytes.
    pub fn to_creq_b(&self) -> Result<String, Fault> {
        tlv_form::encode(self).ok_or(BAD)
    }
}
