//! Which names this gate answers to, and which web pages may call it: against DNS rebinding.

use std::net::SocketAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::Settings;
use crate::start::{StartError, public_url};

/// Names that are answered, and origins that may call.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<(String, u16)>,
    origins: Vec<String>,
    default_port: u16,
}

/// What is wrong with the names in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misaddressed {
    /// No `Host`, several, or one that differs from the request's target.
    Malformed,
    /// A `Host` that is not listed.
    Host,
    /// An `Origin` that is not listed.
    Origin,
}

impl Hosts {
    pub(crate) fn new(settings: &Settings, at: SocketAddr) -> Result<Self, StartError> {
        let public = settings.public_url.as_deref().map(public_url).transpose()?;
        let https = settings.tls.is_some() || public.as_ref().is_some_and(|(https, _)| *https);
        let default_port = if https { 443 } else { 80 };
        let mut texts = settings.allowed_hosts.clone();
        texts.extend(public.map(|(_, authority)| authority));
        if settings.allowed_hosts.is_empty() && !at.ip().is_unspecified() {
            texts.push(at.to_string());
            if at.ip().is_loopback() {
                texts.push(format!("localhost:{}", at.port()));
            }
        }
        if texts.is_empty() {
            return Err(StartError::NoHost(at));
        }
        let scheme = if https { "https" } else { "http" };
        let mut hosts =
            Self { names: Vec::new(), origins: settings.allowed_origins.clone(), default_port };
        for text in texts {
            let (name, port) = split(&text).ok_or_else(|| StartError::Host(text.clone()))?;
            hosts.names.push((name.to_ascii_lowercase(), port.unwrap_or(default_port)));
            // A page that this very host served is no stranger.
            hosts.origins.push(format!("{scheme}://{}", text.to_ascii_lowercase()));
        }
        Ok(hosts)
    }

    /// Checks `Host` (and the request's target, which must agree with it), then `Origin`; gives the origin if there
    /// is one.
    pub(crate) fn check<'a>(&self, head: &'a Parts) -> Result<Option<&'a str>, Misaddressed> {
        let mut hosts = head.headers.get_all(HOST).iter();
        let host = match hosts.next() {
            Some(host) => Some(host.to_str().map_err(|_| Misaddressed::Malformed)?),
            None => None,
        };
        let target = head.uri.authority().map(http::uri::Authority::as_str);
        if hosts.next().is_some() || (host.is_none() && target.is_none()) {
            return Err(Misaddressed::Malformed);
        }
        for name in [host, target].into_iter().flatten() {
            if !self.answers(name) {
                return Err(Misaddressed::Host);
            }
        }
        if let (Some(host), Some(target)) = (host, target)
            && !host.eq_ignore_ascii_case(target)
        {
            return Err(Misaddressed::Malformed);
        }
        let mut origins = head.headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(None) };
        let origin = origin.to_str().map_err(|_| Misaddressed::Origin)?;
        let listed = origins.next().is_none() && self.origins.iter().any(|o| o == origin);
        if listed { Ok(Some(origin)) } else { Err(Misaddressed::Origin) }
    }

    fn answers(&self, text: &str) -> bool {
        split(text).is_some_and(|(name, port)| {
            let port = port.unwrap_or(self.default_port);
            self.names.iter().any(|(n, p)| *p == port && n.eq_ignore_ascii_case(name))
        })
    }
}

/// Name and port of `name`, `name:port`, `[address]` or `[address]:port`.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = if text.starts_with('[') {
        let end = text.find(']')? + 1;
        text[1..end - 1].parse::<std::net::Ipv6Addr>().ok()?;
        (&text[..end], &text[end..])
    } else {
        let end = text.find(':').unwrap_or(text.len());
        let name = &text[..end];
        let lawful = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if name.is_empty() || !name.bytes().all(lawful) {
            return None;
        }
        (name, &text[end..])
    };
    match port.strip_prefix(':') {
        None => port.is_empty().then_some((name, None)),
        Some(digits) => {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().map(|port| (name, Some(port)))
        }
    }
}

/// Whether a text has the form in which browsers send origins.
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let word =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.');
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(word)
        && !rest.bytes().any(|b| b.is_ascii_uppercase())
        && split(rest).is_some()
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
