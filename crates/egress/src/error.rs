use std::error::Error as _;
use std::fmt;

use model::Masks;

use crate::fault::Fault;
use crate::rule::{Refusal, Rule};

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
    /// A credential needs a secret that was not given out, or has a value that fits nowhere; nothing was sent.
    Secret,
    /// A header field that is not the caller's to set; nothing was sent.
    Header,
    /// The upstream answered with a redirect that is not followed.
    Redirect(Stop),
    /// A compressed reply cannot be unpacked within its bounds.
    Decoding(Packed),
    /// The proxy refused, or does not speak its protocol; nothing was sent to the target.
    Proxy,
}

/// Why a redirect was not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// One hop more than is allowed.
    Limit,
    /// The new place is refused by the rules for every target.
    Target(Rule),
    /// From `https` to `http`.
    Insecure,
    /// There is no `Location`, or it is no URL.
    Malformed,
    /// `Location` is longer than 8 KiB.
    TooLong,
    /// Another origin would get a body, or a method that changes something.
    Body,
    /// The request carries a payment; those are never sent on.
    Paid,
    /// Its place holds a secret that went to another origin.
    Secret,
}

/// How a compressed reply failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// The data is damaged, ends early or goes on after its end.
    Damaged,
    /// It unpacks to far more than it is: a compression bomb.
    Ratio,
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
    /// Not HTTP/1.1, or not HTTP/2 where the handshake agreed on that.
    Http,
    /// A redirect, where none is followed.
    Redirect,
    /// Compressed in a way that was not offered.
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

    /// What a credential answers that cannot be applied; nothing was sent.
    pub fn secret(detail: impl Into<String>) -> Self {
        Self::new(Kind::Secret, false, detail)
    }

    /// The same failure, with marks in the place of secrets.
    pub(crate) fn masked(self, masks: &Masks) -> Self {
        Self { detail: masks.text(self.detail), ..self }
    }

    /// The same failure of a later hop: an earlier one has reached its peer.
    pub(crate) fn after_sending(mut self, sent: bool) -> Self {
        self.sent |= sent;
        self
    }

    /// What a connection failed of.
    pub(crate) fn fault(fault: &Fault, sent: bool, origin: &str) -> Self {
        Self::new(fault.kind, sent, format!("{origin}: {}", fault.detail))
    }

    /// What went wrong.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence, without the code.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether bytes of the request may have reached the peer.
    pub const fn sent(&self) -> bool {
        self.sent
    }

    /// Whether the same request can be made again without any chance that the peer sees it twice.
    pub const fn retry_safe(&self) -> bool {
        !self.sent && !matches!(self.kind, Kind::Refused(_) | Kind::Secret | Kind::Header)
    }

    /// A stable word for records and metrics.
    pub const fn code(&self) -> &'static str {
        match self.kind {
            Kind::Refused(rule) => rule.code(),
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
            Kind::Secret => "secret_not_given",
            Kind::Header => "header_refused",
            Kind::Redirect(Stop::Limit) => "redirect_limit",
            Kind::Redirect(Stop::Target(_)) => "redirect_target_refused",
            Kind::Redirect(Stop::Insecure) => "redirect_insecure",
            Kind::Redirect(Stop::Malformed) => "redirect_malformed",
            Kind::Redirect(Stop::TooLong) => "redirect_too_long",
            Kind::Redirect(Stop::Body) => "redirect_body",
            Kind::Redirect(Stop::Paid) => "redirect_paid",
            Kind::Redirect(Stop::Secret) => "redirect_secret",
            Kind::Decoding(Packed::Damaged) => "reply_damaged",
            Kind::Decoding(Packed::Ratio) => "compression_bomb",
            Kind::Proxy => "proxy_failed",
        }
    }
}

impl From<&hyper::Error> for Fault {
    /// What a failure of HTTP/2 comes to.
    fn from(error: &hyper::Error) -> Self {
        let text = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self { kind: of_http2(error).unwrap_or(Kind::Reset), detail: text.into() }
    }
}

fn of_http2(error: &hyper::Error) -> Option<Kind> {
    let cause = http2_cause(error)?;
    // What this side breaks off breaks the rules, or has a larger head than is taken: the library tells no difference.
    Some(if cause.is_library() { Kind::Protocol(Violation::Http) } else { Kind::Reset })
}

/// Whether the peer has promised that it has not looked at a request, and will not (RFC 9113, section 8.7).
pub(crate) fn unprocessed(error: &hyper::Error) -> bool {
    http2_cause(error).is_some_and(|cause| {
        let refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
        cause.is_remote() && (cause.is_go_away() || refused)
    })
}

fn http2_cause(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

impl fmt::Display for EgressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail)
    }
}

impl std::error::Error for EgressError {}

impl From<Refusal> for EgressError {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.rule, refusal.reason)
    }
}
