//! The result of a tool, as a source of our own writes it: in every revision alike, and without being read again.

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;

use super::draft::Draft;
use super::{Era, Version};
use crate::json::{Assembly, JsonError, Limits, Object, quote_bytes_into, quote_into};
use crate::splice::Splice;

/// A result of `tools/call` (schema `CallToolResult`).
#[derive(Debug, Clone, Copy, Default)]
pub struct CallToolResult<'a> {
    /// What a model reads.
    pub content: &'a [ContentBlock<'a>],
    /// What a program reads; left out for clients of revisions before 2025-06-18, which brought it.
    pub structured: Option<&'a Structured>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// `_meta`
    pub meta: Option<&'a Object>,
}

/// One block of content (schema `ContentBlock`). What is binary comes in base64.
#[derive(Debug, Clone, Copy)]
pub enum ContentBlock<'a> {
    /// A text.
    Text(&'a str),
    /// The structured result as a text, byte for byte, for whoever reads no structure.
    Structured,
    /// A picture.
    Image(Media<'a>),
    /// Sound.
    Audio(Media<'a>),
    /// A file, under the address it came from.
    Blob(&'a str, Media<'a>),
}

/// Bytes of a media type.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a> {
    /// The type, such as `image/png`.
    pub mime_type: &'a str,
    /// Base64.
    pub data: &'a str,
}

/// An object that fits into a result: checked, with room for what stands around it.
#[derive(Debug, Clone)]
pub struct Structured(Object);

impl Structured {
    /// Checks a text: one object, not nested deeper nor populated beyond what a client may be sent.
    pub fn parse(text: Bytes) -> Result<Self, JsonError> {
        Object::parse(text, Limits::WITHIN_REPLY).map(Self)
    }

    /// The same for a tree.
    pub fn of(value: &Value) -> Result<Self, JsonError> {
        Self::parse(value.to_string().into())
    }

    /// The text as it came.
    pub fn text(&self) -> &Bytes {
        self.0.text()
    }
}

impl CallToolResult<'_> {
    /// Written for a client that speaks `version`.
    pub fn write(&self, version: Version) -> Draft {
        let mut out = Assembly::with_capacity(self.size());
        let structured = self.structured.filter(|_| version >= Version::V2025_06_18);
        let mut echo = 0..0;
        out.member("content", |out| {
            out.push(b'[');
            for (n, block) in self.content.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                let said = self.block(out, block);
                if matches!(block, ContentBlock::Structured) {
                    echo = said;
                }
            }
            out.push(b']');
        });
        if let Some(Structured(object)) = structured {
            let text = object.text().trim_ascii();
            out.member("structuredContent", |out| out.extend_from_slice(text));
        }
        if self.is_error {
            out.member("isError", |out| out.extend_from_slice(b"true"));
        }
        if version.era() == Era::Modern {
            out.member("resultType", |out| out.extend_from_slice(b"\"complete\""));
        }
        if let Some(meta) = self.meta {
            out.object("_meta", meta);
        }
        // Escapes would mean one thing in the structure and another in a text.
        let same = structured.is_some_and(|s| memchr::memchr(b'\\', s.text()).is_none());
        Draft::new(out.finish(), Splice::new()).echoing(if same { echo } else { 0..0 })
    }

    /// Writes a block, and says where the inside of its text stands.
    fn block(&self, out: &mut Vec<u8>, block: &ContentBlock<'_>) -> Range<usize> {
        let media = |out: &mut Vec<u8>, kind: &str, media: &Media<'_>| {
            out.extend_from_slice(b"{\"type\":\"");
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(b"\",\"data\":");
            quote_into(out, media.data);
            out.extend_from_slice(b",\"mimeType\":");
            quote_into(out, media.mime_type);
            out.push(b'}');
        };
        match block {
            ContentBlock::Text(said) => return text(out, said.as_bytes()),
            ContentBlock::Structured => {
                return text(out, self.structured.map_or(&b""[..], |s| s.text()));
            }
            ContentBlock::Image(picture) => media(out, "image", picture),
            ContentBlock::Audio(sound) => media(out, "audio", sound),
            ContentBlock::Blob(uri, Media { mime_type, data }) => {
                out.extend_from_slice(b"{\"type\":\"resource\",\"resource\":{\"uri\":");
                quote_into(out, uri);
                out.extend_from_slice(b",\"mimeType\":");
                quote_into(out, mime_type);
                out.extend_from_slice(b",\"blob\":");
                quote_into(out, data);
                out.extend_from_slice(b"}}");
            }
        }
        0..0
    }

    /// Bytes that will do, if not much has to be escaped.
    fn size(&self) -> usize {
        const AROUND: usize = 512;
        let structured = self.structured.map_or(0, |s| s.text().len());
        let blocks = self.content.iter().map(|block| match block {
            ContentBlock::Text(text) => text.len() + text.len() / 8,
            ContentBlock::Structured => structured + structured / 4,
            ContentBlock::Image(of) | ContentBlock::Audio(of) | ContentBlock::Blob(_, of) => {
                of.data.len()
            }
        });
        blocks.sum::<usize>() + structured + self.meta.map_or(0, |meta| meta.text().len()) + AROUND
    }
}

/// Writes a block of text, and says where the inside of the text stands.
fn text(out: &mut Vec<u8>, said: &[u8]) -> Range<usize> {
    out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
    let start = out.len() + 1;
    quote_bytes_into(out, said);
    let end = out.len() - 1;
    out.push(b'}');
    start..end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json::unquote;

    const VERSIONS: [Version; 5] = [
        Version::V2024_11_05,
        Version::V2025_03_26,
        Version::V2025_06_18,
        Version::V2025_11_25,
        Version::V2026_07_28,
    ];

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            "[a\\\\\"\n \u{e9}]{0,6}".prop_map(Value::from)
        ];
        let inner = leaf.prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::from)
        });
        prop::collection::btree_map("[a-z\\\\\"]{0,3}", inner, 0..4)
            .prop_map(|all| all.into_iter().collect())
    }

    fn written(value: &Value, gap: &str, pretty: bool) -> Bytes {
        let text =
            if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        format!("{gap}{}{gap}", text.unwrap()).into()
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_a_tree_would_be_and_reads_as_if_it_were_read(
            words in "\\PC{0,20}", structured in prop::option::of(tree()), meta in prop::option::of(tree()),
            gap in "[ \n]{0,2}", pretty: bool, is_error: bool, version in prop::sample::select(&VERSIONS[..]),
        ) {
            let text = structured.as_ref().map(|value| written(value, &gap, pretty));
            let object = text.clone().map(|text| Structured::parse(text).unwrap());
            let about = meta.as_ref().map(|meta| Object::parse(written(meta, &gap, pretty), Limits::REPLY).unwrap());
            let media = Media { mime_type: "a/b", data: "AA==" };
            let content = [
                ContentBlock::Text(&words),
                ContentBlock::Structured,
                ContentBlock::Image(media),
                ContentBlock::Audio(media),
                ContentBlock::Blob("x:\"", media),
            ];
            let content = if object.is_some() { &content[..] } else { &content[..1] };
            let result = CallToolResult { content, structured: object.as_ref(), is_error, meta: about.as_ref() };
            let draft = result.write(version);

            let mut plain = json!({ "content": [{ "type": "text", "text": words }] });
            if let (Some(value), Some(text)) = (&structured, &text) {
                plain["content"] = json!([
                    { "type": "text", "text": words },
                    { "type": "text", "text": std::str::from_utf8(text).unwrap() },
                    { "type": "image", "data": "AA==", "mimeType": "a/b" },
                    { "type": "audio", "data": "AA==", "mimeType": "a/b" },
                    { "type": "resource", "resource": { "uri": "x:\"", "mimeType": "a/b", "blob": "AA==" } },
                ]);
                if version >= Version::V2025_06_18 {
                    plain["structuredContent"] = value.clone();
                }
            }
            if is_error {
                plain["isError"] = true.into();
            }
            if version.era() == Era::Modern {
                plain["resultType"] = "complete".into();
            }
            if let Some(meta) = &meta {
                plain["_meta"] = meta.clone();
            }
            let object = draft.original();
            prop_assert_eq!(&serde_json::from_slice::<Value>(object.text()).unwrap(), &plain);
            let again = Object::parse(object.text().clone(), Limits::REPLY).unwrap();
            let members = |o: &Object| o.iter().map(|(n, v)| (n.into_owned(), v.to_vec())).collect::<Vec<_>>();
            prop_assert_eq!(members(object), members(&again));
            let inner = |o: &Object| o.object("_meta").unwrap().as_ref().map(members);
            prop_assert_eq!(inner(object), inner(&again));
        }

        #[test]
        fn an_echo_says_what_the_structure_is_and_nothing_in_that_is_escaped(
            words in "\\PC{0,20}", value in tree(), gap in "[ \n]{0,2}", pretty: bool,
            version in prop::sample::select(&VERSIONS[..]),
        ) {
            let text = written(&value, &gap, pretty);
            let structured = Structured::parse(text.clone()).unwrap();
            let content = [ContentBlock::Text(&words), ContentBlock::Structured];
            let result = CallToolResult { content: &content, structured: Some(&structured), ..CallToolResult::default() };
            let draft = result.write(version);
            let (whole, echo) = (draft.original().text(), draft.echo());
            let plain = !text.contains(&b'\\') && version >= Version::V2025_06_18;
            prop_assert_eq!(echo.is_empty(), !plain);
            if plain {
                let quoted = &whole[echo.start - 1..=echo.end];
                let said = unquote(quoted).unwrap();
                prop_assert_eq!(said.as_bytes(), &text);
                prop_assert_eq!(draft.original().raw("structuredContent").unwrap(), text.trim_ascii());
            }
        }
    }

    #[test]
    fn what_fits_into_a_result_leaves_it_within_what_a_client_may_be_sent() {
        let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let deepest = Structured::parse(nested(127).into()).unwrap();
        let result = CallToolResult { structured: Some(&deepest), ..CallToolResult::default() };
        let whole = result.write(Version::V2026_07_28).original().text().clone();
        assert!(Object::parse(whole, Limits::REPLY).is_ok());
        assert!(Structured::parse(nested(128).into()).is_err());
    }
}
