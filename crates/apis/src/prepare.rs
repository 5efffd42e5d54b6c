use convert::{BadArgument, Request};
use egress::Outgoing;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};

use crate::api::Operation;

/// The request of a call, as it goes out but for its credentials.
pub(crate) fn prepare(
    operation: &Operation,
    arguments: &Map<String, Value>,
) -> Result<Outgoing, BadArgument> {
    let recipe = &operation.tool.recipe;
    let Request { method, url, headers, body } = operation.server.request(recipe, arguments)?;
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| whole("method", "its method"))?;
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|_| whole("header", "a header field"))?;
        let value =
            HeaderValue::try_from(&*value).map_err(|_| whole("header", "a header field"))?;
        // Cookies of the description are made here; everything else that signs in or steers is no agent's to set.
        if name != COOKIE && !egress::agent_header(&name) {
            return Err(whole("header_refused", &format!("`{name}`")));
        }
        fields.append(name, value);
    }
    if !recipe.produces.is_empty() && !fields.contains_key(ACCEPT) {
        let accepted = operation.accept.clone().ok_or_else(|| whole("accept", "`Accept`"))?;
        fields.insert(ACCEPT, accepted);
    }
    let bytes = match body {
        Some(payload) => {
            let value = HeaderValue::try_from(&*payload.content_type);
            fields.insert(CONTENT_TYPE, value.map_err(|_| whole("body", "`Content-Type`"))?);
            payload.bytes
        }
        None => bytes::Bytes::new(),
    };
    Ok(Outgoing { method, url, headers: fields, body: bytes })
}

fn whole(code: &'static str, what: &str) -> BadArgument {
    let message = format!("the request cannot be made: {what} is not lawful");
    BadArgument { argument: String::new(), code, message }
}
