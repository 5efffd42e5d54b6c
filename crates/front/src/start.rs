//! What a gate may not start with.

use std::net::SocketAddr;

use http::{HeaderValue, Uri};
use thiserror::Error;

use crate::hosts::{Hosts, is_origin};
use crate::webhook::BadHook;
use crate::{Settings, tls};

/// Why a gate does not start listening. Each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    /// Anybody in reach could call.
    #[error(
        "listening on {0} lets others call without proving who they are: listen on 127.0.0.1, or make API keys and turn authentication on"
    )]
    Open(SocketAddr),
    /// Keys would travel in the clear.
    #[error(
        "listening on {0} without TLS sends keys in the clear: listen on 127.0.0.1, set a certificate and key, or set `behind-proxy` to the addresses of the proxy that ends TLS"
    )]
    Clear(SocketAddr),
    /// Every interface, and no name to expect.
    #[error(
        "listening on {0} leaves open which `Host` to answer: set `public-url` or `allowed-hosts`"
    )]
    NoHost(SocketAddr),
    /// A proxy that is nobody.
    #[error("`behind-proxy` names no address: name the proxies, or leave it out")]
    NoProxy,
    /// Not an entry of `allowed-hosts`.
    #[error("`{0}` is no host: use `name` or `name:port`")]
    Host(String),
    /// Not an entry of `allowed-origins`.
    #[error(
        "`{0}` is no origin: use scheme, host and port as a browser sends them, such as `https://app.example`"
    )]
    Origin(String),
    /// Not a public URL.
    #[error("`{0}` is no public URL: use `https://name` or `http://name`, without a path")]
    PublicUrl(String),
    /// Not a value of the header.
    #[error("the value for Strict-Transport-Security holds characters that a header cannot hold")]
    Hsts,
    /// The certificate or its key.
    #[error("TLS: {0}")]
    Tls(String),
    /// A route for signed requests.
    #[error(transparent)]
    Webhook(#[from] BadHook),
    /// No randomness, for session ids.
    #[error(transparent)]
    NoEntropy(#[from] ambient::NoEntropy),
    /// The listener does not know where it listens.
    #[error("the listener has no address: {0}")]
    Listener(#[from] std::io::Error),
}

pub(crate) fn check(settings: &Settings) -> Result<(), StartError> {
    let listen = settings.listen;
    let proxied = settings.behind_proxy.as_ref();
    if !listen.ip().to_canonical().is_loopback() {
        if !settings.authenticated {
            return Err(StartError::Open(listen));
        }
        if settings.tls.is_none() && proxied.is_none() {
            return Err(StartError::Clear(listen));
        }
    }
    if proxied.is_some_and(Vec::is_empty) {
        return Err(StartError::NoProxy);
    }
    if let Some(url) = &settings.public_url {
        public_url(url)?;
    }
    Hosts::new(settings, listen)?;
    if let Some(bad) = settings.allowed_origins.iter().find(|o| !is_origin(o)) {
        return Err(StartError::Origin(bad.clone()));
    }
    if settings.hsts.as_deref().is_some_and(|value| HeaderValue::from_str(value).is_err()) {
        return Err(StartError::Hsts);
    }
    if let Some(webhooks) = &settings.webhooks {
        webhooks.check()?;
    }
    settings.tls.as_ref().map_or(Ok(()), |t| tls::config(t).map(|_| ()))
}

/// Scheme and authority of a public URL that has nothing else.
pub(crate) fn public_url(url: &str) -> Result<(bool, String), StartError> {
    let bad = || StartError::PublicUrl(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(bad()),
    };
    let authority = uri.authority().ok_or_else(bad)?.as_str();
    if authority.contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(bad());
    }
    Ok((https, authority.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(listen: &str, change: impl FnOnce(&mut Settings)) -> Result<(), StartError> {
        let mut settings = Settings::new(listen.parse().unwrap());
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn loopback_needs_nothing_g_audit_20() {
        assert!(at("127.0.0.1:8402", |s| s.authenticated = false).is_ok());
        assert!(at("[::1]:8402", |_| {}).is_ok());
    }

    // g-audit-20, g-audit-21, g-policy-30
    #[test]
    fn beyond_loopback_nothing_starts_without_authentication_and_tls_or_a_proxy() {
        for everywhere in ["0.0.0.0:8402", "[::]:8402", "10.1.2.3:8402", "[::ffff:10.1.2.3]:8402"] {
            let named = |s: &mut Settings| s.allowed_hosts = vec!["gate.example".to_owned()];
            assert!(matches!(
                at(everywhere, |s| {
                    named(s);
                    s.authenticated = false;
                    s.behind_proxy = Some(vec!["10.0.0.5".parse().unwrap()]);
                }),
                Err(StartError::Open(_))
            ));
            assert!(matches!(at(everywhere, named), Err(StartError::Clear(_))));
            let proxied = |s: &mut Settings| {
                named(s);
                s.behind_proxy = Some(vec!["10.0.0.5".parse().unwrap()]);
            };
            assert!(at(everywhere, proxied).is_ok(), "{everywhere}");
        }
    }

    #[test]
    fn every_interface_without_a_name_to_answer_to_does_not_start() {
        let proxied = |s: &mut Settings| {
            s.behind_proxy = Some(vec!["10.0.0.0/8".parse().unwrap()]);
        };
        assert!(matches!(at("0.0.0.0:8402", proxied), Err(StartError::NoHost(_))));
        let none = |s: &mut Settings| s.behind_proxy = Some(Vec::new());
        assert!(matches!(at("127.0.0.1:1", none), Err(StartError::NoProxy)));
    }

    #[test]
    fn what_cannot_be_an_origin_host_url_or_header_is_named() {
        for bad in ["*", "null", "https://a.example/", "app.example", "https://u@a.example", ""] {
            let refused = at("127.0.0.1:1", |s| s.allowed_origins = vec![bad.to_owned()]);
            assert!(matches!(refused, Err(StartError::Origin(_))), "{bad}");
        }
        for bad in ["*", "a b", "a:99999", "http://a", "", "a:"] {
            let refused = at("127.0.0.1:1", |s| s.allowed_hosts = vec![bad.to_owned()]);
            assert!(matches!(refused, Err(StartError::Host(_))), "{bad}");
        }
        for bad in ["gate.example", "ftp://a", "https://a/mcp", "https://a?x", "https://u@a"] {
            let refused = at("127.0.0.1:1", |s| s.public_url = Some(bad.to_owned()));
            assert!(matches!(refused, Err(StartError::PublicUrl(_))), "{bad}");
        }
        let hsts = at("127.0.0.1:1", |s| s.hsts = Some("max-age=1\r\nX: y".to_owned()));
        assert!(matches!(hsts, Err(StartError::Hsts)));
    }
}
