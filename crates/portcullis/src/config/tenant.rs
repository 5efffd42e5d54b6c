use schemars::JsonSchema;
use serde::Deserialize;

/// `[tenants.NAME]`: what the principals of one tenant may use at all.
///
/// Once one tenant is declared, every tenant that is named anywhere has to be. Each entry of a list is an exposed name, or
/// the beginning of one followed by `*`; `source__*` is everything a source has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tenant {
    /// What it may use and nothing else; an empty list allows nothing. Without the list, what is there for it.
    pub allow: Option<Vec<String>>,
    /// What it may not use, whatever else allows it.
    pub deny: Vec<String>,
}
