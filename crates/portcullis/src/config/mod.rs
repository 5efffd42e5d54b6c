//! The configuration file: one type a section, merged here.

mod admin;
mod api;
mod audit;
mod check;
mod confine;
mod error;
mod limits;
mod load;
mod log;
mod ownership;
pub mod place;
mod policy;
mod rest;
mod secrets;
mod server;
mod show;
mod source;
mod state;
pub mod units;
mod value;
mod vault;
mod webhook;

use schemars::JsonSchema;
use serde::Deserialize;

pub use admin::Admin;
pub use api::{
    ApiAuth, Arazzo, ClientAuth, GraphQl, KeyPlace, NextPage, OpenApi, PagingRule, ShapeRule,
};
pub use audit::{Arguments, Audit};
pub use check::{host_port, prefix};
pub use error::ConfigError;
pub use limits::Limits;
pub use load::{Loaded, load, parse};
pub use log::{Log, LogFormat, LogLevel};
pub use ownership::others_may_write;
pub use policy::PolicySection;
pub use rest::Rest;
pub use server::{Auth, Server};
pub use show::show;
pub use source::{Era, Mcp, Pins, Prefix, Source, Transport, UnknownMethods};
pub use state::State;
pub use value::Value;
pub use vault::{Vault, VaultKey};
pub use webhook::{
    Webhook, WebhookAlgorithm, WebhookAnswer, WebhookArgument, WebhookCondition, WebhookEncoding,
    WebhookHmac, WebhookScheme, WebhookSecret,
};

/// Everything an operator can set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[schemars(title = "Portcullis configuration")]
pub struct Config {
    /// The door agents come through.
    pub server: Server,
    /// Health and metrics, for the operator's own machines.
    pub admin: Admin,
    /// Where keys, pins and records are kept.
    pub state: State,
    /// Where secrets are kept.
    pub vault: Vault,
    /// What stands behind the gate.
    pub source: Vec<Source>,
    /// Who may call what.
    pub policy: PolicySection,
    /// Tools over plain HTTP.
    pub rest: Rest,
    /// Signed requests of other services.
    pub webhook: Vec<Webhook>,
    /// How often, how much and how long.
    pub limits: Limits,
    /// The audit log.
    pub audit: Audit,
    /// What the gate says of itself while it runs.
    pub log: Log,
}

/// The JSON Schema of the configuration, for editors.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Config);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests;
