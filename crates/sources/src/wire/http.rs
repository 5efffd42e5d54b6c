use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use egress::Deadline;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use protocol::mcp::{Era, Version};

use super::Outgoing;
use super::endpoint::Endpoint;
use super::events::EventStream;
use super::status::{self, is_events};
use crate::fault::Fault;

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Streamable HTTP towards one server, in one era, with or without a session of the server's.
pub(crate) struct HttpWire {
    pub(super) at: Endpoint,
    pub(super) era: Era,
    pub(super) session: bool,
    /// Whether a stream outside any request is open, on which something can come for a call.
    listening: AtomicBool,
    headers: HeaderMap,
}

impl HttpWire {
    /// The wire before there is a session: for probes, for `initialize`, and for all of the modern era.
    pub(crate) fn new(at: Endpoint, version: Option<Version>, era: Era) -> Self {
        let mut headers = at.headers.clone();
        if let Some(version) = version {
            headers.insert(VERSION, HeaderValue::from_static(version.as_str()));
        }
        Self { at, era, session: false, listening: AtomicBool::new(false), headers }
    }

    /// The wire of a session that has just been opened.
    pub(crate) fn in_session(&self, version: Version, id: Option<HeaderValue>) -> Self {
        let mut headers = self.headers.clone();
        // The header exists from 2025-06-18; older servers never look at it.
        if version >= Version::V2025_06_18 {
            headers.insert(VERSION, HeaderValue::from_static(version.as_str()));
        }
        let session = id.is_some();
        if let Some(mut id) = id {
            id.set_sensitive(true);
            headers.insert(SESSION, id);
        }
        let listening = AtomicBool::new(false);
        Self { at: self.at.clone(), era: self.era, session, listening, headers }
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.era == Era::Modern
    }

    pub(crate) fn listens(&self) -> bool {
        self.listening.load(Ordering::Relaxed)
    }

    pub(crate) fn set_listening(&self, yes: bool) {
        self.listening.store(yes, Ordering::Relaxed);
    }

    /// All headers of one request.
    pub(super) fn headers_for(&self, out: &mut Outgoing) -> HeaderMap {
        let mut headers = self.headers.clone();
        if self.era == Era::Modern {
            if let Ok(method) = HeaderValue::from_str(out.method.as_str()) {
                headers.insert(METHOD, method);
            }
            headers.extend(std::mem::take(&mut out.headers));
        }
        headers
    }

    /// Posts something that has no answer.
    pub(crate) async fn tell(&self, message: Bytes) -> Result<(), Fault> {
        let deadline = Deadline::after(self.at.small);
        let headers = self.headers.clone();
        let response = self.at.send(Method::POST, None, headers, message, deadline).await?;
        match response.status.as_u16() {
            200..300 => Ok(()),
            404 if self.session => Err(Fault::session_gone()),
            code => Err(Fault::refused(code)),
        }
    }

    /// Ends the server's session, whatever it answers.
    pub(crate) async fn end_session(&self) {
        if self.session && self.era == Era::Legacy {
            let deadline = Deadline::after(self.at.small);
            let headers = self.headers.clone();
            let end = self.at.send(Method::DELETE, None, headers, Bytes::new(), deadline);
            if let Err(e) = end.await {
                tracing::debug!(origin = self.at.client.origin(), "session not ended: {e}");
            }
        }
    }

    /// Opens the stream outside any request, or takes up one that broke off behind `after`.
    pub(crate) async fn listen(
        &self,
        after: Option<&str>,
        deadline: Deadline,
    ) -> Result<EventStream, Fault> {
        let mut headers = self.headers.clone();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.remove(http::header::CONTENT_TYPE);
        if let Some(id) = after {
            let id = HeaderValue::from_str(id)
                .map_err(|_| Fault::malformed("an event id that is no header value"))?;
            headers.insert(LAST_EVENT, id);
        }
        let get = self.at.send(Method::GET, None, headers, Bytes::new(), deadline);
        let response = get.await?;
        match response.status.as_u16() {
            200 if is_events(&response.headers) => Ok(response.events(&self.at)),
            404 if self.session => Err(Fault::session_gone()),
            code => Err(status::refused(code)),
        }
    }
}

/// A session id as the server set it: visible ASCII (2025-11-25 basic/transports) and not endless.
pub(crate) fn session_id(headers: &HeaderMap) -> Result<Option<HeaderValue>, Fault> {
    let Some(id) = headers.get(SESSION) else { return Ok(None) };
    let visible = id.as_bytes().iter().all(|b| (0x21..=0x7E).contains(b));
    let once = headers.get_all(SESSION).iter().nth(1).is_none();
    if visible && once && (1..=8192).contains(&id.len()) {
        return Ok(Some(id.clone()));
    }
    Err(Fault::malformed("set a session id that is not visible ASCII"))
}
