/// A recording of which nothing can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A stable code: `har_too_large`, `har_invalid`, `har_no_calls`, `har_origin` or `har_server`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl Unreadable {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
