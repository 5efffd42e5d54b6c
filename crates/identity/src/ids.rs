use model::{PrincipalId, TenantId};
use thiserror::Error;

/// Longest id of a principal or a tenant, in bytes. Session tokens count on it (see `session`).
pub const MAX_ID: usize = 64;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no id for a principal or tenant: use 1 to 64 of A-Z, a-z, 0-9 and `. _ @ : + -`")]
pub struct IdError(String);

/// Checks and takes the id of a principal, such as `alice` or `ci@acme`.
pub fn principal_id(text: &str) -> Result<PrincipalId, IdError> {
    check(text).map(PrincipalId::new)
}

/// Checks and takes the id of a tenant, such as `acme`.
pub fn tenant_id(text: &str) -> Result<TenantId, IdError> {
    check(text).map(TenantId::new)
}

/// Ids go into records, metrics, policies and tokens, so they hold nothing that any of those would have to escape.
fn check(text: &str) -> Result<&str, IdError> {
    let lawful =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b':' | b'+' | b'-');
    if (1..=MAX_ID).contains(&text.len()) && text.bytes().all(lawful) {
        Ok(text)
    } else {
        Err(IdError(text.chars().take(MAX_ID + 1).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_need_no_escaping_anywhere() {
        for good in ["alice", "ci@acme.example", "urn:agent:7", "a", &"x".repeat(64)] {
            assert_eq!(principal_id(good).unwrap().as_str(), good);
        }
        for bad in ["", " alice", "a b", "a\nb", "a\"b", "a/b", "\u{430}lice", &"x".repeat(65)] {
            assert!(principal_id(bad).is_err() && tenant_id(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_error_shows_of_a_long_text_only_that_it_is_too_long() {
        assert_eq!(principal_id(&"x".repeat(1_000)), Err(IdError("x".repeat(MAX_ID + 1))));
    }
}
