//! Paths, told apart once.

use http::Uri;

/// Where a request goes. The guard belongs to the place, not to a text: whatever is not exactly one of these paths is
/// none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/mcp`: all sources. `/mcp/NAME`: one of them.
    Mcp(Option<String>),
    /// `/sse`
    Sse,
    /// `/messages`
    Messages,
    /// `/hooks/NAME`, the name as it stands in the path.
    Hook(String),
    /// `/healthz`
    Health,
    /// `/readyz`
    Ready,
    /// `/`
    Root,
    /// Anything else.
    Unknown,
}

impl Route {
    pub(crate) fn of(uri: &Uri) -> Self {
        match uri.path() {
            "/mcp" => Self::Mcp(None),
            "/sse" => Self::Sse,
            "/messages" => Self::Messages,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/" => Self::Root,
            path => match (path.strip_prefix("/mcp/"), path.strip_prefix("/hooks/")) {
                (Some(name), _) => Self::Mcp(Some(name.to_owned())),
                (None, Some(name)) => Self::Hook(name.to_owned()),
                (None, None) => Self::Unknown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // v-routes-01 to v-routes-10
    #[test]
    fn a_path_is_exactly_one_of_ours_or_none() {
        let of = |uri: &str| Route::of(&uri.parse().unwrap());
        assert_eq!(of("/mcp?api_key=x"), Route::Mcp(None));
        assert_eq!(of("/mcp/files"), Route::Mcp(Some("files".to_owned())));
        assert_eq!(of("/mcp/%66iles"), Route::Mcp(Some("%66iles".to_owned())));
        assert_eq!(of("/hooks/%61?x"), Route::Hook("%61".to_owned()));
        for other in [
            "/hooks",
            "/routes",
            "/MCP",
            "/mcp2",
            "//mcp",
            "/console?x=1",
            "/metrics",
            "/healthz/",
            "/mcp%2f",
            "/x/../mcp",
        ] {
            assert_eq!(of(other), Route::Unknown, "{other}");
        }
    }
}
