//! Cashu over HTTP (NUT-24): a payment request in `X-Cashu`, answered by a token in the same field.

use model::money::MoneyRule;
use zeroize::Zeroizing;

use crate::{Credential, Flaw, MAX_HEADER, Place};

/// The field of request and token.
pub const HEADER: &str = "X-Cashu";

/// A payment request as it stands in the field: `creqA…` (NUT-18) or `creqB1…` (NUT-26). What it says is for those that
/// decode it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The text.
    pub text: String,
}

impl Request {
    /// Recognises a request.
    ///
    /// # Errors
    /// `too_large`, `header_injection`, or `bad_challenge` for what has neither prefix.
    pub fn read(value: &[u8]) -> Result<Self, Flaw> {
        if value.len() > MAX_HEADER {
            return Err(Flaw::new(
                MoneyRule::TooLarge,
                "The Cashu request is longer than a header may be.",
            ));
        }
        if value.iter().any(u8::is_ascii_control) {
            return Err(Flaw::new(
                MoneyRule::HeaderInjection,
                "The Cashu request has control characters.",
            ));
        }
        let text = std::str::from_utf8(value).unwrap_or_default().trim();
        let bech32 = text.get(..6).is_some_and(|head| matches!(head, "creqb1" | "CREQB1"));
        if text.is_ascii() && (text.starts_with("creqA") || bech32) {
            return Ok(Self { text: text.to_owned() });
        }
        Err(Flaw::new(MoneyRule::BadChallenge, "The Cashu request is of no known form."))
    }
}

/// The field that pays: a token `cashuB…`.
///
/// # Errors
/// `bad_credential` for what is no such token.
pub fn credential(token: Zeroizing<String>) -> Result<Credential, Flaw> {
    let lawful = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'+' | b'/' | b'=');
    if token.starts_with("cashuB") && token.bytes().all(lawful) {
        return Ok(Credential::new(Place::Header(HEADER), token));
    }
    Err(Flaw::new(MoneyRule::BadCredential, "What should pay is no Cashu token of version 4."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_recognised_and_bech32_in_one_case() {
        // CSH-01..03
        for good in ["creqAo2FhCm", "CREQB1QGQ", "creqb1qgq", " creqAo2 "] {
            assert_eq!(Request::read(good.as_bytes()).unwrap().text, good.trim());
        }
        for bad in ["", "creqB1QGQ", "CreqB1", "creqa", "cashuBo2", "creqA\u{e9}"] {
            assert_eq!(
                Request::read(bad.as_bytes()).unwrap_err().rule,
                MoneyRule::BadChallenge,
                "{bad}"
            );
        }
        assert_eq!(Request::read(b"creqA\r\nX: 1").unwrap_err().rule, MoneyRule::HeaderInjection);
    }

    #[test]
    fn only_a_token_of_version_4_pays() {
        let credential = |t: &str| credential(Zeroizing::new(t.to_owned()));
        assert_eq!(credential("cashuBo2F").unwrap().reveal(), "cashuBo2F");
        for bad in ["cashuAeyJ", "cashuB\r\nX: 1", "cashuB o", ""] {
            assert!(credential(bad).is_err(), "{bad}");
        }
    }
}
