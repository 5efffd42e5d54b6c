//! Error codes of JSON-RPC and MCP (2026-07-28 basic/index).

/// The text is no strict JSON.
pub const PARSE: i32 = -32700;
/// The text is no JSON-RPC message.
pub const INVALID_REQUEST: i32 = -32600;
/// Not implemented, or its capability is not advertised.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// Parameters or required metadata are wrong or missing.
pub const INVALID_PARAMS: i32 = -32602;
/// Something went wrong on this side.
pub const INTERNAL: i32 = -32603;
/// Legacy: no such resource.
pub const RESOURCE_NOT_FOUND: i32 = -32002;
/// Modern: a header is missing, malformed or differs from the body.
pub const HEADER_MISMATCH: i32 = -32020;
/// Modern: the client did not declare what the request needs.
pub const MISSING_CAPABILITY: i32 = -32021;
/// Modern: that version is not spoken here.
pub const UNSUPPORTED_VERSION: i32 = -32022;
/// Legacy (2025-11-25): the caller must visit a URL first.
pub const URL_ELICITATION_REQUIRED: i32 = -32042;
/// Legacy: the person refused a sampling request.
pub const USER_REJECTED: i32 = -1;

/// Whether the code lies in the range that MCP keeps for itself; nobody else may emit one.
pub const fn is_reserved(code: i32) -> bool {
    code <= -32020 && code >= -32099
}
