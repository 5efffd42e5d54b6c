use serde_json::Value;

use crate::strict;
use model::money::MoneyRule;

/// Where the types of problems begin.
const BASE: &str = "https://paymentauth.org/problems/";

/// The types of problems (RFC 9457) that the scheme names, without the part they share.
pub const PROBLEMS: [&str; 22] = [
    "payment-required",
    "payment-insufficient",
    "payment-expired",
    "verification-failed",
    "method-unsupported",
    "malformed-credential",
    "invalid-challenge",
    "lightning/malformed-credential",
    "lightning/unknown-challenge",
    "lightning/invalid-preimage",
    "lightning/expired-invoice",
    "lightning/session-not-found",
    "lightning/session-closed",
    "lightning/insufficient-balance",
    "lightning/challenge-expired",
    "lightning/invalid-return-invoice",
    "session/invalid-signature",
    "session/signer-mismatch",
    "session/insufficient-balance",
    "session/channel-not-found",
    "session/channel-finalized",
    "session/challenge-not-found",
];

/// Why a seller refused, in the seller's words. Texts are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of a type the scheme has; `None` for any other.
    pub kind: Option<&'static str>,
    /// The title.
    pub title: Option<String>,
    /// The detail.
    pub detail: Option<String>,
}

impl Problem {
    /// Reads `application/problem+json`; `None` if it is no JSON object within the bounds.
    pub fn read(body: &[u8]) -> Option<Self> {
        let value = strict::json(body, MoneyRule::BadJson).ok()?;
        let members = value.as_object()?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = text("type").and_then(|uri| uri.strip_prefix(BASE).map(str::to_owned));
        let kind = name.and_then(|name| PROBLEMS.into_iter().find(|known| *known == name));
        Some(Self { kind, title: text("title"), detail: text("detail") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_type_is_named_and_others_are_texts() {
        let known = br#"{"type":"https://paymentauth.org/problems/lightning/invalid-preimage","detail":"no"}"#;
        let problem = Problem::read(known).unwrap();
        assert_eq!(problem.kind, Some("lightning/invalid-preimage"));
        assert_eq!(Problem::read(br#"{"type":"about:blank"}"#).unwrap().kind, None);
        assert_eq!(Problem::read(b"<html>"), None);
    }
}
