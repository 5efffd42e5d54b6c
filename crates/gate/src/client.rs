use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use model::Principal;
use protocol::mcp::{ClientCapabilities, Level, Version};

use crate::port::Link;

/// Who calls, and in what surroundings: a principal together with what its client said of itself.
///
/// A legacy client is one session. A modern client has none: two requests of one principal that declare the same
/// version and capabilities are the same client here.
pub struct Client {
    /// What upstream sessions are keyed by. Never the same for two principals, nor for two legacy sessions.
    pub lease: Lease,
    /// Who it is, proven by the credential of this request or of the one that opened the session.
    pub principal: Arc<Principal>,
    /// What it speaks.
    pub version: Version,
    /// What it declared that it can be asked.
    pub capabilities: ClientCapabilities,
    /// Raw `clientInfo`; its own words, never used to decide.
    pub info: Option<Bytes>,
    /// The one source it may see, when it came through `/mcp/{source}`; all of them otherwise.
    pub only: Option<model::SourceName>,
    /// Which door it came through, for records: `http`, `stdio`, `sse`.
    pub front: &'static str,
    /// Its session as records name it; empty for modern clients.
    pub session: String,
    /// The way to a legacy client outside any request (its GET stream, its stdout).
    pub link: Option<Arc<dyn Link>>,
    level: AtomicU8,
    /// By which run of steps it came to be; none for a client of a front.
    pub(crate) trail: Option<crate::step::Trail>,
}

/// Names what upstream sessions belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease(pub u128);

impl Client {
    /// A client; `link` is there for legacy clients only.
    #[expect(
        clippy::too_many_arguments,
        reason = "plain data, each part needed; built in two places"
    )]
    pub fn new(
        lease: Lease,
        principal: Arc<Principal>,
        version: Version,
        capabilities: ClientCapabilities,
        info: Option<Bytes>,
        only: Option<model::SourceName>,
        front: &'static str,
        session: String,
        link: Option<Arc<dyn Link>>,
    ) -> Self {
        let level = AtomicU8::new(Level::OFF);
        let trail = None;
        Self {
            lease,
            principal,
            version,
            capabilities,
            info,
            only,
            front,
            session,
            link,
            level,
            trail,
        }
    }

    /// Whether this source is on its path. Whether it is there for its tenant, the catalogue says.
    pub(crate) fn sees(&self, source: &model::SourceName) -> bool {
        self.only.as_ref().is_none_or(|only| only == source)
    }

    /// Whether it stands for the steps of a call rather than for somebody before the gate.
    pub const fn is_stepping(&self) -> bool {
        self.trail.is_some()
    }

    /// The level a legacy client set for its session with `logging/setLevel`, if it did.
    pub fn level(&self) -> Option<Level> {
        Level::from_code(self.level.load(Ordering::Relaxed))
    }

    /// Keeps what `logging/setLevel` asked for.
    pub fn set_level(&self, level: Level) {
        self.level.store(level.code(), Ordering::Relaxed);
    }
}
