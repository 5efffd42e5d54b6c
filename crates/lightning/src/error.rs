use thiserror::Error;

use crate::Network;

/// Why an invoice is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvoiceError {
    /// The text is longer than [`MAX_INVOICE`](crate::MAX_INVOICE).
    #[error("the invoice is longer than any this gate reads")]
    TooLarge,
    /// It is no invoice, or one that can be read in two ways.
    #[error("the invoice is not valid: {0}")]
    Malformed(&'static str),
    /// It requires of the payer what is not known.
    #[error("the invoice requires feature {0}, which is not known")]
    Feature(usize),
    /// The amount is missing, zero, too large, or no whole number of millisatoshis.
    #[error("the amount of the invoice cannot be paid: {0}")]
    Amount(&'static str),
    /// It is for another network, or for one that is not known.
    #[error("the invoice is for {found}, not for {wanted}")]
    Network {
        /// What it is for.
        found: &'static str,
        /// What it should be for.
        wanted: &'static str,
    },
    /// It expired at this time, in seconds.
    #[error("the invoice expired at {0}")]
    Expired(u64),
    /// It is dated ahead of the clock by more than is tolerated.
    #[error("the invoice is dated {0}, which lies ahead")]
    Ahead(u64),
}

impl InvoiceError {
    /// A stable word for records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed(_) | Self::Feature(_) => "bad_invoice",
            Self::Amount(_) => "invoice_amount",
            Self::Network { .. } => "invoice_network",
            Self::Expired(_) => "invoice_expired",
            Self::Ahead(_) => "invoice_time",
        }
    }

    pub(crate) const fn unknown_network() -> Self {
        Self::Network { found: "a network that is not known", wanted: "a known one" }
    }

    pub(crate) const fn other_network(found: Network, wanted: Network) -> Self {
        Self::Network { found: found.name(), wanted: wanted.name() }
    }
}

/// Why a text proves no payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// It is not 64 hexadecimal digits.
    #[error("the preimage is not 32 bytes in hexadecimal digits")]
    Form,
    /// Its SHA-256 is not the payment hash.
    #[error("the preimage does not belong to the payment hash")]
    Mismatch,
}

impl ProofError {
    /// A stable word for records.
    pub const fn code(&self) -> &'static str {
        "bad_proof"
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The text is longer than [`MAX_TOKEN`](crate::MAX_TOKEN).
    #[error("the token is longer than any this gate reads")]
    TooLarge,
    /// The text holds a control character.
    #[error("the token holds a control character")]
    Control,
    /// It is no macaroon in base64.
    #[error("the token is no macaroon: {0}")]
    Malformed(&'static str),
    /// The identifier is of another version of L402 than 0.
    #[error("the identifier of the token is of version {0}, not 0")]
    Version(u16),
    /// The token is for another payment than the invoice.
    #[error("token and invoice have different payment hashes")]
    OtherHash,
}

impl TokenError {
    /// A stable word for records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Control => "header_injection",
            Self::Malformed(_) => "bad_challenge",
            Self::Version(_) => "version",
            Self::OtherHash => "hash_mismatch",
        }
    }
}

/// Why a token does not allow what it is presented for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CaveatError {
    /// It was not signed with this root key.
    #[error("the signature of the token is not ours")]
    Signature,
    /// It has a caveat that nobody here understands.
    #[error("the token has a caveat that is not understood")]
    Unknown,
    /// A later caveat allows more than an earlier one.
    #[error("a caveat of the token allows more than one before it")]
    Widened,
    /// It is not for this service.
    #[error("the token is not for this service")]
    Service,
    /// It does not allow this capability.
    #[error("the token does not allow this capability")]
    Capability,
    /// It was good until this time, in seconds.
    #[error("the token was good until {0}")]
    Expired(u64),
    /// The preimage in it does not prove its payment.
    #[error("the preimage in the token does not prove its payment")]
    Preimage,
}

impl CaveatError {
    /// A stable word for records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Expired(_) => "expired",
            _ => "bad_credential",
        }
    }
}
