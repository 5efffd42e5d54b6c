use std::sync::Arc;

use gate::Arrival;
use http::{HeaderMap, HeaderName};
use model::{Principal, SourceName};

use crate::line::Line;
use crate::media::Accepts;

/// The header that names the version of MCP.
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// One HTTP request whose caller is known.
pub(crate) struct Visit {
    pub(crate) line: Arc<Line>,
    pub(crate) headers: HeaderMap,
    pub(crate) at: Arrival,
    pub(crate) principal: Arc<Principal>,
    /// The one source it is about, if its path names one.
    pub(crate) only: Option<SourceName>,
    pub(crate) accepts: Accepts,
}

impl Visit {
    /// The raw version header, if there is one.
    pub(crate) fn version(&self) -> Option<&[u8]> {
        self.headers.get(VERSION).map(http::HeaderValue::as_bytes)
    }
}

/// The digest of a set of sources that session ids are bound to: zero for all of them (FNV-1a; it is sealed, so it
/// need not be a secret or hard to find).
pub(crate) fn source_set(only: Option<&SourceName>) -> u64 {
    let Some(only) = only else { return 0 };
    only.as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
