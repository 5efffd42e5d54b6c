use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::{EgressError, Policy, Rule};

/// Where a client may go, and within which bounds.
#[derive(Debug, Clone)]
pub struct Target {
    /// The URL as configured: its origin is the only one the client ever talks to; its path and query are the default.
    pub base: Url,
    /// What else than public addresses is allowed.
    pub policy: Policy,
    /// Time and size limits.
    pub limits: Limits,
    /// Certificates (PEM) of authorities trusted besides those of the machine.
    pub extra_roots: Option<Vec<u8>>,
    /// Whether those are the only ones: the machine's are left out.
    pub extra_roots_only: bool,
    /// Whether HTTP/2 is offered, in the TLS handshake and nowhere else.
    pub http2: bool,
}

impl Target {
    /// A target with default limits and public addresses only.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            policy: Policy::default(),
            limits: Limits::default(),
            extra_roots: None,
            extra_roots_only: false,
            http2: false,
        }
    }
}

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Resolving, connecting and the TLS handshake together.
    pub connect: Duration,
    /// From sending the request to the head of the reply.
    pub first_byte: Duration,
    /// Longest pause inside a reply that is read as a stream, unless the reader says otherwise.
    pub idle: Duration,
    /// A whole exchange that is not streamed.
    pub total: Duration,
    /// Largest body that is collected, in bytes.
    pub max_body: usize,
    /// Most header fields in a reply.
    pub max_headers: usize,
    /// Largest head of a reply, in bytes.
    pub max_head: usize,
    /// Most connections kept for reuse.
    pub max_idle: usize,
    /// How long a connection is kept without use.
    pub keep: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(1),
            idle: Duration::from_mins(5),
            total: Duration::from_mins(1),
            max_body: 16 << 20,
            max_headers: 64,
            max_head: 32 << 10,
            max_idle: 32,
            keep: Duration::from_mins(1),
        }
    }
}

/// The checked form of a target's URL.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    /// `host:port` for messages and, without a default port, for `Host`.
    pub(crate) authority: Arc<str>,
}

impl Origin {
    pub(crate) fn of(url: &Url) -> Result<Self, EgressError> {
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            other => {
                return Err(EgressError::refused(
                    Rule::Scheme,
                    format!("`{other}` is not http or https"),
                ));
            }
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::refused(
                Rule::UserInfo,
                "the URL holds a user name or password; use the credentials setting",
            ));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(EgressError::refused(Rule::Malformed, "the URL has no host"));
        };
        if url.fragment().is_some() {
            return Err(EgressError::refused(Rule::Malformed, "the URL has a fragment"));
        }
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        Ok(Self { host: host.to_owned(), port, tls, authority: authority.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Result<Origin, EgressError> {
        Origin::of(&Url::parse(url).unwrap())
    }

    #[test]
    fn only_plain_http_urls_are_targets_and_no_error_shows_their_secrets() {
        for (url, rule) in [
            ("ftp://example.com/", Rule::Scheme),
            ("file:///etc/passwd", Rule::Scheme),
            ("http://user:hunter2@example.com/", Rule::UserInfo),
            ("http://example.com/#x", Rule::Malformed),
        ] {
            let error = origin(url).unwrap_err();
            assert_eq!(error.kind(), crate::Kind::Refused(rule), "{url}");
            assert!(!error.to_string().contains("hunter2") && !error.retry_safe());
        }
    }

    #[test]
    fn the_host_header_carries_a_port_only_when_it_is_not_the_default() {
        assert_eq!(origin("https://Example.com:443/x").unwrap().authority.as_ref(), "example.com");
        assert_eq!(origin("http://[::1]:9000/").unwrap().authority.as_ref(), "[::1]:9000");
    }
}
