use thiserror::Error;

/// Why a source cannot be set up as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The URL may not be dialled, or a certificate file cannot be used.
    #[error("the server's address cannot be used: {0}")]
    Target(String),
    /// A name or value that HTTP does not allow. The value is not shown.
    #[error("the header `{0}` has a name or a value that HTTP does not allow")]
    Header(String),
    /// A header that belongs to the protocol.
    #[error("the header `{0}` is set by the protocol itself: leave it out")]
    OwnHeader(String),
    /// HTTP+SSE has no modern form.
    #[error("HTTP+SSE knows only the legacy era: leave `era` out")]
    ModernSse,
    /// A command that must not or cannot be started.
    #[error("the program cannot be started: {0}")]
    Program(String),
}
