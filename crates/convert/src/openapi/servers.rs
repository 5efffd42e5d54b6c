use serde_json::Value;
use url::Url;

use super::document::Version;
use super::operation::{Found, Reader};
use super::refs::Reason;

/// The server of the whole description, if it can be known.
pub(super) fn usual(reader: &Reader<'_>) -> Option<String> {
    let first = reader.document.get("servers").and_then(|s| s.get(0));
    match (&reader.options.server, reader.version) {
        (Some(server), _) => absolute(reader, server).ok(),
        (None, Version::V2) => swagger(reader).ok(),
        (None, _) => written(reader, first).ok(),
    }
}

/// The server of an operation: the operator's choice, or the first of the operation, the path, the description.
pub(super) fn of(reader: &Reader<'_>, found: &Found<'_>) -> Result<String, Reason> {
    if let Some(server) = &reader.options.server {
        return absolute(reader, server);
    }
    if reader.version == Version::V2 {
        return swagger(reader);
    }
    let first = |value: &'_ Value| value.get("servers").and_then(|s| s.get(0)).cloned();
    let server =
        first(found.operation).or_else(|| first(found.item)).or_else(|| first(reader.document));
    written(reader, server.as_ref())
}

fn unknown(message: &str) -> Reason {
    ("no_server", format!("{message}: set `server`"))
}

/// `host`, `basePath` and `schemes` of 2.0.
fn swagger(reader: &Reader<'_>) -> Result<String, Reason> {
    let text = |name: &str| reader.document.get(name).and_then(Value::as_str);
    let schemes = reader.document.get("schemes").and_then(Value::as_array);
    let has = |wanted: &str| schemes.is_some_and(|all| all.iter().any(|s| s == wanted));
    let path = text("basePath").unwrap_or_default();
    match text("host") {
        Some(host) => {
            let scheme = if has("http") && !has("https") { "http" } else { "https" };
            absolute(reader, &format!("{scheme}://{host}{path}"))
        }
        None => absolute(reader, if path.is_empty() { "/" } else { path }),
    }
}

/// A server object, its variables filled in.
fn written(reader: &Reader<'_>, server: Option<&Value>) -> Result<String, Reason> {
    let Some(server) = server else {
        // What is not said is `/` (OpenAPI 3.1, section 4.8.1).
        return absolute(reader, "/");
    };
    let url = server.get("url").and_then(Value::as_str).unwrap_or("/");
    let mut out = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        let chosen = reader.options.server_variables.iter().find(|(n, _)| n == name);
        let usual = server.pointer("/variables").and_then(|v| v.get(name)?.get("default"));
        match (chosen, usual) {
            (Some((_, value)), _) => out.push_str(value),
            (None, Some(Value::String(value))) if !value.is_empty() => out.push_str(value),
            (None, Some(Value::Number(value))) => out.push_str(&value.to_string()),
            _ => return Err(unknown(&format!("the server variable `{name}` has no value"))),
        }
        rest = behind;
    }
    out.push_str(rest);
    absolute(reader, &out)
}

/// An absolute URL of `http` or `https`, found from where the description came from.
fn absolute(reader: &Reader<'_>, text: &str) -> Result<String, Reason> {
    let text = text.trim();
    let url = match (Url::parse(text), &reader.options.document_url) {
        (Ok(url), _) => Ok(url),
        (Err(_), Some(base)) => Url::parse(base)
            .and_then(|base| base.join(text))
            .map_err(|e| unknown(&format!("the server `{text}` is no URL ({e})"))),
        (Err(_), None) if text.starts_with('/') || !text.contains("://") => {
            Err(unknown(&format!("the server `{text}` is relative")))
        }
        (Err(e), None) => Err(unknown(&format!("the server `{text}` is no URL ({e})"))),
    }?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(unknown(&format!("the server `{text}` is not http or https")));
    }
    let mut plain = url;
    plain.set_query(None);
    plain.set_fragment(None);
    Ok(plain.as_str().trim_end_matches('/').to_owned())
}
