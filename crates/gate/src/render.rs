//! The one place that turns a refusal into what a client sees.

use bytes::Bytes;
use model::{Code, Refusal};
use protocol::json::{Edit, Limits, Object, quote};
use protocol::mcp::Era;
use protocol::rpc::RpcError;

use crate::Vetted;

/// A refusal as an answer to a client of that era.
pub(crate) fn refusal(refusal: &Refusal, era: Era) -> Vetted {
    let code = refusal.code;
    let error =
        RpcError::new(rpc_code(code, era), refusal.message.clone()).with_data(data(refusal));
    Vetted::error(error, code.http(), is_transport(code))
        .retry_after(refusal.retry_after)
        .challenge(challenge(refusal))
}

/// Codes of one era must not be said in the other (2026-07-28 basic/index, error codes).
const fn rpc_code(code: Code, era: Era) -> i32 {
    match (code, era) {
        (Code::ResourceNotFound, Era::Modern) => -32602,
        (
            Code::HeaderMismatch | Code::MissingCapability | Code::UnsupportedVersion,
            Era::Legacy,
        ) => -32600,
        _ => code.rpc(),
    }
}

/// Refusals that HTTP itself has a status for, whatever the era.
const fn is_transport(code: Code) -> bool {
    matches!(
        code,
        Code::Unauthenticated
            | Code::InsufficientScope
            | Code::ForbiddenOrigin
            | Code::SessionNotFound
            | Code::TooLarge
            | Code::TooManySessions
            | Code::TooManyFailedLogins
            | Code::ParseError
            | Code::Draining
    )
}

/// `error.data`: the stable code, whether to retry, and what the refusal itself adds.
fn data(refusal: &Refusal) -> Bytes {
    let own = refusal.data.as_ref().and_then(|text| {
        Object::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::REQUEST).ok()
    });
    let own = own.unwrap_or_else(Object::empty);
    let code = quote(refusal.code.as_str());
    let mut edit = Edit::new().set("code", code.into_bytes());
    if refusal.code.retryable() {
        edit = edit.set("retryable", &b"true"[..]);
    }
    if let Some(after) = refusal.retry_after {
        edit = edit.set("retryAfterMs", after.as_millis().to_string().into_bytes());
    }
    edit.apply(&own)
}

/// `WWW-Authenticate` (RFC 6750 section 3) for the refusals that ask for a credential or a wider one.
fn challenge(refusal: &Refusal) -> Option<String> {
    match refusal.code {
        Code::Unauthenticated => Some("Bearer realm=\"portcullis\"".to_owned()),
        Code::InsufficientScope => {
            let scope = refusal.detail.as_deref().unwrap_or_default();
            let scope: String =
                scope.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect();
            Some(format!(
                "Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"{scope}\""
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_legacy_client_never_reads_404_for_an_error_and_a_modern_one_does() {
        let vetted = refusal(&Refusal::new(Code::MethodNotFound, "no such method"), Era::Legacy);
        assert_eq!((vetted.status(Era::Legacy), vetted.status(Era::Modern)), (200, 404));
    }

    #[test]
    fn each_era_has_its_own_codes() {
        for (code, legacy, modern) in [
            (Code::ResourceNotFound, -32002, -32602),
            (Code::HeaderMismatch, -32600, -32020),
            (Code::MissingCapability, -32600, -32021),
            (Code::UnsupportedVersion, -32600, -32022),
            (Code::Unavailable, -32602, -32602),
        ] {
            assert_eq!(
                (rpc_code(code, Era::Legacy), rpc_code(code, Era::Modern)),
                (legacy, modern)
            );
        }
    }

    #[test]
    fn a_wait_is_told_in_the_header_and_in_the_data() {
        let no = Refusal::new(Code::RateLimited, "slow down").retry_after(Duration::from_secs(2));
        let vetted = refusal(&no, Era::Modern);
        assert_eq!(vetted.wait(), Some(Duration::from_secs(2)));
        let text = vetted.into_message(None).into_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(
            text.contains(r#""data":{"code":"rate_limited","retryable":true,"retryAfterMs":2000}"#),
            "{text}"
        );
    }

    #[test]
    fn a_scope_in_a_challenge_cannot_end_its_quotes() {
        let no = Refusal::new(Code::InsufficientScope, "x").detail("tool:a\"\r\nX: y");
        assert_eq!(
            refusal(&no, Era::Modern).www_authenticate(),
            Some("Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"tool:aX:y\"")
        );
    }
}
