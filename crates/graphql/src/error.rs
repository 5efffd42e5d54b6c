/// A description of which nothing can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// A stable code: `graphql_schema_too_large`, `graphql_schema_invalid`, `graphql_introspection`,
    /// `graphql_endpoint` or `graphql_documents`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

impl Unreadable {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
