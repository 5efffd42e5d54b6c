//! One request on its way to becoming a call. Each step is cheaper, or gives less away, than the one after it.

use std::time::Duration;

use bytes::Bytes;
use gate::Arrival;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use model::{Code, Principal, Refusal, Timestamp, Usage};
use protocol::json::{Limits, Object};

use super::arguments::arguments;
use super::document::Written;
use super::keys::Key;
use super::routes::{Route, Routes};
use super::run::{Places, run};
use super::verify::{Unproven, Verified, verify};
use super::{Claimed, Scheme};
use crate::body::Body;
use crate::collect::{NoBody, collect};
use crate::door::Door;
use crate::outcome::outcome;
use crate::rest::incoming;
use crate::upload::Upload;
use crate::{percent, reply};

/// The door as records name it.
const FRONT: &str = "webhook";
/// Most parameters of a query.
const PARAMETERS: usize = 64;
/// When a sender that came when too much was going on may try again.
const RETRY: Duration = Duration::from_secs(1);
/// Longest challenge that is said back.
const CHALLENGE: usize = 1024;

/// One request to one route.
pub(super) struct Visit<'a> {
    pub(super) door: &'a Door,
    pub(super) routes: &'a Routes,
    pub(super) route: &'a Route,
    pub(super) at: Arrival,
}

/// Why a request ends before its call.
pub(super) struct No {
    refusal: Box<Refusal>,
    /// Status and word where HTTP has more of them than the codes.
    own: Option<(u16, &'static str)>,
    /// Whether the sender has proven to be the route.
    proven: bool,
}

impl No {
    pub(super) fn new(code: Code, text: &str) -> Self {
        Self { refusal: Box::new(Refusal::new(code, text)), own: None, proven: false }
    }

    fn own(mut self, status: u16, word: &'static str) -> Self {
        self.own = Some((status, word));
        self
    }

    pub(super) fn detail(mut self, detail: &str) -> Self {
        self.refusal.detail = Some(detail.to_owned());
        self
    }

    pub(super) fn wait(mut self) -> Self {
        self.refusal.retry_after = Some(RETRY);
        self
    }
}

/// Answers one request below `/hooks/`. What is no POST to a route is like what is not there.
pub(crate) async fn visit(
    door: &Door,
    routes: &Routes,
    name: &str,
    head: Box<Parts>,
    at: Arrival,
    body: Upload,
) -> Response<Body> {
    let Some(route) = routes.find(name).filter(|_| head.method == Method::POST) else {
        return reply::nothing_here();
    };
    let visit = Visit { door, routes, route, at: Arrival { front: FRONT, ..at } };
    match visit.take(&head, body).await {
        Ok(response) => response,
        Err(no) => visit.refuse(no).await,
    }
}

impl Visit<'_> {
    async fn take(&self, head: &Parts, body: Upload) -> Result<Response<Body>, No> {
        let hook = &self.route.hook;
        if self.door.base.gate.draining() {
            return Err(No::new(Code::Draining, "the gate is shutting down"));
        }
        let Some(written) = Written::of(&head.headers, &hook.scheme) else {
            let text = "Content-Type must be application/json, without Content-Encoding";
            let no = No::new(Code::InvalidRequest, text);
            return Err(no.own(415, "unsupported_media_type"));
        };
        let body = self.body(&head.headers, body).await?;
        let verified = self.verified(&head.headers, &body).await?;
        let proven = self.proven(head, written, &body, &verified);
        proven.await.map_err(|no| No { proven: true, ..no })
    }

    /// The raw body. Nobody has proven anything yet, so there is room for a bounded number of them.
    async fn body(&self, headers: &HeaderMap, body: Upload) -> Result<Bytes, No> {
        let limits = &self.routes.limits;
        let too_large =
            || No::new(Code::TooLarge, &format!("a body may have {} bytes", limits.body));
        let length = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
        if length.and_then(|v| v.parse::<usize>().ok()).unwrap_or(0) > limits.body {
            return Err(too_large());
        }
        let places = (
            self.routes.receiving.try_enter(&()),
            self.routes.receiving_from.try_enter(&self.at.peer),
        );
        if places.0.is_none() || places.1.is_none() {
            let text = "too many requests are being read at once";
            return Err(No::new(Code::TooManyConcurrent, text).wait());
        }
        collect(body, limits.body, limits.body_time).await.map_err(|why| match why {
            NoBody::TooLarge => too_large(),
            NoBody::Late => No::new(Code::InvalidRequest, "the body did not come in time")
                .own(408, "request_timeout"),
            NoBody::Broken => No::new(Code::InvalidRequest, "the body broke off"),
        })
    }

    async fn verified(&self, headers: &HeaderMap, body: &[u8]) -> Result<Verified, No> {
        let hook = &self.route.hook;
        let keys = self.keys().await?;
        let now = Timestamp(self.door.base.clock.now_millis());
        verify(&hook.scheme, &hook.freshness, headers, body, &keys, now)
            .map_err(|why| self.unproven(why))
    }

    /// Every secret of the route. One that is missing or unfit is skipped where another is there; with none of them
    /// nothing can be proven, and the route is shut.
    async fn keys(&self) -> Result<Vec<Key>, No> {
        let hook = &self.route.hook;
        let mut keys = Vec::with_capacity(hook.secrets.len());
        for name in &hook.secrets {
            let usage = Usage::Verify(hook.name.as_str());
            let key = match self.routes.secrets.secret(name, usage).await {
                Ok(secret) => Key::of(&hook.scheme, &secret).map_err(|e| e.as_str().to_owned()),
                Err(e) => Err(e.to_string()),
            };
            match key {
                Ok(key) => keys.push(key),
                Err(why) => tracing::error!(hook = %hook.name, secret = %name, "no use: {why}"),
            }
        }
        if keys.is_empty() {
            let text = "nothing can be verified here at this time";
            let no = No::new(Code::SecretUnavailable, text);
            return Err(no.detail("no secret of the route can be used"));
        }
        Ok(keys)
    }

    fn unproven(&self, why: Unproven) -> No {
        let limited = self.at.peer.and_then(|peer| {
            self.routes.failures.check(peer, self.door.base.clock.instant()).err()
        });
        if let Some(wait) = limited {
            let text = "too many requests of this address prove nothing";
            let mut no = No::new(Code::TooManyFailedLogins, text);
            no.refusal.retry_after = Some(wait);
            return no;
        }
        let text = "the request is not signed as this route asks, or not lately";
        No::new(Code::Unauthenticated, text).detail(why.as_str())
    }

    /// From here on the request is the route's own.
    async fn proven(
        &self,
        head: &Parts,
        written: Written,
        body: &Bytes,
        verified: &Verified,
    ) -> Result<Response<Body>, No> {
        let hook = &self.route.hook;
        let document = written
            .read(body)
            .map_err(|e| No::new(Code::ParseError, &format!("the body cannot be read: {e}")))?;
        if let Some(response) = self.small_talk(&head.headers, &document) {
            return Ok(response);
        }
        if let Some(schema) = &hook.schema {
            fits(schema, &document)?;
        }
        let invalid = |text: String| No::new(Code::InvalidParams, &text);
        for condition in &hook.filter {
            if !condition.holds(&document).map_err(|e| invalid(format!("the body: {e}")))? {
                return Ok(reply::json(200, r#"{"status":"ignored"}"#));
            }
        }
        let query = percent::pairs(head.uri.query().unwrap_or_default(), PARAMETERS);
        let query = query.ok_or_else(|| invalid("the query cannot be read".to_owned()))?;
        let arguments =
            arguments(&hook.arguments, &document, &query, &head.headers).map_err(invalid)?;
        let incoming =
            incoming(&hook.tool, &arguments, &self.at).map_err(|e| invalid(e.message))?;
        let places = Places::take(self)?;
        self.claim(verified).await?;
        run(self, incoming, places).await
    }

    /// What services ask to see whether somebody is there. It is answered, and nothing is called.
    fn small_talk(&self, headers: &HeaderMap, document: &Bytes) -> Option<Response<Body>> {
        match self.route.hook.scheme {
            Scheme::GitHub if !self.route.hook.pings => {
                let event = headers.get("x-github-event")?;
                (event == "ping").then(|| reply::json(200, r#"{"status":"pong"}"#))
            }
            Scheme::Slack => {
                let said = Object::parse(document.clone(), Limits::REQUEST).ok()?;
                if said.str("type")? != "url_verification" {
                    return None;
                }
                let challenge = said.get("challenge")?;
                let fit = challenge.first() == Some(&b'"') && challenge.len() <= CHALLENGE;
                fit.then(|| reply::challenge(&challenge))
            }
            _ => None,
        }
    }

    /// Before anything happens: of all requests that sign the same, one goes on.
    async fn claim(&self, verified: &Verified) -> Result<(), No> {
        let hook = &self.route.hook;
        let fresh = &hook.freshness;
        let until = match verified.signed_at {
            // A moment longer than it could be fresh, by whatever clock.
            Some(at) => at.after(fresh.window).after(fresh.skew),
            None => Timestamp(self.door.base.clock.now_millis()).after(fresh.remember),
        };
        let claimed = self.routes.claims.claim(hook.name.as_str(), verified.replay_key, until);
        match claimed.await {
            Ok(Claimed::Fresh) => Ok(()),
            Ok(Claimed::Taken) => {
                let no = No::new(Code::InvalidRequest, "this request was taken before");
                Err(no.own(409, "replayed").detail("replayed"))
            }
            Ok(Claimed::Full) => {
                let text = "the route remembers as many requests as it may";
                Err(No::new(Code::RateLimited, text).detail("claims are full").wait())
            }
            Err(e) => {
                let text = "the request cannot be claimed, so it is not carried out";
                Err(No::new(Code::StoreUnavailable, text).detail(&e.0))
            }
        }
    }

    async fn refuse(&self, no: No) -> Response<Body> {
        let No { refusal, own, proven } = no;
        let mut refusal = *refusal;
        let why = refusal.detail.take().unwrap_or_else(|| refusal.message.clone());
        let refusal = refusal.detail(format!("hook {}: {why}", self.route.hook.name));
        let principal: Option<&Principal> = proven.then_some(&*self.route.principal);
        let vetted = self.door.base.gate.refuse(refusal, &self.at, principal).await;
        let Err(mut problem) = outcome(vetted) else { return reply::nothing_here() };
        if let Some((status, word)) = own {
            (problem.status, problem.code) = (status, word.to_owned());
        }
        // A key is of no use here; what is asked for is a signature.
        problem.challenge = problem.challenge.map(|_| "Signature realm=\"portcullis\"".to_owned());
        let response = problem.response();
        if proven { response } else { reply::closing(response) }
    }
}

fn fits(schema: &inspect::Schema, document: &Bytes) -> Result<(), No> {
    let invalid = |text: String| No::new(Code::InvalidParams, &text);
    let value = protocol::json::value(document, Limits::REQUEST)
        .map_err(|e| invalid(format!("the body: {e}")))?;
    schema.validate(&value).map_err(|problems| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        invalid(format!("the body does not fit the schema of the route: {first}"))
    })
}
