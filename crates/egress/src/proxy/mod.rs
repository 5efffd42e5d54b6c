//! Proxies that an operator names for a target. None is ever taken from the environment.

mod connect;
mod socks;

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use model::{Secret, Secrets, Template, Usage};
use tokio::net::TcpStream;
use url::Host;

use crate::host::{self, Spelled};
use crate::{EgressError, Kind, Policy, Refusal, Rule, guard};

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP: `CONNECT` for `https` targets, the absolute form of the request for `http`.
    Http,
    /// SOCKS5 (RFC 1928); the proxy resolves the name.
    Socks5,
}

/// A proxy. It resolves the target's name, so that its answers cannot be vetted here: what the name and the list of hosts
/// say is all that is held against the target. The proxy's own addresses are vetted as those of a named private target.
pub struct Proxy {
    kind: ProxyKind,
    host: Host<String>,
    port: u16,
    login: Option<(Template, Template)>,
}

impl Proxy {
    /// Reads `http://host:port` or `socks5://host:port` (`socks5h` means the same).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = |what: &str| Refusal::new(Rule::Malformed, format!("this is no proxy: {what}"));
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("write it as `http://host:port`"))?;
        let kind = match scheme {
            "http" => ProxyKind::Http,
            "socks5" | "socks5h" => ProxyKind::Socks5,
            _ => return Err(Refusal::new(Rule::Scheme, "a proxy is `http://…` or `socks5://…`")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if guard::authority(authority)? != authority {
            return Err(wrong("nothing follows its port"));
        }
        let (host, port) = guard::split_port(authority)?;
        let host = match host::read(host)? {
            Spelled::Name(name) => Host::Domain(name),
            Spelled::Address(IpAddr::V4(ip)) => Host::Ipv4(ip),
            Spelled::Address(IpAddr::V6(ip)) => Host::Ipv6(ip),
        };
        let port = port.ok_or_else(|| wrong("it needs a port"))?;
        guard::host(&host, port, &Policy::default().allow(&host.to_string(), port))?;
        Ok(Self { kind, host, port, login: None })
    }

    /// Logs in with a user and a password; each may be a secret of the vault.
    #[must_use]
    pub fn with_login(mut self, user: Template, password: Template) -> Self {
        self.login = Some((user, password));
        self
    }

    /// How it is spoken to.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// That the operator names the proxy is what allows its address, if it is one that can be named.
    pub(crate) fn policy(&self) -> Policy {
        Policy::default().allow(&self.host.to_string(), self.port)
    }

    /// What a request in absolute form shows the proxy.
    pub(crate) async fn authorization(
        &self,
        secrets: &dyn Secrets,
    ) -> Result<Option<HeaderValue>, EgressError> {
        let Some((user, password)) = self.login(secrets).await? else { return Ok(None) };
        let text = format!("{}:{}", user.reveal(), password.reveal());
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(text)))
            .map_err(|_| EgressError::secret("the login of the proxy fits in no header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Asks the proxy for a way through to `host`; what is written on `stream` afterwards arrives there.
    pub(crate) async fn tunnel(
        &self,
        stream: &mut TcpStream,
        host: &Host<String>,
        port: u16,
        secrets: &dyn Secrets,
    ) -> Result<(), EgressError> {
        let done = match self.kind {
            ProxyKind::Http => {
                connect::tunnel(stream, host, port, self.authorization(secrets).await?).await
            }
            ProxyKind::Socks5 => {
                socks::tunnel(stream, host, port, self.login(secrets).await?).await
            }
        };
        done.map_err(|e| EgressError::new(Kind::Proxy, false, format!("proxy {self}: {e}")))
    }

    async fn login(
        &self,
        secrets: &dyn Secrets,
    ) -> Result<Option<(Secret<String>, Secret<String>)>, EgressError> {
        let Some((user, password)) = &self.login else { return Ok(None) };
        let host = self.host.to_string();
        let usage = Usage::Host(&host, self.port);
        let failed = |e| EgressError::secret(format!("the login of the proxy {self}: {e}"));
        let user = user.fill(secrets, usage).await.map_err(failed)?;
        let password = password.fill(secrets, usage).await.map_err(failed)?;
        Ok(Some((user, password)))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_scheme_a_host_and_a_port_and_nothing_else() {
        let kind = |text| Proxy::parse(text).map(|p| p.kind()).map_err(|r| r.rule.code());
        assert_eq!(kind("http://proxy.corp:3128"), Ok(ProxyKind::Http));
        assert_eq!(kind("socks5h://127.0.0.1:9050/"), Ok(ProxyKind::Socks5));
        assert_eq!(kind("socks5://[::1]:9050"), Ok(ProxyKind::Socks5));
        for (text, code) in [
            ("proxy:3128", "url_malformed"),
            ("http://proxy", "url_malformed"),
            ("http://proxy:3128/x", "url_malformed"),
            ("https://proxy:3128", "scheme_refused"),
            ("socks4://proxy:1080", "scheme_refused"),
            ("http://u:p@proxy:3128", "userinfo_refused"),
            ("http://169.254.169.254:80", "address_refused"),
            ("http://metadata.google.internal:80", "metadata_name_refused"),
            ("http://0x7f000001:80", "host_spelling_refused"),
        ] {
            assert_eq!(kind(text), Err(code), "{text}");
        }
    }
}
