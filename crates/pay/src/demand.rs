use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rails::Demand;

use crate::errand::{Answer, Errand, Request};

/// What an answer asks for.
pub(crate) fn read(errand: &Errand, answer: &Answer) -> Demand {
    match (answer, &errand.request) {
        (Answer::Http { status, headers, body, .. }, _) => {
            let fields: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            rails::answer(status.as_u16(), &fields, body)
        }
        (Answer::Mcp(result), Request::Mcp { method, negotiated, modern, .. }) => {
            let asked = rails::mcp::Asked { method, modern: *modern, negotiated: *negotiated };
            rails::mcp::result(&Bytes::from(result.to_string()), &asked)
        }
        (Answer::McpError(code, data), Request::Mcp { .. }) => {
            let error = serde_json::json!({ "code": code, "message": "", "data": data });
            rails::mcp::error(&Bytes::from(error.to_string()))
        }
        _ => Demand::None,
    }
}

/// The parts of an errand that the judge looks at, owned for as long as it does.
pub(crate) struct Asking {
    method: String,
    url: String,
    tool: String,
    redirected: bool,
    digest: Option<String>,
    mcp: bool,
}

impl Asking {
    pub(crate) fn of(errand: &Errand, answer: &Answer) -> Self {
        match &errand.request {
            Request::Http { method, url, bytes, .. } => Self {
                method: method.clone(),
                url: url.to_string(),
                tool: errand.tool.clone(),
                redirected: matches!(answer, Answer::Http { url: from, .. } if from != url),
                digest: (!bytes.is_empty()).then(|| content_digest(bytes)),
                mcp: false,
            },
            Request::Mcp { target, server, .. } => Self {
                method: "POST".to_owned(),
                url: server.as_ref().map(ToString::to_string).unwrap_or_default(),
                tool: target.clone(),
                redirected: false,
                digest: None,
                mcp: true,
            },
        }
    }

    pub(crate) fn request<'a>(&'a self, errand: &'a Errand) -> spend::Request<'a> {
        spend::Request {
            method: &self.method,
            url: &self.url,
            tool: &self.tool,
            agent: &errand.principal,
            tenant: &errand.tenant,
            mcp: self.mcp,
            redirected: self.redirected,
            digest: self.digest.as_deref(),
        }
    }
}

/// RFC 9530.
fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body)))
}
