use std::fmt;

use crate::Class;

/// Why an exchange with something outside failed.
///
/// Its text names at most host and port: never credentials, a path or a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressError {
    kind: Kind,
    sent: bool,
    detail: String,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A rule of ours says no; nothing was sent.
    Refused(Rule),
    /// The name has no address, or the resolver failed.
    Dns,
    /// No vetted address accepted a connection.
    Connect,
    /// The TLS handshake failed: most often a certificate.
    Tls,
    /// A time limit passed.
    Timeout(Phase),
    /// The peer closed or reset the connection before its reply was whole.
    Reset,
    /// The reply is larger than a limit.
    TooLarge,
    /// The reply breaks HTTP, or a rule this client keeps.
    Protocol(Violation),
}

/// Which rule refused a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The address is of a class that may not be dialled.
    Address(Class),
    /// The URL is not `http` or `https`.
    Scheme,
    /// The URL holds a user name or a password.
    UserInfo,
    /// The URL has no host, or a fragment.
    Malformed,
}

/// Which part of an exchange ran out of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Resolving, connecting and the TLS handshake.
    Connect,
    /// Sending the request and waiting for the head of the reply.
    FirstByte,
    /// Waiting for the next part of a streamed reply.
    Idle,
    /// Reading a whole reply.
    Total,
}

/// How a reply broke the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Not HTTP/1.
    Http,
    /// A redirect: none is ever followed.
    Redirect,
    /// Compressed, although `identity` alone was offered.
    ContentEncoding,
    /// 101 without having been asked.
    Upgrade,
}

impl EgressError {
    pub(crate) fn new(kind: Kind, sent: bool, detail: impl Into<String>) -> Self {
        Self { kind, sent, detail: detail.into() }
    }

    pub(crate) fn refused(rule: Rule, detail: impl Into<String>) -> Self {
        Self::new(Kind::Refused(rule), false, detail)
    }

    pub(crate) fn hyper(error: &hyper::Error, sent: bool, origin: &str) -> Self {
        let text = error.to_string();
        // hyper tells this case apart by method only when it is built as a server.
        let kind = if text.contains("too large") {
            Kind::TooLarge
        } else if error.is_parse() {
            Kind::Protocol(Violation::Http)
        } else {
            Kind::Reset
        };
        Self::new(kind, sent, format!("{origin}: {text}"))
    }

    /// What went wrong.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether bytes of the request may have reached the peer.
    pub const fn sent(&self) -> bool {
        self.sent
    }

    /// Whether the same request can be made again without any chance that the peer sees it twice.
    pub const fn retry_safe(&self) -> bool {
        !self.sent && !matches!(self.kind, Kind::Refused(_))
    }

    /// A stable word for records and metrics.
    pub const fn code(&self) -> &'static str {
        match self.kind {
            Kind::Refused(Rule::Address(_)) => "address_refused",
            Kind::Refused(Rule::Scheme) => "scheme_refused",
            Kind::Refused(Rule::UserInfo) => "userinfo_refused",
            Kind::Refused(Rule::Malformed) => "url_malformed",
            Kind::Dns => "dns_failed",
            Kind::Connect => "connect_failed",
            Kind::Tls => "tls_failed",
            Kind::Timeout(Phase::Connect) => "connect_timeout",
            Kind::Timeout(Phase::FirstByte) => "first_byte_timeout",
            Kind::Timeout(Phase::Idle) => "idle_timeout",
            Kind::Timeout(Phase::Total) => "total_timeout",
            Kind::Reset => "connection_reset",
            Kind::TooLarge => "reply_too_large",
            Kind::Protocol(Violation::Http) => "reply_malformed",
            Kind::Protocol(Violation::Redirect) => "redirect_refused",
            Kind::Protocol(Violation::ContentEncoding) => "content_encoding_refused",
            Kind::Protocol(Violation::Upgrade) => "upgrade_refused",
        }
    }
}

impl fmt::Display for EgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail)
    }
}

impl std::error::Error for EgressError {}
