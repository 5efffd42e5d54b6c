use convert::Tool;
use egress::{Route, Target};
use model::{SourceName, TenantId};

use crate::auth::Auth;
use crate::paging::Paging;
use crate::shape::Shape;

/// One API: its tools, where it is, and how it is spoken to.
pub struct Config {
    /// The operator's name for it.
    pub name: SourceName,
    /// The same text for the same API across restarts, without any secret.
    pub identity: String,
    /// What it can do. A tool whose server has another origin than the target is left out.
    pub tools: Vec<Tool>,
    /// Where it is: every request has this origin.
    pub target: Target,
    /// By which way it is reached, and as whom.
    pub route: Route,
    /// Whether redirects are followed.
    pub follows: bool,
    /// Credentials.
    pub auth: Auth,
    /// Credentials for each tenant. Where there are any, a call has those of its own tenant or is refused, and `auth` is
    /// [`Auth::None`].
    pub tenants: Vec<(TenantId, Auth)>,
    /// How results are made smaller, by tool name; a `*` at the end stands for any rest, the first that fits counts.
    pub shapes: Vec<(String, Shape)>,
    /// How lists go on, by tool name in the same way.
    pub paging: Vec<(String, Paging)>,
    /// Whether answers are kept as long as HTTP says they may be.
    pub cache: bool,
    /// Sizes.
    pub bounds: Bounds,
    /// When it is left alone.
    pub breaker: breaker::BreakerLimits,
}

/// Sizes of one API.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Largest answer, in bytes after decompression.
    pub result: usize,
    /// Most bytes of answers kept.
    pub cache: usize,
    /// Most pages that one call follows.
    pub pages: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { result: 8 << 20, cache: 16 << 20, pages: 10 }
    }
}

/// The value of the first pattern that fits a name.
pub(crate) fn fitting<'a, T>(patterns: &'a [(String, T)], name: &str) -> Option<&'a T> {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    };
    patterns.iter().find(|(pattern, _)| fits(pattern)).map(|(_, value)| value)
}
