//! What a server asks a client, from era to era (sections 7.6 and 7.7).

use bytes::Bytes;
use thiserror::Error;

use super::content::{array, lower_block};
use crate::Rope;
use crate::json::{Edit, JsonError, Kind, Limits, Object, elements};
use crate::mcp::{Method, Version, codes, keys};
use crate::rpc::RpcError;
use crate::splice::Splice;

/// A request that the client's version has no words for. The upstream's result is invalid: -32603 (section 7.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Inexpressible {
    /// No such request or mode in that version.
    #[error("version {0} has no words for this request")]
    Version(Version),
    /// A URL elicitation needs an id in legacy versions, and none was given.
    #[error("a URL elicitation needs an id")]
    NoId,
    /// The request cannot be read.
    #[error("not a lawful request: {0}")]
    Malformed(#[from] JsonError),
}

/// ML: params of a legacy server's request as an entry of `inputRequests`. Takes out what belongs to the hop: `task`,
/// `elicitationId`, and progress token and related task in `_meta`. All else keeps its bytes.
pub fn input_request_from_legacy(method: &Method, params: &Object) -> Result<Bytes, JsonError> {
    let mut edit = without_hop(params, Edit::new())?;
    if *method == Method::Elicit && params.raw("elicitationId").is_some() {
        edit = edit.remove("elicitationId");
    }
    Ok(edit.apply(params))
}

/// LM: params of an entry of `inputRequests` as a request to a legacy client of version `to`. `elicitation_id` is a
/// fresh one of ours, needed for URL mode alone.
pub fn ask_from_modern(
    method: &Method,
    params: &Object,
    to: Version,
    elicitation_id: Option<&str>,
) -> Result<Bytes, Inexpressible> {
    let edit = without_hop(params, Edit::new())?;
    match method {
        Method::RootsList => Ok(edit.apply(params)),
        Method::CreateMessage => {
            sampling_for(&Object::parse(edit.apply(params), Limits::REPLY)?, to)
        }
        Method::Elicit => {
            let url = params.str("mode").as_deref() == Some("url");
            if to < Version::V2025_06_18 || (url && to < Version::V2025_11_25) {
                return Err(Inexpressible::Version(to));
            }
            let edit = match elicitation_id {
                Some(id) if url => edit.set_str("elicitationId", id),
                None if url => return Err(Inexpressible::NoId),
                _ if to < Version::V2025_11_25 => edit.remove("mode"),
                _ => edit,
            };
            Ok(edit.apply(params))
        }
        _ => Err(Inexpressible::Version(to)),
    }
}

/// Before 2025-11-25 a sampling message has one block of content and there are no tools: messages with several blocks
/// become several messages.
fn sampling_for(params: &Object, to: Version) -> Result<Bytes, Inexpressible> {
    if to >= Version::V2025_11_25 {
        return Ok(params.text().clone());
    }
    if params.raw("tools").is_some() || params.raw("toolChoice").is_some() {
        return Err(Inexpressible::Version(to));
    }
    let Some(messages) = params.get("messages") else { return Ok(params.text().clone()) };
    let mut out = Vec::new();
    let mut changed = false;
    for message in elements(&messages, Limits::REPLY)? {
        let object = Object::parse(message.clone(), Limits::REPLY)?;
        let content = object.get("content").unwrap_or_default();
        let several = Kind::of(&content) == Some(Kind::Array);
        let blocks = if several { elements(&content, Limits::REPLY)? } else { vec![content] };
        for block in blocks {
            let lower = if block.is_empty() { None } else { lower_block(&block, to)? };
            if !several && lower.is_none() {
                out.push(message.clone());
                continue;
            }
            changed = true;
            let block: Rope = lower.unwrap_or(block).into();
            out.push(Splice::new().set("content", block).apply(&object).into_bytes());
        }
    }
    if !changed {
        return Ok(params.text().clone());
    }
    Ok(Splice::new().set("messages", array(out)).apply(params).into_bytes())
}

/// The legacy task that a message belongs to.
pub fn related_task(params: &Object) -> Option<String> {
    let meta = params.object("_meta").ok()??;
    let related = meta.object(keys::RELATED_TASK).ok()??;
    related.str("taskId").map(std::borrow::Cow::into_owned)
}

/// A URL that a legacy server wants visited before the call is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlElicitation {
    /// The server's `elicitationId`.
    pub id: String,
    /// Raw params of the same as an entry of `inputRequests`.
    pub params: Bytes,
}

/// ML: what a `-32042` asks for (section 7.6). `None` if the error is another one, or names nothing that can be asked.
pub fn url_elicitations(error: &RpcError) -> Option<Vec<UrlElicitation>> {
    if error.code != codes::URL_ELICITATION_REQUIRED {
        return None;
    }
    let data = Object::parse(error.data.clone()?, Limits::REPLY).ok()?;
    let entries = elements(&data.get("elicitations")?, Limits::REPLY).ok()?;
    let one = |raw: Bytes| {
        let entry = Object::parse(raw, Limits::REPLY).ok()?;
        let url_mode = entry.str("mode").is_none_or(|mode| mode == "url");
        if !url_mode || entry.str("url").is_none() {
            return None;
        }
        let id = entry.str("elicitationId")?.into_owned();
        let edit = Edit::new().set_str("mode", "url");
        let params = edit.remove("elicitationId").apply(&entry);
        Some(UrlElicitation { id, params })
    };
    let asked: Vec<_> = entries.into_iter().map(one).collect::<Option<_>>()?;
    (!asked.is_empty()).then_some(asked)
}

/// Takes `task` out, and from `_meta` what belongs to a hop; `_meta` itself if nothing is left in it.
pub(super) fn without_hop<'a>(of: &Object, mut edit: Edit<'a>) -> Result<Edit<'a>, JsonError> {
    if of.raw("task").is_some() {
        edit = edit.remove("task");
    }
    let Some(meta) = of.object("_meta")? else { return Ok(edit) };
    let hop = [keys::PROGRESS_TOKEN, keys::RELATED_TASK];
    if hop.iter().all(|name| meta.raw(name).is_none()) {
        return Ok(edit);
    }
    let rest = hop.iter().fold(Edit::new(), |edit, name| edit.remove(name)).apply(&meta);
    Ok(match &rest[..] {
        b"{}" => edit.remove("_meta"),
        rest => edit.set("_meta", rest.to_vec()),
    })
}
