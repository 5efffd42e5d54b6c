use std::time::Duration;

use egress::{Client, Egress, Limits, Policy, Target};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::config::{Bounds, Remote, Times};
use crate::error::SetupError;

/// As long as an exchange can last at all; calls bring deadlines of their own.
const LONGEST: Duration = Duration::from_hours(24);

/// A server on the network: the client for its origin, and the headers that every request carries.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) client: Client,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// Largest message taken, in bytes.
    pub(crate) max: usize,
    /// Longest silence on a stream.
    pub(crate) silence: Duration,
    /// For small requests of our own.
    pub(crate) small: Duration,
}

impl Endpoint {
    /// Checks the settings; nothing is opened yet.
    pub(crate) fn new(
        egress: &Egress,
        remote: &Remote,
        times: &Times,
        bounds: &Bounds,
    ) -> Result<Self, SetupError> {
        let allowed = remote.private.iter();
        let policy = allowed.fold(Policy::default(), |p, (host, port)| p.allow(host, *port));
        let limits = Limits {
            connect: times.start.min(Limits::default().connect),
            first_byte: LONGEST,
            total: LONGEST,
            idle: times.silence,
            max_body: bounds.result,
            ..Limits::default()
        };
        let base = remote.url.clone();
        let target = Target { base, policy, limits, extra_roots: remote.ca.clone() };
        let client = egress.client(&target).map_err(|e| SetupError::Target(e.to_string()))?;
        Ok(Self {
            client,
            url: remote.url.clone(),
            headers: headers(remote)?,
            max: bounds.result,
            silence: times.silence,
            small: times.list,
        })
    }
}

fn headers(remote: &Remote) -> Result<HeaderMap, SetupError> {
    let mut all = HeaderMap::with_capacity(remote.headers.len() + 8);
    for (name, value) in &remote.headers {
        let bad = || SetupError::Header(name.clone());
        let key = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        if key.as_str().starts_with("mcp-") || key == CONTENT_TYPE || key == ACCEPT {
            return Err(SetupError::OwnHeader(name.clone()));
        }
        let mut value = HeaderValue::try_from(value.reveal().as_str()).map_err(|_| bad())?;
        value.set_sensitive(true);
        all.append(key, value);
    }
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Both must be listed, whichever comes (2025-11-25 basic/transports).
    all.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    Ok(all)
}
