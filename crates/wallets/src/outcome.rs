use std::fmt;

use lightning::{PaymentHash, Preimage};

/// Stable words for what a wallet came to.
pub mod codes {
    /// The wallet has not enough.
    pub const INSUFFICIENT: &str = "insufficient";
    /// A budget within the wallet is used up.
    pub const WALLET_QUOTA: &str = "wallet_quota";
    /// The wallet wants to be asked less often.
    pub const WALLET_BUSY: &str = "wallet_busy";
    /// The wallet does not take the key, or there is none.
    pub const WALLET_AUTH: &str = "wallet_auth";
    /// The wallet cannot be reached, or does not do what it is asked.
    pub const WALLET_UNAVAILABLE: &str = "wallet_unavailable";
    /// The fee would be more than the limit.
    pub const FEE_LIMIT: &str = "fee_limit";
    /// The wallet tried and failed: no route, or the payee refused.
    pub const PAYMENT_FAILED: &str = "payment_failed";
    /// The invoice names no amount.
    pub const INVOICE_AMOUNT: &str = "invoice_amount";
    /// The wallet says that the invoice has expired.
    pub const INVOICE_EXPIRED: &str = "invoice_expired";
    /// The request may have reached the wallet, and no answer came that says what became of it.
    pub const SENT_UNKNOWN: &str = "sent_unknown";
    /// The answer contradicts the request or itself, or cannot be read.
    pub const BAD_RESPONSE: &str = "bad_response";
    /// The preimage does not prove the payment.
    pub const BAD_PROOF: &str = "bad_proof";
    /// The wallet says that it paid, and shows no preimage.
    pub const NO_PROOF: &str = "no_proof";
}

/// What became of a payment.
pub enum Outcome {
    /// Paid, and proven.
    Settled {
        /// The proof: its SHA-256 is the payment hash.
        preimage: Preimage,
        /// The fee in msat, as the wallet says; `None` if it does not say.
        fee_msat: Option<u64>,
    },
    /// Definite: nothing was paid, and nothing will be.
    Failed(Trouble),
    /// The wallet is at it.
    InFlight,
    /// Nobody knows: only a look-up ends this, never time alone.
    Unknown(Trouble),
    /// From a look-up only: the wallet's books have no such payment. Definite only where none can be on its way to them any more.
    Absent,
}

impl Outcome {
    pub(crate) fn failed(code: &'static str, why: impl Into<String>) -> Self {
        Self::Failed(Trouble::new(code, why))
    }

    pub(crate) fn unknown(code: &'static str, why: impl Into<String>) -> Self {
        Self::Unknown(Trouble::new(code, why))
    }

    /// Settled, if the preimage that the wallet shows proves it.
    pub(crate) fn proven(
        preimage: Option<&str>,
        hash: &PaymentHash,
        fee_msat: Option<u64>,
    ) -> Self {
        let Some(text) = preimage.filter(|text| !text.is_empty()) else {
            return Self::unknown(
                codes::NO_PROOF,
                "the wallet says that it paid, and shows no preimage",
            );
        };
        match Preimage::proof(text, hash) {
            Ok(preimage) => Self::Settled { preimage, fee_msat },
            Err(why) => Self::unknown(codes::BAD_PROOF, why.to_string()),
        }
    }

    /// The word for it: of a trouble its code, else `settled`, `in_flight` or `absent`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Settled { .. } => "settled",
            Self::Failed(trouble) | Self::Unknown(trouble) => trouble.code,
            Self::InFlight => "in_flight",
            Self::Absent => "absent",
        }
    }
}

/// Without the preimage.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settled { preimage: _, fee_msat } => {
                f.debug_struct("Settled").field("fee_msat", fee_msat).finish_non_exhaustive()
            }
            Self::Failed(why) => f.debug_tuple("Failed").field(why).finish(),
            Self::InFlight => f.write_str("InFlight"),
            Self::Unknown(why) => f.debug_tuple("Unknown").field(why).finish(),
            Self::Absent => f.write_str("Absent"),
        }
    }
}

/// A reason: a stable word and a sentence. Neither holds a key; the sentence may quote a few words of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// One of [`codes`].
    pub code: &'static str,
    /// A sentence for people.
    pub why: String,
}

impl Trouble {
    pub(crate) fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.why)
    }
}

impl std::error::Error for Trouble {}
