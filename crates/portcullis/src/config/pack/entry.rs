use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::value::Value;

/// `[packs.NAME]`: a source that somebody else wrote, held to what you approved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PackEntry {
    /// Where it is: `builtin:NAME` for one that ships, or a folder.
    pub from: String,
    /// What you approved: `sha256:…`, as `portcullis pack show` prints it. Without it, or when the pack has changed, the
    /// configuration does not load.
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub approved: Option<String>,
    /// A value for each secret of its manifest, such as `token = "vault:github"`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Value>,
    /// A value for each setting of its manifest.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// What its source is called, if not as this table is.
    #[serde(rename = "as")]
    pub name: Option<String>,
    /// The principals who are given it; `"*"` for everyone. Nobody, when not set.
    #[serde(default)]
    pub agents: Vec<String>,
    /// The server to call in place of the pack's own: on your word, besides the hosts of its manifest.
    pub server: Option<String>,
    /// Loopback and private places it may be at, each `host:port`.
    #[serde(default)]
    pub private: Vec<String>,
    /// The tenants it is there for; all of them when not set.
    pub tenants: Option<Vec<String>>,
    /// A PEM file of certificates trusted besides those of the machine.
    pub ca: Option<PathBuf>,
}
