use bytes::Bytes;

use crate::json::{Edit, Limits, Object};
use crate::mcp::{Method, codes, writer::Writer};
use crate::rpc::RpcError;
use crate::splice::quoted;

/// ML: an error of a legacy upstream for a modern client (section 7.14).
///
/// `-32002` becomes `-32602` with `data.uri`; a code of the range that MCP reserves becomes `-32603` with
/// `data.upstreamCode`, because a legacy server cannot have meant it. `-32042` is to be taken out before by
/// [`super::url_elicitations`]; what cannot be read as one falls under the reserved range. All else passes.
pub fn error_to_modern(error: RpcError, uri: Option<&str>) -> RpcError {
    match error.code {
        codes::RESOURCE_NOT_FOUND => {
            let data = data_with_uri(error.data.as_ref(), uri);
            RpcError { code: codes::INVALID_PARAMS, message: error.message, data }
        }
        code if codes::is_reserved(code) => internal(error),
        _ => error,
    }
}

/// LM: an error of a modern upstream for a legacy client (section 7.14); HTTP 200 always.
///
/// `uri` is what the upstream was asked for: a `-32602` that names the same one means "no such resource".
/// `-32020` and `-32022` are ours to repair first; here they end as `-32603` (on `initialize`, `-32022` is
/// `-32602` with what is supported).
pub fn error_to_legacy(method: &Method, error: RpcError, uri: Option<&str>) -> RpcError {
    let to = |code, error: RpcError| RpcError { code, ..error };
    match error.code {
        codes::INVALID_PARAMS
            if *method == Method::ResourcesRead
                && uri.is_some()
                && named_uri(&error).as_deref() == uri =>
        {
            to(codes::RESOURCE_NOT_FOUND, error)
        }
        codes::MISSING_CAPABILITY => to(codes::INVALID_REQUEST, error),
        codes::UNSUPPORTED_VERSION if *method == Method::Initialize => {
            to(codes::INVALID_PARAMS, error)
        }
        code if codes::is_reserved(code) => internal(error),
        _ => error,
    }
}

/// Whether only a modern server answers with this code: what tells eras apart (section 2.6).
pub const fn is_modern_only(code: i32) -> bool {
    matches!(code, codes::HEADER_MISMATCH | codes::MISSING_CAPABILITY | codes::UNSUPPORTED_VERSION)
}

/// The versions that an error's `data.supported` names.
pub fn supported_versions(error: &RpcError) -> Option<Vec<String>> {
    let data = Object::parse(error.data.clone()?, Limits::REPLY).ok()?;
    crate::mcp::open::texts_of(&data.get("supported")?)
}

fn internal(error: RpcError) -> RpcError {
    let data = Writer::new().raw("upstreamCode", error.code.to_string().as_bytes()).finish();
    RpcError { code: codes::INTERNAL, message: error.message, data: Some(data) }
}

fn named_uri(error: &RpcError) -> Option<String> {
    let data = Object::parse(error.data.clone()?, Limits::REPLY).ok()?;
    data.str("uri").map(std::borrow::Cow::into_owned)
}

fn data_with_uri(data: Option<&Bytes>, uri: Option<&str>) -> Option<Bytes> {
    let object = data.and_then(|raw| Object::parse(raw.clone(), Limits::REPLY).ok());
    match (object, uri) {
        (Some(object), Some(uri)) if object.raw("uri").is_none() => {
            Some(Edit::new().set_str("uri", uri).apply(&object))
        }
        (Some(object), _) => Some(object.text().clone()),
        (None, Some(uri)) => Some(Writer::new().raw("uri", &quoted(uri)).finish()),
        (None, None) => data.cloned(),
    }
}
