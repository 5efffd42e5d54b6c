use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};

use crate::body::Body;
use crate::carry::Reply;
use crate::dial::Dialer;
use crate::egress::Shared;
use crate::inflate::Coding;
use crate::link::Framed;
use crate::pool::Pool;
use crate::target::{Limits, Origin, Target};
use crate::{Deadline, EgressError, Kind, Policy, Proxy, Rule, Violation, redirect};
use url::Url;

/// One origin, and the connections to it. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dialer: Dialer,
    pub(crate) pool: Arc<Pool>,
    pub(crate) limits: Limits,
    host: HeaderValue,
    endpoint: Uri,
}

/// What a request asks for that a plain one does not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask {
    /// A compressed reply is welcome.
    pub(crate) compressed: bool,
    /// A redirect is an answer, and so is "not modified".
    pub(crate) redirects: bool,
    /// The request asks about a copy, so "not modified" is an answer.
    pub(crate) conditional: bool,
}

/// The head of a reply, and its body still on the wire.
#[derive(Debug)]
pub struct Response {
    /// 2xx, 4xx or 5xx: 1xx are not shown, 3xx are errors.
    pub status: StatusCode,
    /// Header fields, within the target's limits.
    pub headers: HeaderMap,
    /// The body. Dropping it before its end closes the connection, so that the peer learns nobody listens.
    pub body: Body,
}

impl Client {
    pub(crate) fn new(
        shared: Arc<Shared>,
        dialer: Dialer,
        target: &Target,
    ) -> Result<Self, EgressError> {
        let malformed = || EgressError::refused(Rule::Malformed, "the URL cannot be sent as HTTP");
        let host =
            HeaderValue::try_from(dialer.origin.authority.as_ref()).map_err(|_| malformed())?;
        let path = match target.base.query() {
            Some(query) => format!("{}?{query}", target.base.path()),
            None => target.base.path().to_owned(),
        };
        let endpoint = Uri::try_from(path).map_err(|_| malformed())?;
        let limits = target.limits;
        let pool = shared.pool(&limits);
        Ok(Self(Arc::new(Inner { shared, dialer, pool, limits, host, endpoint })))
    }

    /// Sends one request and waits for the head of the reply.
    ///
    /// `path` (with its query) stands in for that of the target's URL. `Host`, `Accept-Encoding` and the framing
    /// headers are set here, whatever `headers` says. A connection that turns out to have been closed while it was
    /// idle is replaced without a word, because nothing was sent on it; nothing else is ever tried twice.
    ///
    /// Dropping the returned future closes the connection if the request is under way, or resets its stream where the
    /// connection is shared.
    ///
    /// # Errors
    /// See [`Kind`]; [`EgressError::sent`] says whether the peer may have seen the request. A reply that is a
    /// redirect or compressed is an error.
    pub async fn send(
        &self,
        method: Method,
        path: Option<&PathAndQuery>,
        headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Response, EgressError> {
        let deadline = deadline.or_after(self.0.limits.total);
        self.send_asking(Ask::default(), method, path, headers, body, deadline).await
    }

    /// The same; `deadline` is no later than the target's own.
    pub(crate) async fn send_asking(
        &self,
        ask: Ask,
        method: Method,
        path: Option<&PathAndQuery>,
        headers: HeaderMap,
        body: Bytes,
        deadline: Deadline,
    ) -> Result<Response, EgressError> {
        if !self.policy().takes(&method) {
            let reason = format!("{method} is not on the list of methods of this source");
            return Err(EgressError::refused(Rule::Method, reason));
        }
        let limits = &self.0.limits;
        let mut request = self.request(ask, method, path, headers, body);
        if let Some(proxy) = self.0.dialer.absolute() {
            Box::pin(self.for_proxy(proxy, &mut request)).await?;
        }
        let Reply { status, headers, held } = self.carried(request, deadline).await?;
        self.vet_head(ask, status, &headers)?;
        let origin = self.0.dialer.origin.authority.clone();
        let body = Body::new(held, self.0.pool.clone(), limits, deadline, origin);
        Ok(Response { status, headers, body })
    }

    /// `host`, or `host:port` where the port is not the default: all of the URL that may appear in a log.
    pub fn origin(&self) -> &str {
        &self.0.dialer.origin.authority
    }

    /// The limits this client keeps.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Connections open and unused right now.
    pub fn idle(&self) -> usize {
        self.0.pool.len()
    }

    /// Connections opened so far.
    pub fn dialled(&self) -> u64 {
        self.0.pool.dialled()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.0.dialer.policy
    }

    /// Whether the URL is of this client's origin.
    pub(crate) fn serves(&self, url: &Url) -> bool {
        let Origin { host, port, tls, .. } = &self.0.dialer.origin;
        let scheme = if *tls { "https" } else { "http" };
        url.scheme() == scheme
            && url.host().is_some_and(|h| h.to_owned() == *host)
            && url.port_or_known_default() == Some(*port)
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// A client for another origin that a redirect leads to: under the same rules, but as nobody, and for one request.
    pub(crate) fn elsewhere(&self, url: &Url) -> Result<Self, EgressError> {
        let Inner { shared, dialer, limits, .. } = &*self.0;
        let dialer = dialer.elsewhere(Origin::of(url)?);
        dialer.vet_host()?;
        let mut target = Target::new(url.clone());
        target.limits = Limits { max_idle: 0, ..*limits };
        Self::new(shared.clone(), dialer, &target)
    }

    /// Writes a request as a proxy wants it that passes it on itself: with the whole URL, and its login.
    async fn for_proxy(&self, proxy: &Proxy, request: &mut Framed) -> Result<(), EgressError> {
        let malformed = |_| EgressError::refused(Rule::Malformed, "the URL cannot be sent as HTTP");
        let whole = format!("http://{}{}", self.origin(), request.uri());
        *request.uri_mut() = Uri::try_from(whole).map_err(malformed)?;
        if let Some(login) = proxy.authorization(&*self.0.shared.options.secrets).await? {
            request.headers_mut().insert(PROXY_AUTHORIZATION, login);
        }
        Ok(())
    }

    fn request(
        &self,
        ask: Ask,
        method: Method,
        path: Option<&PathAndQuery>,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Framed {
        // Framing is that of the connection alone: a header that contradicts it would be request smuggling.
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, PROXY_AUTHORIZATION] {
            headers.remove(name);
        }
        if body.is_empty() && (method == Method::POST || method == Method::PUT) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers.insert(HOST, self.0.host.clone());
        let codings = if ask.compressed { Coding::OFFERED } else { "identity" };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(codings));
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.map_or_else(|| self.0.endpoint.clone(), |p| Uri::from(p.clone()));
        *request.headers_mut() = headers;
        request
    }

    /// Refuses replies this client never acts on. The connection goes with them: their bodies are not worth reading.
    fn vet_head(
        &self,
        ask: Ask,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), EgressError> {
        let broken = |what, detail: &str| Err(self.error(Kind::Protocol(what), true, detail));
        let most = self.0.limits.max_headers;
        if headers.len() > most {
            let detail = format!("{} header fields; the limit is {most}", headers.len());
            return Err(self.error(Kind::TooLarge, true, &detail));
        }
        let unmodified = ask.conditional && status == StatusCode::NOT_MODIFIED;
        if status.is_redirection() && !unmodified && !(ask.redirects && redirect::known(status)) {
            return broken(
                Violation::Redirect,
                &format!(
                    "answered with a redirect ({}); allow redirects for this source if that is meant",
                    status.as_u16()
                ),
            );
        }
        if status.is_informational() {
            return broken(Violation::Upgrade, "switched protocols without being asked");
        }
        let mut codings = headers.get_all(CONTENT_ENCODING).iter();
        let plain = codings.all(|v| v.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
        let offered = ask.compressed && Coding::of(headers).is_some();
        if !plain && !offered {
            return broken(
                Violation::ContentEncoding,
                "sent a reply compressed in a way that was not offered",
            );
        }
        Ok(())
    }

    pub(crate) fn error(&self, kind: Kind, sent: bool, detail: &str) -> EgressError {
        EgressError::new(kind, sent, format!("{}: {detail}", self.origin()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("origin", &self.origin()).finish_non_exhaustive()
    }
}
