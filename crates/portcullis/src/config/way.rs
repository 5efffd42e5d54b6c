use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::value::Value;

/// `tls`: whom a source on the network is believed by, and who the gate is to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SourceTls {
    /// A PEM file of authorities that are trusted for it, besides those of the machine.
    pub ca: Option<PathBuf>,
    /// Whether the machine's authorities are trusted, too. With `false`, those in `ca` are the only ones.
    pub machine_roots: bool,
    /// A PEM file with the certificate that the gate shows it, and those between it and its authority.
    pub certificate: Option<PathBuf>,
    /// The key of `certificate`: `vault:NAME`, or a PEM file that only its owner can read (0600).
    pub key: Option<String>,
}

impl Default for SourceTls {
    fn default() -> Self {
        Self { ca: None, machine_roots: true, certificate: None, key: None }
    }
}

/// `proxy`: what stands between the gate and a source on the network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a proxy is `\"http://host:port\"`, `\"socks5://host:port\"` or `{ url = …, user = …, password = … }`"
)]
pub enum SourceProxy {
    /// `http://host:port` or `socks5://host:port`
    Url(String),
    /// One that wants a login.
    Login(ProxyLogin),
}

/// A proxy, and who the gate is to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProxyLogin {
    /// `http://host:port` or `socks5://host:port`
    pub url: String,
    /// The user.
    pub user: Value,
    /// The password.
    pub password: Value,
}

impl SourceProxy {
    /// Where it is.
    pub fn url(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::Login(login) => &login.url,
        }
    }
}
