use schemars::JsonSchema;
use serde::Deserialize;

/// `[rest]`: tools over plain HTTP, one POST a call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Rest {
    /// Whether there is such a door at all. It listens where `[server]` does, and asks for the same keys.
    pub enabled: bool,
    /// Where it stands: plain segments, such as `/api`.
    pub base: String,
}

impl Default for Rest {
    fn default() -> Self {
        Self { enabled: false, base: "/api".to_owned() }
    }
}
