use bytes::Bytes;

use crate::Rope;
use crate::json::{JsonError, Kind, Object};
use crate::mcp::{Era, Method, Version};
use crate::splice::quoted;

/// How long and for whom a modern result may be kept (2026-07-28 server/utilities/caching). The default is not at
/// all, and for nobody else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caching {
    /// `ttlMs`, in milliseconds.
    pub ttl_ms: u64,
    /// `cacheScope`: `public`, else `private`.
    pub public: bool,
}

impl Caching {
    pub(super) const fn scope(self) -> &'static [u8] {
        if self.public { b"\"public\"" } else { b"\"private\"" }
    }

    /// What a modern result allows. What is absent or malformed counts as the default.
    pub fn of(result: &Object) -> Self {
        let ttl = result.raw("ttlMs").and_then(|raw| std::str::from_utf8(raw).ok()?.parse().ok());
        Self {
            ttl_ms: ttl.unwrap_or(0),
            public: result.str("cacheScope").as_deref() == Some("public"),
        }
    }
}

/// Whether complete results of a method must say how they may be cached (section 2.9).
pub const fn is_cacheable(method: &Method) -> bool {
    matches!(
        method,
        Method::Discover
            | Method::ToolsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList
            | Method::ResourcesRead
            | Method::PromptsList
    )
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The raw array of definitions.
    pub items: Bytes,
    /// What to ask the next page with; an empty one is a cursor too, only absence ends the list.
    pub next_cursor: Option<String>,
}

/// Reads one page; `member` is `tools`, `resources`, `resourceTemplates` or `prompts`.
pub fn parse_page(result: &Object, member: &str) -> Result<Page, JsonError> {
    let items = result.get(member).filter(|raw| Kind::of(raw) == Some(Kind::Array));
    let next_cursor = match result.raw("nextCursor") {
        None | Some(b"null") => None,
        Some(_) => Some(result.str("nextCursor").ok_or(JsonError::Kind)?.into_owned()),
    };
    Ok(Page { items: items.ok_or(JsonError::Kind)?, next_cursor })
}

/// One page for a client of version `to`; `items` are raw definitions, none of them copied.
pub fn write_list(
    member: &str,
    items: impl IntoIterator<Item = Rope>,
    next_cursor: Option<&str>,
    to: Version,
    caching: Caching,
) -> Rope {
    let mut out = Rope::from(&b"{"[..]);
    out.push(quoted(member));
    out.push(&b":["[..]);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(&b","[..]);
        }
        out.append(item);
    }
    out.push(&b"]"[..]);
    if let Some(cursor) = next_cursor {
        out.push(&b",\"nextCursor\":"[..]);
        out.push(quoted(cursor));
    }
    if to.era() == Era::Modern {
        out.push(format!(
            ",\"resultType\":\"complete\",\"ttlMs\":{},\"cacheScope\":",
            caching.ttl_ms
        ));
        out.push(caching.scope());
    }
    out.push(&b"}"[..]);
    out
}
