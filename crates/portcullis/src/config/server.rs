use std::net::SocketAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units::{Size, Span};

/// `[server]`: the door agents come through.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Server {
    /// Where to listen. Anything but loopback needs `auth = "keys"`, and `tls` or `behind-proxy`.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// How callers prove who they are: `keys`, or `none` on loopback only.
    pub auth: Auth,
    /// Values of the `Host` header that are answered, `name` or `name:port`. Derived from `listen` and `public-url`
    /// when empty.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may call, as browsers send them: `https://app.example`.
    pub allowed_origins: Vec<String>,
    /// Certificate and key, if TLS ends here.
    pub tls: Option<Tls>,
    /// The proxy in front that ends TLS.
    pub behind_proxy: Option<BehindProxy>,
    /// What clients know this gate as: `https://gate.example`.
    pub public_url: Option<String>,
    /// The value of `Strict-Transport-Security` for those who come over https.
    pub hsts: Option<String>,
    /// Whether HTTP+SSE, the transport of 2024-11-05, is offered at `/sse`.
    pub sse: bool,
    /// Threads that carry calls. As many as the machine has processors when not set; with one, the gate runs on a
    /// single thread and spends least per call.
    #[schemars(range(min = 1, max = 256))]
    pub threads: Option<usize>,
    /// Largest message.
    pub max_body: Option<Size>,
    /// Connections at once.
    pub max_connections: Option<usize>,
    /// Connections of one address at once.
    pub max_connections_per_address: Option<u32>,
    /// Sessions of one principal.
    pub max_sessions: Option<usize>,
    /// Streams of unsolicited messages of one principal.
    pub max_streams: Option<u32>,
    /// How long a session may stay unused.
    pub session_idle: Option<Span>,
    /// How long a session may last at all.
    pub session_life: Option<Span>,
    /// How long requests in flight may go on once the gate is told to stop.
    pub grace: Option<Span>,
}

/// How callers prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// With an API key.
    #[default]
    Keys,
    /// Not at all: on loopback only.
    None,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tls {
    /// A PEM file with the certificate chain, leaf first.
    pub cert: PathBuf,
    /// A PEM file with the private key.
    pub key: PathBuf,
}

/// A proxy in front.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BehindProxy {
    /// Its addresses, or ranges such as `10.0.0.0/8`; only they are believed about clients.
    pub trusted: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8402)),
            auth: Auth::default(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tls: None,
            behind_proxy: None,
            public_url: None,
            hsts: None,
            sse: false,
            threads: None,
            max_body: None,
            max_connections: None,
            max_connections_per_address: None,
            max_sessions: None,
            max_streams: None,
            session_idle: None,
            session_life: None,
            grace: None,
        }
    }
}
