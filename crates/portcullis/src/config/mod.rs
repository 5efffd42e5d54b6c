//! The configuration file: one type a section, merged here.

mod admin;
mod api;
mod approvals;
mod audit;
mod check;
mod confine;
mod error;
mod har;
mod limits;
mod load;
mod log;
mod ownership;
mod pack;
mod payments;
pub mod place;
mod policy;
mod rest;
mod secrets;
mod server;
mod show;
mod source;
mod state;
mod tenant;
pub mod units;
mod urls;
mod value;
mod vault;
mod way;
mod webhook;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use admin::Admin;
pub use api::{
    ApiAuth, Arazzo, ClientAuth, GraphQl, KeyPlace, NextPage, OpenApi, PagingRule, ShapeRule,
};
pub use approvals::{Approvals, ApprovalsWebhook};
pub use audit::{Arguments, Audit};
pub use check::{audience, host_port, meet, prefix, undeclared};
pub use error::ConfigError;
pub use har::Recording;
pub use limits::Limits;
pub use load::{Loaded, load, load_written, parse, read};
pub use log::{Log, LogFormat, LogLevel};
pub use ownership::others_may_write;
pub use pack::{Opened, Origin, PackEntry, keep, kept, open, pack_source};
pub use payments::{
    AssetEntry, BudgetEntry, FeesInCaps, LightningWallet, Payments, Per, PinEntry, SignInWhere,
};
pub use policy::PolicySection;
pub use rest::Rest;
pub use server::{Auth, Server};
pub use show::show;
pub use source::{Era, Mcp, Pins, Prefix, Results, Source, Transport, UnknownMethods, built_in};
pub use state::State;
pub use tenant::Tenant;
pub use value::Value;
pub use vault::{Vault, VaultKey};
pub use way::{SourceProxy, SourceTls};
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
    /// Sources that others wrote, by your name for each.
    pub packs: BTreeMap<String, PackEntry>,
    /// Who may call what.
    pub policy: PolicySection,
    /// Whom to pay, in what, and by which ways.
    pub payments: Option<Payments>,
    /// What may be spent.
    pub budget: Vec<BudgetEntry>,
    /// What happens where a policy says that a person decides.
    pub approvals: Approvals,
    /// Whom principals belong to, and what each of these may use.
    pub tenants: BTreeMap<String, Tenant>,
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
