use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::units::Span;

/// `[[webhook]]`: signed requests of another service, each of which becomes one call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Webhook {
    /// Your name for it: a-z, 0-9 and `-`, beginning with a letter. Its path is `/hooks/NAME`, and the principal that
    /// policies name is `hook:NAME`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,63}$"))]
    pub name: String,
    /// The tool it calls, by its listed name.
    pub tool: String,
    /// How requests are signed.
    pub scheme: WebhookScheme,
    /// What they are signed with: `vault:NAME`, or several of them while one is being replaced.
    pub secret: WebhookSecret,
    /// Whom its principal belongs to; `default` when not set.
    pub tenant: Option<String>,
    /// What the sender is answered.
    #[serde(default)]
    pub answer: WebhookAnswer,
    /// The parts of `scheme = "hmac"`.
    pub hmac: Option<WebhookHmac>,
    /// The header of `scheme = "header"`.
    pub header: Option<String>,
    /// The tool's arguments, and where each comes from.
    #[serde(default)]
    pub arguments: BTreeMap<String, WebhookArgument>,
    /// What the body must say, all of it; other events are taken and ignored.
    #[serde(default)]
    pub filter: Vec<WebhookCondition>,
    /// A JSON Schema of the body.
    pub schema: Option<serde_json::Value>,
    /// How old a request may be whose time is signed: 5 minutes when not set, 1 hour at most.
    pub window: Option<Span>,
    /// How far ahead it may be: 5 seconds when not set, 30 at most.
    pub skew: Option<Span>,
    /// How long a body is remembered where no time is signed: 24 hours when not set, 30 days at most.
    pub remember: Option<Span>,
    /// Calls at once; 50 when not set.
    #[schemars(range(min = 1))]
    pub in_flight: Option<u32>,
    /// Whether the ping that GitHub sends for a new hook becomes a call, too.
    #[serde(default)]
    pub pings: bool,
}

/// How a service signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookScheme {
    /// `X-Hub-Signature-256`
    Github,
    /// `Stripe-Signature`
    Stripe,
    /// `X-Slack-Signature`
    Slack,
    /// `webhook-signature`
    StandardWebhooks,
    /// `MONEI-Signature`
    Monei,
    /// An HMAC of your own, see `hmac`.
    Hmac,
    /// The secret itself in a header, see `header`. For services that can do no better.
    Header,
}

/// One secret, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WebhookSecret {
    /// `vault:NAME`
    One(String),
    /// Each of these is right.
    Several(Vec<String>),
}

/// What a sender is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookAnswer {
    /// 202 as soon as the request is claimed.
    #[default]
    Accepted,
    /// What the call came to.
    Result,
}

/// An HMAC of your own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebhookHmac {
    /// The header of the signature.
    pub signature: String,
    /// What stands before it there, such as `sha256=`.
    #[serde(default)]
    pub prefix: String,
    /// The hash.
    #[serde(default)]
    pub algorithm: WebhookAlgorithm,
    /// How it is written.
    #[serde(default)]
    pub encoding: WebhookEncoding,
    /// The header of the time: 10 digits (seconds) or 13 (milliseconds).
    pub timestamp: Option<String>,
    /// What is signed, with `{timestamp}` and, at its end, `{body}` in it. `{timestamp}.{body}` when not set, or
    /// `{body}` without a `timestamp`.
    pub signed: Option<String>,
}

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookAlgorithm {
    /// HMAC-SHA256
    #[default]
    Sha256,
    /// HMAC-SHA512
    Sha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookEncoding {
    /// Lower-case hexadecimal digits.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// Where an argument comes from. Only the body is signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookArgument {
    /// A JSON pointer into the body; the whole body for an empty one.
    Body(String),
    /// A parameter of the query.
    Query(String),
    /// A header.
    Header(String),
    /// Always this.
    Value(serde_json::Value),
}

/// Something the body must say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebhookCondition {
    /// Where: a JSON pointer into the body.
    pub at: String,
    /// What stands there is this.
    pub equals: Option<serde_json::Value>,
    /// What stands there is one of these.
    #[serde(rename = "in")]
    pub any_of: Option<Vec<serde_json::Value>>,
}
