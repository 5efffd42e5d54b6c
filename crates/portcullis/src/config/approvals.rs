use schemars::JsonSchema;
use serde::Deserialize;

use super::units::Span;

/// `[approvals]`: what happens where a policy says that a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Approvals {
    /// Whether persons can be asked at all. Without it a policy that asks does not load.
    pub enabled: bool,
    /// How long a question waits and a yes counts, from the asking on (15min, which is also the most).
    pub expires: Option<Span>,
    /// How long a call of a client that can be asked waits for a person before it is refused for now (60s).
    pub wait: Option<Span>,
    /// Most questions that are open at once (1000).
    #[schemars(range(min = 1, max = 10_000))]
    pub open: Option<usize>,
    /// Most questions of one principal that are open at once (64).
    #[schemars(range(min = 1, max = 10_000))]
    pub per_principal: Option<usize>,
    /// Names of tools, as agents see them (a `*` at the end stands for any rest), that two persons have to approve.
    pub four_eyes: Vec<String>,
    /// Where the page of approvals is reached, if not under the address of the admin listener: scheme, host and port.
    pub page: Option<String>,
    /// Who is told when a call waits.
    pub webhook: Option<ApprovalsWebhook>,
}

/// `[approvals.webhook]`: a signed request for each question, with a link to its page. It answers nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ApprovalsWebhook {
    /// Where: `https://`, or `http://` on this machine.
    pub url: String,
    /// The key of its signatures: `vault:NAME`, bound to the host of `url`.
    pub secret: String,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            enabled: true,
            expires: None,
            wait: None,
            open: None,
            per_principal: None,
            four_eyes: Vec::new(),
            page: None,
            webhook: None,
        }
    }
}
