//! `initialize`: a legacy client opens a session.

use std::sync::Arc;

use bytes::Bytes;
use gate::{Client, Lease, SERVER_INFO};
use model::{Code, Principal, Refusal, SourceName};
use protocol::json::Object;
use protocol::mcp::Version;
use protocol::mcp::open::{Initialize, InitializeResult, negotiate};

use crate::base::Base;
use crate::desk::Desk;
use crate::link::Outside;
use crate::session::{New, OUTBOX, Session};
use crate::track::Track;

/// Unsolicited messages that are kept for a stream that is not open.
const KEEP: usize = 64;

/// Who opens, and where.
pub(crate) struct Opener {
    pub(crate) uid: u128,
    pub(crate) principal: Arc<Principal>,
    pub(crate) only: Option<SourceName>,
    pub(crate) front: &'static str,
    pub(crate) desk: Arc<Desk>,
    pub(crate) outbox: Arc<Track>,
}

impl Opener {
    pub(crate) fn new(
        uid: u128,
        principal: Arc<Principal>,
        only: Option<SourceName>,
        front: &'static str,
    ) -> Self {
        let outbox = Arc::new(Track::unread(OUTBOX, KEEP));
        Self { uid, principal, only, front, desk: Arc::default(), outbox }
    }
}

/// Opens a session; gives it together with the raw result of `initialize`.
pub(crate) async fn open(
    base: &Arc<Base>,
    opener: Opener,
    params: &Object,
) -> Result<(Arc<Session>, Bytes), Refusal> {
    let asked = Initialize::parse(params)
        .map_err(|e| Refusal::new(Code::InvalidParams, format!("initialize: {e}")))?;
    let version = negotiate(&asked.requested, &Version::ALL).unwrap_or(Version::NEWEST_LEGACY);
    let patience = base.limits.ask;
    let outside = Outside { track: opener.outbox.clone(), desk: opener.desk.clone(), patience };
    let client = Arc::new(Client::new(
        Lease(opener.uid),
        opener.principal,
        version,
        asked.capabilities,
        asked.client_info,
        opener.only,
        opener.front,
        // Enough to tell sessions apart in records, and nothing that opens one.
        format!("{:016x}", opener.uid >> 64),
        Some(Arc::new(outside)),
    ));
    let welcome = base.gate.greet(&client).await;
    let result = InitializeResult {
        version: version.as_str().to_owned(),
        capabilities: welcome.capabilities.clone(),
        server_info: Some(Bytes::from_static(SERVER_INFO.as_bytes())),
        instructions: welcome.instructions.clone(),
    };
    let now = base.clock.now_millis();
    let life = u64::try_from(base.limits.session_life.as_millis()).unwrap_or(u64::MAX);
    let session = Session::new(
        base.clone(),
        New {
            uid: opener.uid,
            client,
            welcome,
            desk: opener.desk,
            outbox: opener.outbox,
            now,
            expires: now.saturating_add(life),
        },
    );
    Ok((Arc::new(session), result.write()))
}
