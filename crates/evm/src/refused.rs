use thiserror::Error;

/// Why something is not read, not signed or not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// Not an address: 0x and 40 digits in one case, or with the checksum of EIP-55.
    #[error("not an address, or its checksum is wrong")]
    BadAddress,
    /// An address that is never paid.
    #[error("never paid: {0}")]
    BadPayee(&'static str),
    /// Not 1 to 78 digits without leading zero and below 2^256.
    #[error("not an amount in atomic units")]
    BadAmount,
    /// An amount of 0.
    #[error("an amount of 0")]
    ZeroAmount,
    /// More than 128 bits hold.
    #[error("an amount that no sum can hold")]
    Overflow,
    /// Not 65 bytes with low s and v 27 or 28, or made by nobody.
    #[error("not a signature: {0}")]
    BadSignature(&'static str),
    /// Our own signature is not ours when it is read again; it is thrown away.
    #[error("our own signature does not lead back to our address")]
    SelfCheck,
    /// Something that this key never signs.
    #[error("never signed: {0}")]
    SigningFirewall(&'static str),
    /// A spender that is not the pinned one.
    #[error("not the pinned spender")]
    Spender,
    /// A sign-in that is not what it should be.
    #[error("sign-in refused: {0}")]
    SignIn(&'static str),
    /// Another chain than the one that was meant.
    #[error("another chain")]
    Network,
    /// Another name, version or separator than the table of tokens has.
    #[error("another EIP-712 domain than the listed one")]
    DomainMismatch,
    /// Another number of decimals than the table of tokens has.
    #[error("another number of decimals than the listed one")]
    DecimalsMismatch,
}

impl Refused {
    /// The stable word for records and answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadAddress => "bad_address",
            Self::BadPayee(_) => "bad_payee",
            Self::BadAmount => "bad_amount",
            Self::ZeroAmount => "zero_amount",
            Self::Overflow => "overflow",
            Self::BadSignature(_) => "bad_signature",
            Self::SelfCheck => "self_check",
            Self::SigningFirewall(_) => "signing_firewall",
            Self::Spender => "spender",
            Self::SignIn(_) => "siwx",
            Self::Network => "network",
            Self::DomainMismatch => "domain_mismatch",
            Self::DecimalsMismatch => "decimals_mismatch",
        }
    }
}
