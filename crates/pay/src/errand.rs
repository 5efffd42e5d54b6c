use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use model::money::Terms;
use serde_json::Value;
use url::Url;

use crate::free::Session;

/// One call that turned out to cost something: who makes it, and what exactly is asked for.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Whom the caller belongs to.
    pub tenant: String,
    /// Who calls.
    pub principal: String,
    /// The public name of the session, where there is one.
    pub session: Option<String>,
    /// The source behind the gate.
    pub source: String,
    /// The exposed name of the tool.
    pub tool: String,
    /// What is asked for.
    pub request: Request,
    /// What a person who is asked is asked about.
    pub asking: Asking,
    /// The caller's own idempotency key.
    pub key: Option<String>,
    /// What connects the records of one call: its trace or request id.
    pub correlation: Option<String>,
}

/// What is needed to ask a person about a call.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The call. The terms come to it here.
    pub binding: approvals::Binding,
    /// How the caller proved who it is.
    pub credential: model::Credential,
    /// The arguments as JSON text, secrets masked.
    pub arguments: String,
    /// The question that the client says this call belongs to.
    pub named: Option<String>,
}

/// What is asked of the seller.
#[derive(Debug, Clone)]
pub enum Request {
    /// An HTTP request.
    Http {
        /// Its method.
        method: String,
        /// Where it goes.
        url: Url,
        /// SHA-256 of its body.
        body: [u8; 32],
        /// The body itself, which some challenges are bound to.
        bytes: Bytes,
    },
    /// A call of an MCP server.
    Mcp {
        /// The server's own name for the tool, prompt or resource.
        target: String,
        /// `tools/call`, `resources/read` or `prompts/get`.
        method: String,
        /// Where the server is, if it is reached over HTTP.
        server: Option<Url>,
        /// SHA-256 of the canonical params, without `_meta`.
        digest: [u8; 32],
        /// Whether the server speaks 2026-07-28 or later.
        modern: bool,
        /// Whether the server has said that it may ask for payment in the manner of 2026-07-28.
        negotiated: bool,
    },
}

impl Errand {
    /// SHA-256 over what makes two requests equal: method, URL and body, or the call's own params.
    pub fn request_digest(&self) -> [u8; 32] {
        let text = match &self.request {
            Request::Http { method, url, body, .. } => {
                [method.as_bytes(), b"\n", url.as_str().as_bytes(), b"\n", body].concat()
            }
            Request::Mcp { method, target, digest, .. } => {
                let source = self.source.as_bytes();
                [method.as_bytes(), b"\n", source, b"\n", target.as_bytes(), b"\n", digest].concat()
            }
        };
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &text);
        hash.as_ref().try_into().unwrap_or_default()
    }
}

impl Request {
    /// A request as it will be sent.
    pub fn http(request: &egress::Outgoing) -> Self {
        let body = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &request.body);
        Self::Http {
            method: request.method.to_string(),
            url: request.url.clone(),
            body: body.as_ref().try_into().unwrap_or_default(),
            bytes: request.body.clone(),
        }
    }

    /// Scheme, host and port of the seller; `mcp://<source>` for a server that is no URL.
    pub fn origin(&self, source: &str) -> String {
        let url = match self {
            Self::Http { url, .. } => Some(url),
            Self::Mcp { server, .. } => server.as_ref(),
        };
        url.map_or_else(|| format!("mcp://{source}"), |url| url.origin().ascii_serialization())
    }

    /// What is paid for, in one line.
    pub fn resource(&self) -> String {
        match self {
            Self::Http { method, url, .. } => format!("{method} {url}"),
            Self::Mcp { target, .. } => format!("mcp://tool/{target}"),
        }
    }
}

/// What a seller answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Over HTTP.
    Http {
        /// Its status.
        status: StatusCode,
        /// Its header fields.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
        /// Where it came from in the end: elsewhere means behind a redirect.
        url: Url,
    },
    /// A result of MCP.
    Mcp(Value),
    /// An error of MCP: its code and data.
    McpError(i64, Value),
    /// Something that cannot be read.
    Nothing,
}

/// What goes with a request so that it is served. All of it is secret until the payment is settled.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Members of `params._meta`.
    pub meta: Vec<(String, Value)>,
    /// Texts that must not come back to an agent: signatures, nonces, preimages, tokens.
    pub secrets: Vec<String>,
    /// Whether, and how long, it serves again for the same caller, origin and path.
    pub reuse: Option<Reuse>,
    /// The session that it opens, where it is a deposit: it serves the same caller and origin.
    #[serde(default)]
    pub session: Option<Session>,
}

/// How long something that was bought serves.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Reuse {
    /// Milliseconds since the epoch; `None` until it is refused.
    pub until: Option<u64>,
}

/// Why a call was not paid for.
#[derive(Debug, Clone)]
pub enum Unpaid {
    /// There was nothing in the answer that asks for money.
    NoDemand,
    /// A rule said no. Nothing was signed.
    Refused(Refused),
    /// A person has to decide.
    Asks(Box<Asked>),
}

/// A no about money.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The rule.
    pub rule: model::money::MoneyRule,
    /// One sentence for the caller.
    pub message: String,
    /// The payment, where there is one: what is held can be looked at by it.
    pub payment: Option<String>,
}

/// A question that waits for a person.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What the desk gave for it.
    pub ticket: approvals::Ticket,
    /// One sentence for the person, without the words of sellers.
    pub message: String,
    /// Why it is asked.
    pub rules: Vec<model::money::MoneyRule>,
    /// What would be paid.
    pub terms: Terms,
}

/// The member of a call's `_meta` in which a caller gives an idempotency key of its own: equal keys, one payment.
pub const IDEMPOTENCY_KEY: &str = "portcullis/idempotency-key";

/// The caller's own idempotency key, from the params of a call. At most 128 bytes are looked at; longer ones are none.
pub fn idempotency_key(params: &protocol::json::Object) -> Option<String> {
    let meta = params.object("_meta").ok()??;
    let key = meta.str(IDEMPOTENCY_KEY)?;
    (!key.is_empty() && key.len() <= 128).then(|| key.into_owned())
}
