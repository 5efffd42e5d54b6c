//! The door of HTTP: who may come to it at all, and which way they are sent.

use std::net::IpAddr;
use std::sync::Arc;

use gate::Arrival;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use identity::{Concurrency, Limiter, presented};
use model::{Code, Principal, Refusal, SourceName};
use protocol::mcp::Era;

use crate::base::{Base, Who, trace_id};
use crate::body::Body;
use crate::clients::Clients;
use crate::hosts::{Hosts, Misaddressed};
use crate::line::Line;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::route::Route;
use crate::session::Session;
use crate::table::Table;
use crate::upload::Upload;
use crate::visit::Visit;
use crate::webhook::{self, Routes};
use crate::{Network, RestBase, address, media, outcome, post, reply, rest, sse, unsolicited};

/// Everything behind one listener.
pub(crate) struct Door {
    pub(crate) base: Arc<Base>,
    pub(crate) hosts: Hosts,
    pub(crate) trusted: Vec<Network>,
    pub(crate) tls: bool,
    /// Where plain requests for `/` are sent.
    pub(crate) public_https: Option<HeaderValue>,
    pub(crate) hsts: Option<HeaderValue>,
    pub(crate) sse: bool,
    pub(crate) rest: Option<RestBase>,
    pub(crate) hooks: Option<Routes>,
    /// Which run of the gate this is: sessions of others are gone.
    pub(crate) boot: u64,
    pub(crate) sources: Vec<SourceName>,
    pub(crate) sessions: Table<Session>,
    pub(crate) peers: Table<Peer>,
    pub(crate) clients: Clients,
    pub(crate) opens: Limiter<Who>,
    pub(crate) reconnects: Limiter<Who>,
    pub(crate) small: Limiter<Who>,
    pub(crate) streams: Concurrency<Who>,
}

impl Door {
    /// Answers one request.
    pub(crate) async fn handle(
        self: Arc<Self>,
        line: Arc<Line>,
        peer: IpAddr,
        head: Box<Parts>,
        body: Upload,
    ) -> Response<Body> {
        let busy = line.begin();
        let https = self.tls || address::forwarded_https(&self.trusted, peer, &head.headers);
        let at = Arrival {
            front: "http",
            peer: Some(address::of_client(&self.trusted, peer, &head.headers)),
            trace: trace(&head.headers),
        };
        let mut origin = None;
        let mut response = match self.admit(&head) {
            Ok(allowed) => {
                origin = allowed;
                self.send_on(&line, https, head, at, body).await
            }
            Err(refusal) if self.is_plain(&head.uri) => {
                let vetted = self.base.gate.refuse(refusal, &at, None).await;
                reply::closing(
                    outcome::outcome(vetted)
                        .map_or_else(Problem::response, |_| reply::nothing_here()),
                )
            }
            Err(refusal) => reply::closing(self.refuse(refusal, None, &at, None).await),
        };
        let headers = response.headers_mut();
        if headers.contains_key(header::CONNECTION) {
            line.lingers();
        }
        if let Some(hsts) = self.hsts.as_ref().filter(|_| https) {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        if let Some(origin) = origin {
            share_with(headers, origin);
        }
        response.body_mut().keep(busy);
        response
    }

    /// Framing, `Host` and `Origin`: before anything is looked at. Gives the origin of a page that may call.
    fn admit(&self, head: &Parts) -> Result<Option<HeaderValue>, Refusal> {
        let has = |name| head.headers.contains_key(name);
        // Who reads the one reads another request than who reads the other (RFC 9112, section 6.3).
        if has(header::CONTENT_LENGTH) && has(header::TRANSFER_ENCODING) {
            return Err(Refusal::new(
                Code::InvalidRequest,
                "Content-Length beside Transfer-Encoding",
            ));
        }
        match self.hosts.check(head) {
            Ok(None) => Ok(None),
            Ok(Some(_)) => Ok(head.headers.get(header::ORIGIN).cloned()),
            Err(Misaddressed::Malformed) => {
                Err(Refusal::new(Code::InvalidRequest, "Host must stand once and name the target"))
            }
            Err(Misaddressed::Host) => {
                Err(Refusal::new(Code::ForbiddenOrigin, "this Host is not answered here"))
            }
            Err(Misaddressed::Origin) => {
                Err(Refusal::new(Code::ForbiddenOrigin, "this Origin may not call"))
            }
        }
    }

    async fn send_on(
        self: &Arc<Self>,
        line: &Arc<Line>,
        https: bool,
        head: Box<Parts>,
        at: Arrival,
        body: Upload,
    ) -> Response<Body> {
        if let Some((base, place)) = self.rest.as_ref().and_then(|b| Some((b, b.place(&head.uri)?)))
        {
            return Box::pin(rest::visit(self, base, place, head, at, body)).await;
        }
        let route = Route::of(&head.uri);
        let get = head.method == Method::GET;
        match route {
            Route::Ready if get && self.base.gate.draining() => {
                reply::json(503, r#"{"status":"draining"}"#)
            }
            Route::Health | Route::Ready if get => reply::json(200, r#"{"status":"ok"}"#),
            Route::Health | Route::Ready => reply::wrong_method(HeaderValue::from_static("GET")),
            Route::Root if get && !https => self.to_https(),
            Route::Hook(name) => match &self.hooks {
                Some(hooks) => Box::pin(webhook::visit(self, hooks, &name, head, at, body)).await,
                None => reply::nothing_here(),
            },
            Route::Mcp(name) => self.mcp(line, name, head, at, body).await,
            Route::Sse | Route::Messages if self.sse => {
                Box::pin(sse::visit(self, line, &route, head, at, body)).await
            }
            _ => reply::nothing_here(),
        }
    }

    /// Whether a path is of a door that speaks no JSON-RPC.
    fn is_plain(&self, uri: &http::Uri) -> bool {
        let hook = matches!(Route::of(uri), Route::Hook(_)) && self.hooks.is_some();
        hook || self.rest.as_ref().is_some_and(|base| base.place(uri).is_some())
    }

    fn to_https(&self) -> Response<Body> {
        let Some(location) = self.public_https.clone() else { return reply::nothing_here() };
        let mut response = reply::empty(308);
        response.headers_mut().insert(header::LOCATION, location);
        response
    }

    async fn mcp(
        self: &Arc<Self>,
        line: &Arc<Line>,
        name: Option<String>,
        head: Box<Parts>,
        at: Arrival,
        body: Upload,
    ) -> Response<Body> {
        if head.method == Method::OPTIONS {
            return preflight(&head.headers);
        }
        if ![Method::POST, Method::GET, Method::DELETE].contains(&head.method) {
            return reply::wrong_method(reply::ALLOW);
        }
        let visit = match self.enter(line, name, &head, at).await {
            Ok(visit) => visit,
            Err(response) => return response,
        };
        let visit = Box::new(Visit { headers: head.headers, ..visit });
        match head.method {
            Method::POST => post::post(self, visit, body).await,
            Method::GET => Box::pin(unsolicited::get(self, visit)).await,
            _ => Box::pin(post::delete(self, visit)).await,
        }
    }

    /// Size, then credential, then whether there is such a source: the order in which less is given away.
    pub(crate) async fn enter(
        &self,
        line: &Arc<Line>,
        name: Option<String>,
        head: &Parts,
        at: Arrival,
    ) -> Result<Visit, Response<Body>> {
        let length = head.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        let length = length.and_then(|v| v.parse::<usize>().ok()).unwrap_or(0);
        if length > self.base.limits.body {
            return Err(self.too_large(&at, None).await);
        }
        let credentials = head.headers.get_all(header::AUTHORIZATION);
        let credentials = presented(credentials.iter().map(HeaderValue::as_bytes));
        let principal = match self.base.gate.identify(credentials, &at).await {
            Ok(principal) => principal,
            Err(vetted) => {
                let said = crate::said::Said::vetted(vetted, Era::Modern, None);
                return Err(reply::said(said));
            }
        };
        let only = match name {
            None => None,
            Some(name) => match self.sources.iter().find(|s| s.as_str() == name) {
                // Whether there is such a source is told to those only who may use something of it.
                Some(source) if self.has_something(&principal, source).await => {
                    Some(source.clone())
                }
                _ => return Err(reply::nothing_here()),
            },
        };
        let accepts = media::accepts(&head.headers);
        Ok(Visit { line: line.clone(), headers: HeaderMap::new(), at, principal, only, accepts })
    }

    async fn has_something(&self, principal: &Arc<Principal>, source: &SourceName) -> bool {
        Box::pin(self.base.gate.has_something_for(principal, source)).await
    }

    /// A refusal of the transport: the same for both eras.
    pub(crate) async fn refuse(
        &self,
        refusal: Refusal,
        id: Option<&protocol::rpc::Id>,
        at: &Arrival,
        principal: Option<&Principal>,
    ) -> Response<Body> {
        reply::said(self.base.refuse(refusal, Era::Modern, id, at, principal).await)
    }

    pub(crate) async fn too_large(
        &self,
        at: &Arrival,
        principal: Option<&Principal>,
    ) -> Response<Body> {
        let max = self.base.limits.body;
        let refusal = Refusal::new(Code::TooLarge, format!("a message may have {max} bytes"));
        reply::closing(self.refuse(refusal, None, at, principal).await)
    }

    /// Counts one message against a limit.
    pub(crate) fn count(
        &self,
        limiter: &Limiter<Who>,
        principal: &Principal,
    ) -> Result<(), Refusal> {
        limiter.try_acquire(&crate::base::who(principal), self.base.clock.instant()).map_err(
            |wait| {
                Refusal::new(Code::RateLimited, "too many of these in a short time")
                    .retry_after(wait)
            },
        )
    }
}

fn trace(headers: &HeaderMap) -> Option<String> {
    trace_id(headers.get("traceparent")?.to_str().ok()?)
}

/// Lets the page of a listed origin read the answer.
fn share_with(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate, Retry-After"),
    );
}

/// What a browser asks before it lets a page call (Fetch, section 4.8). Its origin has been checked.
fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = reply::empty(204);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, reply::ALLOW);
    if !asked.contains_key(header::ORIGIN) {
        return response;
    }
    let mut allowed = String::from(
        "authorization, content-type, accept, mcp-session-id, mcp-protocol-version, last-event-id, mcp-method, mcp-name",
    );
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|v| v.to_str().ok());
    for name in wanted.unwrap_or_default().split(',').map(str::trim) {
        let lawful = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if name.to_ascii_lowercase().starts_with("mcp-param-") && name.bytes().all(lawful) {
            allowed.push_str(", ");
            allowed.push_str(name);
        }
    }
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
