use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[policy]`: who may call what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PolicySection {
    /// A folder of Cedar policies (`*.cedar`). Without it the policy that ships is in force: it permits what has the
    /// effect `read`, set or accepted by the operator, and nothing else.
    pub dir: Option<PathBuf>,
    /// Exposed names, or beginnings of them followed by `*`, and `allow`, `ask` or `deny`.
    pub rules: BTreeMap<String, String>,
}
