use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress::{Body, Client, Deadline, Egress, EgressError, Limits, Target};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use model::{Masks, NoVault, Noting, Secret, Secrets, Template, Usage};
use url::Url;

use super::events::EventStream;
use crate::config::{Bounds, Remote, Times};
use crate::error::SetupError;
use crate::fault::Fault;
use crate::secrets;

/// As long as an exchange can last at all; calls bring deadlines of their own.
const LONGEST: Duration = Duration::from_hours(24);

/// A server on the network: the client for its origin, and the headers that every request carries.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) client: Client,
    pub(crate) url: Url,
    /// Without those that hold secrets: see [`Endpoint::send`].
    pub(crate) headers: HeaderMap,
    sealed: Arc<Sealed>,
    /// Largest message taken, in bytes.
    pub(crate) max: usize,
    /// Longest silence on a stream.
    pub(crate) silence: Duration,
    /// For small requests of our own.
    pub(crate) small: Duration,
}

/// Headers that hold secrets of the vault, and where these come from.
struct Sealed {
    headers: Vec<(HeaderName, Template)>,
    secrets: Arc<dyn Secrets>,
    /// What stands in headers and came from the environment.
    filled: Arc<Masks>,
}

/// The head of a reply, and a body that is shown without the secrets that went with its request.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
    masks: Arc<Masks>,
}

impl Answered {
    /// The whole body.
    pub(crate) async fn collect(self, max: usize) -> Result<Bytes, EgressError> {
        let text = self.body.collect(max).await?;
        Ok(self.masks.masked(&text).map_or(text, Bytes::from))
    }

    /// The body as a stream of events.
    pub(crate) fn events(self, at: &Endpoint) -> EventStream {
        EventStream::new(self.body, self.masks, at)
    }
}

impl Endpoint {
    /// Checks the settings; nothing is opened yet.
    pub(crate) fn new(
        egress: &Egress,
        remote: Remote,
        times: &Times,
        bounds: &Bounds,
        secrets: Arc<dyn Secrets>,
    ) -> Result<Self, SetupError> {
        let limits = Limits {
            connect: times.start.min(Limits::default().connect),
            first_byte: LONGEST,
            total: LONGEST,
            idle: times.silence,
            max_body: bounds.result,
            ..Limits::default()
        };
        let base = remote.url.clone();
        let target = Target {
            policy: remote.policy,
            limits,
            extra_roots: remote.ca,
            extra_roots_only: remote.ca_only,
            http2: remote.http2,
            ..Target::new(base)
        };
        let client = egress.client_by(&target, &remote.route);
        let client = client.map_err(|e| SetupError::Target(e.to_string()))?;
        let filled = Arc::new(filled(&remote.headers));
        let (known, sealed) = secrets::split(remote.headers);
        let sealed = sealed.into_iter().map(|(name, value)| Ok((own_name(&name)?, value)));
        let headers = sealed.collect::<Result<_, SetupError>>()?;
        Ok(Self {
            client,
            url: remote.url,
            headers: self::headers(&known)?,
            sealed: Arc::new(Sealed { headers, secrets, filled }),
            max: bounds.result,
            silence: times.silence,
            small: times.list,
        })
    }

    /// Sends one request, its secrets filled in: each for this very host and port.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: Option<&PathAndQuery>,
        mut headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Answered, Fault> {
        let mut masks = self.sealed.filled.clone();
        if !self.sealed.headers.is_empty() {
            // Apart: whoever has no vault does not carry room for it.
            masks = Arc::new(Box::pin(self.fill(&mut headers)).await?);
        }
        let response = self.client.send(method, path, headers, body, deadline).await?;
        let egress::Response { status, headers, body } = response;
        Ok(Answered { status, headers, body, masks })
    }

    /// Fills secrets in; returns what must not come back.
    async fn fill(&self, headers: &mut HeaderMap) -> Result<Masks, Fault> {
        let secrets = Noting::new(&*self.sealed.secrets);
        let host = self.url.host_str().unwrap_or_default();
        let usage = Usage::Host(host, self.url.port_or_known_default().unwrap_or_default());
        for (name, template) in &self.sealed.headers {
            let value = template.fill(&secrets, usage).await;
            let value = value.map_err(|e| Fault::secret(format!("the header `{name}`: {e}")))?;
            let mut value = HeaderValue::try_from(value.reveal().as_str()).map_err(|_| {
                Fault::secret(format!("the header `{name}` has a value that HTTP does not allow"))
            })?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let mut masks = secrets.into_masks();
        masks.extend_from(&self.sealed.filled);
        Ok(masks)
    }
}

/// What of these headers came from the environment: it is there to sign in with.
fn filled(headers: &[(String, Template)]) -> Masks {
    let noting = Noting::new(&NoVault);
    for (_, template) in headers {
        template.tell_filled(&noting);
    }
    noting.into_masks()
}

fn headers(known: &[(String, Secret<String>)]) -> Result<HeaderMap, SetupError> {
    let mut all = HeaderMap::with_capacity(known.len() + 8);
    for (name, value) in known {
        let key = own_name(name)?;
        let mut value = HeaderValue::try_from(value.reveal().as_str())
            .map_err(|_| SetupError::Header(name.clone()))?;
        value.set_sensitive(true);
        all.append(key, value);
    }
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Both must be listed, whichever comes (2025-11-25 basic/transports).
    all.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    Ok(all)
}

/// The name of a header that is the operator's to set.
fn own_name(name: &str) -> Result<HeaderName, SetupError> {
    let key = HeaderName::try_from(name).map_err(|_| SetupError::Header(name.to_owned()))?;
    if key.as_str().starts_with("mcp-") || key == CONTENT_TYPE || key == ACCEPT {
        return Err(SetupError::OwnHeader(name.to_owned()));
    }
    Ok(key)
}
