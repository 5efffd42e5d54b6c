use bytes::Bytes;
use gate::Client;
use gate::port::Reply;
use protocol::json::{Limits, Object, quote_into};
use protocol::mcp::{Era, Version};

/// A result as it is written, block after block.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Room for so many bytes of others, and what is written around them.
    pub(crate) fn new(size: usize) -> Self {
        let mut out = Vec::with_capacity(size + size / 8 + 512);
        out.extend_from_slice(b"{\"content\":[");
        Self(out)
    }

    /// One more text.
    pub(crate) fn text(&mut self, text: &str) {
        self.block(r#"{"type":"text","text":"#);
        quote_into(&mut self.0, text);
        self.0.push(b'}');
    }

    /// One more block, or its beginning.
    pub(crate) fn block(&mut self, json: &str) {
        if !self.0.ends_with(b"[") {
            self.0.push(b',');
        }
        self.0.extend_from_slice(json.as_bytes());
    }

    /// What stands behind the blocks. `meta` is the text of an object, or empty.
    pub(crate) fn end(
        self,
        client: &Client,
        structured: Option<&str>,
        meta: &[u8],
        failed: bool,
    ) -> Reply {
        let Self(mut out) = self;
        out.push(b']');
        // Structured results came with 2025-06-18.
        if let Some(structured) = structured.filter(|_| client.version >= Version::V2025_06_18) {
            out.extend_from_slice(b",\"structuredContent\":");
            out.extend_from_slice(structured.as_bytes());
        }
        if failed {
            out.extend_from_slice(b",\"isError\":true");
        }
        if client.version.era() == Era::Modern {
            out.extend_from_slice(b",\"resultType\":\"complete\"");
        }
        if !meta.is_empty() {
            out.extend_from_slice(b",\"_meta\":");
            out.extend_from_slice(meta);
        }
        out.push(b'}');
        // What is nested deeper than a client may be sent is no result.
        let (result, failed) = match Object::parse(out.into(), Limits::REPLY) {
            Ok(object) => (object, failed),
            Err(_) => (too_deep(), true),
        };
        Reply::Complete { result: result.into(), failed }
    }
}

fn too_deep() -> Object {
    let text = r#"{"content":[{"type":"text","text":"result_too_large: the answer is nested too deeply"}],"isError":true}"#;
    Object::parse(Bytes::from_static(text.as_bytes()), Limits::REPLY)
        .unwrap_or_else(|_| Object::empty())
}
