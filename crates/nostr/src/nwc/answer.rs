use serde::Deserialize;
use serde_json::{Map, Value};

use crate::event::{Event, Unverified};
use crate::nwc::{Connection, KIND_RESPONSE};

/// A request that was made. The event may be sent to several relays and several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The event.
    pub event: Event,
    /// The method it asks for.
    pub method: &'static str,
}

/// What came over a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is no answer to this request: go on waiting.
    Ignored,
    /// The wallet answered, and not in a form that means anything. Money may have moved: hold with `bad_response`.
    BadResponse,
    /// The wallet's answer.
    Answer(Answer),
}

/// The result, or why there is none.
pub type Answer = Result<Map<String, Value>, WalletError>;

/// An error of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletError {
    /// What it says is wrong.
    pub code: ErrorCode,
    /// Its words, without secrets: data, cut to 2 KiB.
    pub message: String,
}

/// The codes of NIP-47.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Too many requests.
    RateLimited,
    /// An unknown method.
    NotImplemented,
    /// Not enough money.
    InsufficientBalance,
    /// The wallet's own limit is reached.
    QuotaExceeded,
    /// Not allowed to this key.
    Restricted,
    /// No wallet for this key.
    Unauthorized,
    /// Another encryption is wanted.
    UnsupportedEncryption,
    /// The payment failed, which may hide that it timed out.
    PaymentFailed,
    /// Nothing by that name.
    NotFound,
    /// An internal error.
    Internal,
    /// Another one, or a code that is not known.
    Other,
}

impl ErrorCode {
    /// Reads a code; whatever is not known is [`ErrorCode::Other`].
    pub fn read(code: &str) -> Self {
        match code {
            "RATE_LIMITED" => Self::RateLimited,
            "NOT_IMPLEMENTED" => Self::NotImplemented,
            "INSUFFICIENT_BALANCE" => Self::InsufficientBalance,
            "QUOTA_EXCEEDED" => Self::QuotaExceeded,
            "RESTRICTED" => Self::Restricted,
            "UNAUTHORIZED" => Self::Unauthorized,
            "UNSUPPORTED_ENCRYPTION" => Self::UnsupportedEncryption,
            "PAYMENT_FAILED" => Self::PaymentFailed,
            "NOT_FOUND" => Self::NotFound,
            "INTERNAL" => Self::Internal,
            _ => Self::Other,
        }
    }

    /// The reason to refuse with where it is certain that nothing was paid; `None` where it is not.
    pub const fn definite(self) -> Option<&'static str> {
        match self {
            Self::RateLimited => Some("wallet_busy"),
            Self::InsufficientBalance => Some("insufficient"),
            Self::QuotaExceeded => Some("wallet_quota"),
            Self::Restricted | Self::Unauthorized => Some("wallet_auth"),
            Self::NotImplemented | Self::UnsupportedEncryption => Some("wallet_unavailable"),
            Self::PaymentFailed | Self::NotFound | Self::Internal | Self::Other => None,
        }
    }
}

#[derive(Deserialize)]
struct Response {
    result_type: String,
    error: Option<ErrorBody>,
    result: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    #[serde(default)]
    message: String,
}

impl Connection {
    /// Judges an event that may answer `sent`: of the wallet, signed, naming the request in its first tag `e`. Its time is
    /// not looked at, since the tag binds it (NWC-17).
    pub fn hear(&self, sent: &Sent, event: Unverified) -> Heard {
        let Ok(event) = event.verify() else { return Heard::Ignored };
        let ours = event.kind() == KIND_RESPONSE
            && event.author() == self.wallet()
            && event.value("e") == Some(sent.event.id_hex())
            && event.value("p").is_none_or(|key| key == self.client().to_hex());
        if !ours {
            return Heard::Ignored;
        }
        let plain = self.conversation().open(event.content());
        let read = plain.ok().and_then(|plain| serde_json::from_str::<Response>(&plain).ok());
        let Some(read) = read.filter(|read| read.result_type == sent.method) else {
            return Heard::BadResponse;
        };
        match (read.error, read.result) {
            (Some(error), None) => {
                let message = self.scrub(&error.message);
                let message = message[..message.floor_char_boundary(2048)].to_owned();
                Heard::Answer(Err(WalletError { code: ErrorCode::read(&error.code), message }))
            }
            (None, Some(result)) => Heard::Answer(Ok(result)),
            // Both or neither say nothing.
            _ => Heard::BadResponse,
        }
    }
}
