use http::Uri;
use thiserror::Error;

use crate::percent;

/// Paths of other doors: none of them can be the REST door's, or stand above it.
const TAKEN: [&str; 7] = ["mcp", "sse", "messages", "hooks", "healthz", "readyz", "metrics"];
/// Longest base.
const MAX: usize = 128;
/// Longest name of a tool that is looked for.
const MAX_NAME: usize = 1024;

/// Where the REST door stands, such as `/api`: plain segments, no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestBase(String);

/// Not a base of the REST door.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no base path: use segments of a-z, A-Z, 0-9, `-`, `_` and `.`, each after a slash, such as `/api`; `/mcp`, `/hooks` and the like are taken"
)]
pub struct BadBase(String);

/// A place behind the REST door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// `{base}/health`
    Health,
    /// `{base}/tools`
    Tools,
    /// `{base}/openapi.json`
    OpenApi,
    /// `{base}/tools/{name}`: the name, decoded once. Nothing if it cannot be decoded.
    Tool(Option<String>),
    /// Anything else under the base.
    Nothing,
}

impl RestBase {
    /// Checks a base path.
    ///
    /// # Errors
    /// A path that is not plain, or is another door's.
    pub fn new(text: &str) -> Result<Self, BadBase> {
        let bad = || BadBase(text.escape_debug().to_string());
        let rest = text.strip_prefix('/').ok_or_else(bad)?;
        let lawful = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let plain =
            |s: &str| !s.is_empty() && s.bytes().all(lawful) && s.bytes().any(|b| b != b'.');
        let first = rest.split('/').next().unwrap_or_default();
        if text.len() > MAX || !rest.split('/').all(plain) || TAKEN.contains(&first) {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which place of this door a request goes to, if it is for this door at all.
    pub(crate) fn place(&self, uri: &Uri) -> Option<Place> {
        let rest = uri.path().strip_prefix(self.0.as_str())?.strip_prefix('/')?;
        Some(match rest {
            "health" => Place::Health,
            "tools" => Place::Tools,
            "openapi.json" => Place::OpenApi,
            _ => match rest.strip_prefix("tools/") {
                Some(segment) if !segment.is_empty() && !segment.contains('/') => {
                    let name = percent::decode(segment);
                    Place::Tool(name.filter(|n| n.len() <= MAX_NAME))
                }
                _ => Place::Nothing,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_plain_and_no_other_doors() {
        for good in ["/api", "/v1", "/a/b.c/d_e", "/mcpx"] {
            assert!(RestBase::new(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "api", "/api/", "//api", "/a//b", "/..", "/a/../b", "/.", "/a%20", "/a?b",
            "/mcp", "/mcp/api", "/hooks/a", "/sse", "/metrics", "/ä", "/a b", "/a{b}",
        ] {
            assert!(RestBase::new(bad).is_err(), "{bad}");
        }
        assert!(RestBase::new(&format!("/{}", "a".repeat(MAX))).is_err());
    }

    // g-policy-07
    #[test]
    fn a_name_is_one_segment_decoded_once() {
        let base = RestBase::new("/api").unwrap();
        let of = |uri: &str| base.place(&uri.parse().unwrap());
        let tool = |name: &str| Some(Place::Tool(Some(name.to_owned())));
        assert_eq!(of("/api/tools/shop__ref%75nd?x=1"), tool("shop__refund"));
        assert_eq!(of("/api/tools/a%2Fb"), tool("a/b"));
        assert_eq!(of("/api/tools/a%2575"), tool("a%75"));
        assert_eq!(of("/api/tools/a%zz"), Some(Place::Tool(None)));
        assert_eq!(of("/api/tools"), Some(Place::Tools));
        assert_eq!(of("/api/openapi.json"), Some(Place::OpenApi));
        assert_eq!(of("/api/health"), Some(Place::Health));
        for nothing in ["/api/", "/api/tools/", "/api/tools/a/b", "/api/Tools", "/api/x/tools"] {
            assert_eq!(of(nothing), Some(Place::Nothing), "{nothing}");
        }
        for other in
            ["/api", "/apix/tools", "/API/tools", "//api/tools", "/x/api/tools", "/%61pi/tools"]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
