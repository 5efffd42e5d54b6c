//! Content that an older revision has no word for, said as text (section 7.17).

use bytes::Bytes;

use crate::Rope;
use crate::json::{JsonError, Kind, Limits, Object, canonical, elements};
use crate::mcp::writer::Writer;
use crate::mcp::{Method, Version};
use crate::splice::{Splice, quoted};

/// Notes in `splice` what must change in a result of `method` for a legacy client of version `to`.
pub(super) fn lower(
    method: &Method,
    result: &Object,
    to: Version,
    splice: &mut Splice<'static>,
) -> Result<(), JsonError> {
    match method {
        Method::ToolsCall => lower_tool_result(result, to, splice),
        Method::PromptsGet if to < Version::V2025_06_18 => lower_messages(result, to, splice),
        _ => Ok(()),
    }
}

fn lower_tool_result(
    result: &Object,
    to: Version,
    splice: &mut Splice<'static>,
) -> Result<(), JsonError> {
    let structured = result
        .get("structuredContent")
        .filter(|raw| to < Version::V2025_06_18 || Kind::of(raw) != Some(Kind::Object));
    if structured.is_none() && to >= Version::V2025_06_18 {
        return Ok(());
    }
    let content = result.get("content").unwrap_or_else(|| Bytes::from_static(b"[]"));
    let mut blocks = elements(&content, Limits::REPLY)?;
    let mut changed = false;
    for block in &mut blocks {
        if let Some(text) = lower_block(block, to)? {
            *block = text;
            changed = true;
        }
    }
    if let Some(structured) = structured {
        splice.remove("structuredContent");
        if Kind::of(&structured) != Some(Kind::Null) && !says_the_same(&blocks, &structured) {
            blocks.push(text_block(&String::from_utf8_lossy(&structured)));
            changed = true;
        }
    }
    if changed {
        splice.set("content", array(blocks));
    }
    Ok(())
}

fn lower_messages(
    result: &Object,
    to: Version,
    splice: &mut Splice<'static>,
) -> Result<(), JsonError> {
    let Some(messages) = result.get("messages") else { return Ok(()) };
    let mut messages = elements(&messages, Limits::REPLY)?;
    let mut changed = false;
    for message in &mut messages {
        let object = Object::parse(message.clone(), Limits::REPLY)?;
        let Some(content) = object.get("content") else { continue };
        if let Some(text) = lower_block(&content, to)? {
            *message = Splice::new().set("content", text).apply(&object).into_bytes();
            changed = true;
        }
    }
    if changed {
        splice.set("messages", array(messages));
    }
    Ok(())
}

/// One content block as text, if version `to` does not know its type.
pub(super) fn lower_block(block: &Bytes, to: Version) -> Result<Option<Bytes>, JsonError> {
    if to >= Version::V2025_06_18 {
        return Ok(None);
    }
    let object = Object::parse(block.clone(), Limits::REPLY)?;
    let part = |name: &str| object.str(name).unwrap_or_default();
    Ok(match &*part("type") {
        "text" | "image" | "resource" => None,
        "audio" if to >= Version::V2025_03_26 => None,
        "audio" => Some(text_block(&format!("[audio, {}: not shown]", part("mimeType")))),
        "resource_link" => {
            let name = object.str("title").unwrap_or_else(|| part("name"));
            Some(text_block(&format!("{name}: {}", part("uri"))))
        }
        other => Some(text_block(&format!("[content of type {other}: not shown]"))),
    })
}

/// Whether one of the text blocks holds this JSON value, however it is laid out.
fn says_the_same(blocks: &[Bytes], value: &[u8]) -> bool {
    let wanted = canonical(value, Limits::REPLY).ok();
    blocks.iter().any(|block| {
        let object = Object::parse(block.clone(), Limits::REPLY).ok();
        let text = object.as_ref().and_then(|o| o.str("text"));
        text.is_some_and(|text| {
            text.as_bytes() == value
                || wanted.is_some() && canonical(text.as_bytes(), Limits::REPLY).ok() == wanted
        })
    })
}

fn text_block(text: &str) -> Bytes {
    Writer::new().raw("type", b"\"text\"").raw("text", &quoted(text)).finish()
}

/// An array of raw elements, none of them copied.
pub(super) fn array(items: Vec<Bytes>) -> Rope {
    let mut out = Rope::from(&b"["[..]);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(&b","[..]);
        }
        out.push(item);
    }
    out.push(&b"]"[..]);
    out
}
