//! What a client answers a server, from era to era (sections 7.6 and 7.7).

use bytes::Bytes;
use thiserror::Error;

use super::asks::without_hop;
use crate::json::{Edit, Kind, Limits, Object, elements};
use crate::mcp::{Method, Version, codes};
use crate::rpc::RpcError;

const CANCEL: &[u8] = br#"{"action":"cancel"}"#;

/// An answer that the other era has no place for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unanswerable {
    /// The client refused with an error, and `inputResponses` has no place for one: the chain ends with
    /// `isError: true` for `tools/call`, -32603 otherwise.
    #[error("the client refused: {}", .0.message)]
    Refused(RpcError),
    /// The answer is not what the request asks for: -32602 towards a client that gave it.
    #[error("not a lawful answer: {0}")]
    Malformed(&'static str),
}

/// Why the gate answers a server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The client did not declare that it can be asked this.
    Undeclared,
    /// Nobody can be asked just now: no call it belongs to, policy, or the deadline.
    Unavailable,
}

/// LM: a legacy client's answer as a value of `inputResponses`.
pub fn answer_as_input_response(
    method: &Method,
    outcome: Result<Bytes, RpcError>,
) -> Result<Bytes, Unanswerable> {
    let raw = match outcome {
        Ok(raw) => raw,
        Err(_) if *method == Method::Elicit => return Ok(Bytes::from_static(CANCEL)),
        Err(error) => return Err(Unanswerable::Refused(error)),
    };
    let answer = read(raw)?;
    check_answer(method, &answer)?;
    let edit = without_hop(&answer, Edit::new()).map_err(|_| MALFORMED_META)?;
    Ok(edit.apply(&answer))
}

/// ML: a value of `inputResponses` as the result for a legacy server of version `to`.
pub fn answer_for_legacy(method: &Method, raw: Bytes, to: Version) -> Result<Bytes, Unanswerable> {
    let answer = read(raw)?;
    check_answer(method, &answer)?;
    let mut edit = without_hop(&answer, Edit::new()).map_err(|_| MALFORMED_META)?;
    if answer.raw("resultType").is_some() {
        edit = edit.remove("resultType");
    }
    if *method == Method::CreateMessage
        && to < Version::V2025_11_25
        && let Some(content) = answer.get("content")
        && Kind::of(&content) == Some(Kind::Array)
    {
        let blocks = elements(&content, Limits::REQUEST).unwrap_or_default();
        let [block] = &blocks[..] else {
            return Err(Unanswerable::Malformed("the server takes one block of content only"));
        };
        edit = edit.set("content", block.to_vec());
    }
    Ok(edit.apply(&answer))
}

const MALFORMED_META: Unanswerable = Unanswerable::Malformed("`_meta` is no object");

fn read(raw: Bytes) -> Result<Object, Unanswerable> {
    Object::parse(raw, Limits::REQUEST)
        .map_err(|_| Unanswerable::Malformed("not an object without duplicate members"))
}

/// Whether an answer has the parts that its kind of request asks for.
pub fn check_answer(method: &Method, answer: &Object) -> Result<(), Unanswerable> {
    let kind = |name: &str| answer.raw(name).and_then(Kind::of);
    let malformed = |what| Err(Unanswerable::Malformed(what));
    match method {
        Method::Elicit => match answer.str("action").as_deref() {
            Some("accept" | "decline" | "cancel") => match kind("content") {
                None | Some(Kind::Object | Kind::Null) => Ok(()),
                _ => malformed("`content` must be an object"),
            },
            _ => malformed("`action` must be accept, decline or cancel"),
        },
        Method::CreateMessage => {
            let content = matches!(kind("content"), Some(Kind::Object | Kind::Array));
            let named = answer.str("role").is_some() && answer.str("model").is_some();
            if content && named { Ok(()) } else { malformed("role, content and model are needed") }
        }
        Method::RootsList if kind("roots") == Some(Kind::Array) => Ok(()),
        Method::RootsList => malformed("`roots` must be an array"),
        _ => malformed("no such request to a client"),
    }
}

/// The gate's own answer to a legacy server that nobody can answer; `ping` alone succeeds (section 7.6).
pub fn refuse(method: &Method, why: Refusal) -> Result<Bytes, RpcError> {
    let error = |code, message: &str| Err(RpcError::new(code, message));
    match (method, why) {
        (Method::Ping, _) => Ok(Bytes::from_static(b"{}")),
        (Method::Elicit, Refusal::Unavailable) => Ok(Bytes::from_static(CANCEL)),
        (Method::Elicit, Refusal::Undeclared) => {
            error(codes::INVALID_PARAMS, "the client did not declare this kind of elicitation")
        }
        (Method::CreateMessage, _) => error(codes::USER_REJECTED, "sampling was not granted"),
        (Method::RootsList, Refusal::Unavailable) => {
            error(codes::INTERNAL, "roots cannot be listed now")
        }
        (Method::RootsList, Refusal::Undeclared) => {
            error(codes::METHOD_NOT_FOUND, "the client did not declare roots")
        }
        _ => error(codes::METHOD_NOT_FOUND, "no such request to a client"),
    }
}
