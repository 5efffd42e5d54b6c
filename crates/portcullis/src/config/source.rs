use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::LazyLock;

use model::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::api::{ApiAuth, Arazzo, GraphQl, OpenApi, PagingRule, ShapeRule};
use super::confine::Confinement;
use super::har::Har;
use super::pack::Origin;
use super::units::{Size, Span};
use super::value::Value;
use super::way::{SourceProxy, SourceTls};

/// The source that comes with `[payments]`, as policies may speak of it; nothing of it can be set.
pub fn built_in(config: &super::Config) -> Option<&'static Source> {
    static PAY: LazyLock<Option<Source>> =
        LazyLock::new(|| toml::from_str(&format!("name = \"{}\"", purse::NAME)).ok());
    config.payments.as_ref().and(PAY.as_ref())
}

/// `[[source]]`: something behind the gate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Source {
    /// Your name for it: a-z, 0-9 and `-`, beginning with a letter.
    #[schemars(regex(pattern = "^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$"))]
    pub name: String,
    /// The tenants it is there for; all of them when not set. To the others it does not exist.
    pub tenants: Option<Vec<String>>,
    /// An MCP server: a program to start (`command`) or an address (`url`).
    pub mcp: Option<Mcp>,
    /// An HTTP API with an OpenAPI description.
    pub openapi: Option<OpenApi>,
    /// A GraphQL API.
    pub graphql: Option<GraphQl>,
    /// An HTTP API, as recorded traffic shows it.
    pub har: Option<Har>,
    /// With more tools than this, they are not listed one by one but found with `search_tools`: 128 for an API, never for
    /// an MCP server, unless set here.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub discovery: Option<usize>,
    /// Workflows over other sources.
    pub arazzo: Option<Arazzo>,
    /// The credentials of an API. (An MCP server has its own in `headers` and `env`.)
    pub auth: Option<ApiAuth>,
    /// How results of an API are made smaller.
    #[serde(default)]
    pub shape: Vec<ShapeRule>,
    /// How lists of an API go on.
    #[serde(default)]
    pub paging: Vec<PagingRule>,
    /// Whether answers of an API are kept as long as HTTP says they may be, for each principal apart.
    #[serde(default = "yes")]
    pub cache: bool,
    /// Whether redirects of an API are followed: at most five, each held against the rules of a first target.
    #[serde(default)]
    pub redirects: bool,
    /// Whom a source on the network is believed by, and who the gate is to it.
    pub tls: Option<SourceTls>,
    /// What stands between the gate and a source on the network: `http://host:port` or `socks5://host:port`, or a table
    /// with `url`, `user` and `password`. Proxies of the environment are never used.
    pub proxy: Option<SourceProxy>,
    /// Whether HTTP/2 is offered to a source on the network, in the TLS handshake: yes for an API, no for an MCP server,
    /// unless set here.
    pub http2: Option<bool>,
    /// What its program may reach besides itself, or `"off"`. Nothing, when not set.
    pub confine: Option<Confinement>,
    /// Which era of MCP it is spoken to in; found out when `auto`.
    #[serde(default)]
    pub era: Era,
    /// The beginning of its tools' names: `source__` when true, nothing when false, or another text.
    #[serde(default)]
    pub prefix: Prefix,
    /// What its tools may do to the world, by upstream name; a `*` at the end stands for any rest, the longest match
    /// counts. A tool without an effect set here or accepted later counts as destructive.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, EffectName>")]
    pub effects: BTreeMap<String, Effect>,
    /// Upstream tool or prompt name, to the name agents use instead.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// What is done about definitions not seen before.
    #[serde(default)]
    pub pins: Pins,
    /// Whether definitions and instructions are scanned for suspicious text.
    #[serde(default = "yes")]
    pub detectors: bool,
    /// What is done about suspicious text in what it answers: results, errors, messages.
    #[serde(default)]
    pub results: Results,
    /// Whether arguments are held against a tool's schema before the call.
    #[serde(default = "yes")]
    pub check_arguments: bool,
    /// Whether it keeps nothing between calls, so that one upstream session may serve every principal of a tenant.
    #[serde(default)]
    pub stateless: bool,
    /// How long starting it and each of the gate's own requests to it may take.
    pub timeout: Option<Span>,
    /// Largest result.
    pub max_result: Option<Size>,
    /// Upstream sessions, and so child programs, at once.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_sessions: Option<usize>,
    /// Variables of the gate's own environment that its URLs may hold, as `${NAME}`. None that looks like a credential is
    /// filled into a URL: URLs reach logs.
    #[serde(default)]
    pub url_env: Vec<String>,
    /// Loopback and private places it may be at, each `host:port`.
    #[serde(default)]
    pub private: Vec<String>,
    /// What becomes of methods that this gate does not know.
    #[serde(default)]
    pub unknown_methods: UnknownMethods,
    /// The pack it comes from, where it comes from one.
    #[serde(skip)]
    pub pack: Option<Arc<Origin>>,
}

impl Source {
    /// Every value of it that may hold a secret.
    pub fn values_mut(&mut self) -> Vec<&mut Value> {
        let mut all = Vec::new();
        if let Some(mcp) = &mut self.mcp {
            all.extend(mcp.env.values_mut().chain(mcp.headers.values_mut()));
        }
        if let Some(auth) = &mut self.auth {
            auth.values_mut(&mut all);
        }
        all
    }
}

/// What is done about suspicious text in what a source answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Results {
    /// The label and the record name it; the text goes on unchanged.
    #[default]
    Annotate,
    /// The same, and it is taken out of the text; where that cannot be done, the whole is withheld.
    Redact,
    /// The whole is withheld, with a reason.
    Block,
    /// Nobody looks.
    Off,
}

/// How an MCP server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Mcp {
    /// A program of this machine and its arguments, started without a shell.
    pub command: Option<Vec<String>>,
    /// Variables that are set for it. `${vault:name}` stands for a secret of the vault, `${env:NAME}` for
    /// a variable of the gate's own.
    pub env: BTreeMap<String, Value>,
    /// Variables of the gate's own environment that it gets; it gets no others.
    pub pass_env: Vec<String>,
    /// The folder it starts in; the folder of the configuration when not set.
    pub cwd: Option<PathBuf>,
    /// The endpoint of a server on the network.
    pub url: Option<String>,
    /// Headers sent with every request. `${vault:name}` stands for a secret of the vault, `${env:NAME}` for a variable of
    /// the gate's environment.
    pub headers: BTreeMap<String, Value>,
    /// How the server at `url` is spoken to.
    pub transport: Transport,
}

/// How a server on the network is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Streamable HTTP, or HTTP+SSE if the server knows nothing else.
    #[default]
    Auto,
    /// Streamable HTTP.
    Streamable,
    /// HTTP+SSE, the transport of 2024-11-05.
    Sse,
}

/// Which era of MCP a server is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Era {
    /// Found out.
    #[default]
    Auto,
    /// Up to 2025-11-25.
    Legacy,
    /// From 2026-07-28.
    Modern,
}

/// The beginning of a source's names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Prefix {
    /// The source's own name, or none.
    Own(bool),
    /// Another text.
    Text(String),
}

impl Default for Prefix {
    fn default() -> Self {
        Self::Own(true)
    }
}

/// What is done about definitions not seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pins {
    /// The first contact is accepted whole; what comes later is quarantined.
    #[default]
    First,
    /// The first contact is quarantined, too.
    Ask,
    /// Nothing is pinned: for servers under your own hand.
    Off,
}

/// What becomes of methods that this gate does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownMethods {
    /// They are refused.
    #[default]
    Refuse,
    /// They are passed on.
    Pass,
}

/// [`Effect`], for the schema.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum EffectName {
    Read,
    Write,
    Destructive,
    Spend,
    Config,
}

const fn yes() -> bool {
    true
}
