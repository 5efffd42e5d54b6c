//! What a modern request must say of itself, in the order in which it is asked (2026-07-28 basic/transports).

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use model::{Code, Principal, Refusal, SourceName};
use protocol::mcp::headers::{METHOD, NAME, VERSION, check_standard, check_version};
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::open::version_data;
use protocol::mcp::{Era, Level, Method, Version};
use protocol::rpc::Request;

use super::versions;
use crate::capabilities::is_not_for_servers;
use crate::clients::{Clients, Known};

/// Where a modern request came from.
pub(crate) struct Origin<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) principal: &'a Arc<Principal>,
    pub(crate) only: Option<&'a SourceName>,
    pub(crate) front: &'static str,
    /// None on doors without headers.
    pub(crate) headers: Option<&'a HeaderMap>,
}

/// Whether a request is a modern one: by its version header, if that names no legacy version, or by its metadata.
pub(crate) fn is_modern(header: Option<&[u8]>, meta: Option<&RequestMeta>) -> bool {
    let named = header.map(|h| std::str::from_utf8(h).ok().and_then(Version::parse));
    let by_header = match named {
        None => false,
        Some(Some(version)) => version.era() == Era::Modern,
        Some(None) => true,
    };
    by_header || meta.is_some_and(|meta| meta.version.is_some())
}

/// Checks everything that stands before the call itself; gives the client, and the log level it wants.
pub(crate) fn check(
    from: &Origin<'_>,
    request: &Request,
    meta: &RequestMeta,
) -> Result<(Arc<Known>, Option<Level>), Refusal> {
    let invalid = |e: &dyn std::fmt::Display| Refusal::new(Code::InvalidParams, e.to_string());
    let mismatch = |e: &dyn std::fmt::Display| Refusal::new(Code::HeaderMismatch, e.to_string());
    let (version, capabilities) = meta.required().map_err(|e| invalid(&e))?;
    if let Some(headers) = from.headers {
        let mirrors = mirrors(headers);
        check_version(mirrors.iter().copied(), version).map_err(|e| mismatch(&e))?;
        supported(version)?;
        check_standard(mirrors.iter().copied(), version, &request.method, &request.params)
            .map_err(|e| mismatch(&e))?;
    } else {
        supported(version)?;
    }
    known(&request.method)?;
    let level = meta.log_level().map_err(|e| invalid(&e))?;
    let client = from
        .clients
        .of(from.principal, capabilities, meta.client_info.as_ref(), from.only, from.front)
        .map_err(|e| invalid(&format_args!("clientCapabilities: {e}")))?;
    Ok((client, level))
}

/// The names of these headers, as the specification writes them and as they are looked up.
const MIRRORS: [(&str, HeaderName); 3] = [
    (VERSION, HeaderName::from_static("mcp-protocol-version")),
    (METHOD, HeaderName::from_static("mcp-method")),
    (NAME, HeaderName::from_static("mcp-name")),
];

/// The headers that mirror the body, both if one stands twice: enough to notice.
fn mirrors(headers: &HeaderMap) -> Vec<(&'static str, &[u8])> {
    let mut found = Vec::with_capacity(3);
    for (name, as_sent) in MIRRORS {
        found.extend(headers.get_all(as_sent).iter().take(2).map(|v| (name, v.as_bytes())));
    }
    found
}

fn supported(version: &str) -> Result<(), Refusal> {
    if Version::parse(version).is_some_and(|v| v.era() == Era::Modern) {
        return Ok(());
    }
    let data = version_data(&versions(), version);
    Err(Refusal::new(Code::UnsupportedVersion, "this protocol version is not spoken here")
        .data(String::from_utf8_lossy(&data)))
}

/// Methods that went with the handshake do not exist any more for those who do without it.
fn known(method: &Method) -> Result<(), Refusal> {
    match method {
        Method::Initialize => {
            let data = version_data(&versions(), Version::MODERN.as_str());
            Err(unknown_method(method).data(String::from_utf8_lossy(&data)))
        }
        Method::Ping
        | Method::SetLevel
        | Method::ResourcesSubscribe
        | Method::ResourcesUnsubscribe
        | Method::TasksList
        | Method::TasksResult => Err(unknown_method(method)),
        other if is_not_for_servers(other) => Err(unknown_method(method)),
        _ => Ok(()),
    }
}

/// -32601
pub(crate) fn unknown_method(method: &Method) -> Refusal {
    Refusal::new(Code::MethodNotFound, format!("Method not found: {}", method.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_looked_up_by_the_names_that_the_specification_writes() {
        for (written, looked_up) in MIRRORS {
            assert_eq!(HeaderName::try_from(written).unwrap(), looked_up);
        }
    }
}
