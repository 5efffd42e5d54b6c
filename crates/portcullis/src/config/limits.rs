use schemars::JsonSchema;
use serde::Deserialize;

use super::units::{Frequency, Span};

/// `[limits]`: how often, how much and how long. What is not set has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Calls of one principal (`6000/min`).
    pub per_principal: Option<Frequency>,
    /// Calls of one principal to one tool (`3000/min`).
    pub per_tool: Option<Frequency>,
    /// Calls of one principal at the same time (64).
    pub concurrency: Option<u32>,
    /// Failed log-ins of one address within a minute (5).
    pub failed_logins: Option<u32>,
    /// How long a whole call may take (60s).
    pub call: Option<Span>,
    /// How long all sources together may take to say what they offer (20s).
    pub list: Option<Span>,
    /// How long a call may wait for its client's answer (5min).
    pub park: Option<Span>,
    /// Definitions on one page of a merged list (500).
    #[schemars(range(min = 1, max = 10_000))]
    pub page_size: Option<usize>,
    /// Samples that one call may ask of its client's model (3).
    pub asks_per_call: Option<u32>,
    /// Child programs of all sources together (128).
    pub children: Option<usize>,
    /// Child programs of one source (16).
    pub children_per_source: Option<usize>,
    /// Hosts that a server may send a person to, beside its own.
    pub elicitation_hosts: Vec<String>,
}
