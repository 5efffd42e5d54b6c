use thiserror::Error;

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// A stable code: `bad_challenge`, `bad_amount`, `zero_amount`, `overflow`, `too_large`, `header_injection`, `unit`,
    /// `mint`, `lock` for requests; `bad_token`, `bad_mint_url`, `bad_keyset`, `bad_key`, `bad_signature`,
    /// `insufficient`, `bad_response` for the rest.
    pub code: &'static str,
    /// A sentence. Nothing of what was read is in it.
    pub message: &'static str,
}

impl Fault {
    pub(crate) const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message }
    }
}
