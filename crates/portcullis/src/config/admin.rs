use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[admin]`: `/healthz`, `/readyz` and `/metrics`, without any log-in and so on loopback only.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Admin {
    /// Whether there is an admin listener at all.
    pub enabled: bool,
    /// Where it listens: a loopback address.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self { enabled: true, listen: SocketAddr::from(([127, 0, 0, 1], 8403)) }
    }
}
