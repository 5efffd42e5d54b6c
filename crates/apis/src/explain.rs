use egress::Outgoing;
use http::HeaderMap;
use model::TenantId;
use serde_json::{Map, Value};

use crate::api::Api;
use crate::auth::MASK;
use crate::prepare::prepare;
use crate::view::View;

/// The exact request that a call would be, its credentials masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Header fields in the order they are sent; credentials as `•••`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What keeps the call from being made, if something does.
    pub refused: Option<String>,
}

impl Api {
    /// The request that a call of this tool by this tenant with these arguments would be. Nothing is sent, and no secret is asked for.
    ///
    /// # Errors
    /// There is no such tool, or an argument cannot be sent.
    pub fn explain(
        &self,
        tenant: &TenantId,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Explained, String> {
        let operation = self.operation(tool).ok_or_else(|| format!("there is no tool `{tool}`"))?;
        let mut arguments = arguments.clone();
        View::take(&mut arguments, operation.pages);
        let mut request = prepare(operation, &arguments).map_err(|e| e.message)?;
        let refused = match operation.credentials.of(tenant) {
            Ok(together) => {
                together.mask(&mut request);
                None
            }
            Err(why) => Some(why),
        };
        Ok(explained(&request, refused))
    }
}

fn explained(request: &Outgoing, refused: Option<String>) -> Explained {
    Explained {
        method: request.method.to_string(),
        url: request.url.as_str().replace(&url_form(MASK), MASK),
        headers: shown(&request.headers),
        body: request.body.to_vec(),
        refused,
    }
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let each = headers.iter().map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), if value.is_sensitive() { MASK.to_owned() } else { text })
    });
    each.collect()
}

/// How a text stands in a query.
fn url_form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
