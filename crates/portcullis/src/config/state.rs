use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[state]`: where keys, pins and records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct State {
    /// The folder; `.portcullis` beside the configuration when not set. A relative path begins at the configuration.
    pub dir: Option<PathBuf>,
}
