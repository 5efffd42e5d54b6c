//! Requests and notifications of a legacy session, whatever door they came through.

use std::sync::Arc;

use bytes::Bytes;
use gate::port::{Link, Told};
use gate::{Arrival, Incoming};
use model::{Code, Refusal};
use protocol::json::Object;
use protocol::mcp::{Era, Level, Method};
use protocol::rpc::{Id, Request};

use crate::capabilities::{is_not_for_servers, list_of, offers};
use crate::link::{Wanted, Way};
use crate::said::Said;
use crate::session::Session;
use crate::track::Track;

/// What an answer needs beside the request.
pub(crate) struct Scene {
    pub(crate) session: Arc<Session>,
    /// Where messages before the answer go.
    pub(crate) track: Arc<Track>,
    /// Whether there may be any.
    pub(crate) events: bool,
    pub(crate) at: Arrival,
}

/// Answers one request; nothing if the client took it back. `token` is what its progress is told under.
pub(crate) async fn run(scene: Scene, request: Request, token: Option<Bytes>) -> Option<Said> {
    let id = request.id.clone();
    let ticket = match scene.session.desk.begin(&id) {
        Ok(ticket) => ticket,
        Err(e) => {
            let refusal = match e {
                crate::desk::NotBegun::SameId => {
                    Refusal::new(Code::InvalidRequest, "a request of this id is running")
                }
                crate::desk::NotBegun::TooMany => {
                    Refusal::new(Code::TooManyConcurrent, "too many requests at once")
                }
            };
            return Some(scene.refuse(refusal, &id).await);
        }
    };
    tokio::select! {
        biased;
        () = ticket.cancelled() => None,
        said = scene.answer(request, token) => Some(said),
    }
}

impl Scene {
    /// The same for another message of one batch.
    pub(crate) fn again(&self) -> Self {
        Self {
            session: self.session.clone(),
            track: self.track.clone(),
            events: self.events,
            at: self.at.clone(),
        }
    }

    async fn refuse(&self, refusal: Refusal, id: &Id) -> Said {
        let (base, client) = (&self.session.base, &self.session.client);
        base.refuse(refusal, Era::Legacy, Some(id), &self.at, Some(&client.principal)).await
    }

    async fn answer(&self, request: Request, token: Option<Bytes>) -> Said {
        let session = &self.session;
        let Request { id, method, params } = request;
        if let Err(refusal) = self.admits(&method) {
            return self.refuse(refusal, &id).await;
        }
        let vetted = match &method {
            Method::Ping => return Said::own(&id, "{}"),
            Method::SetLevel => match level(&params) {
                Ok(level) => {
                    Box::pin(session.base.gate.told(&session.client, Told::Level(level))).await;
                    return Said::own(&id, "{}");
                }
                Err(refusal) => return self.refuse(refusal, &id).await,
            },
            Method::ResourcesUnsubscribe => {
                if let Some(uri) = params.str("uri") {
                    Box::pin(session.unsubscribe(uri.into_owned(), &self.at)).await
                } else {
                    let refusal = Refusal::new(Code::InvalidParams, "params.uri must be a string");
                    return self.refuse(refusal, &id).await;
                }
            }
            other => match list_of(other) {
                Some(kind) => {
                    Ok(Box::pin(session.base.list(&session.client, kind, &params, &self.at)).await)
                }
                None => self.call(&id, method, params, token).await,
            },
        };
        Said::vetted(vetted.unwrap_or_else(|refused| refused), Era::Legacy, Some(&id))
    }

    async fn call(
        &self,
        id: &Id,
        method: Method,
        params: Object,
        token: Option<Bytes>,
    ) -> Result<gate::Vetted, gate::Vetted> {
        let session = &self.session;
        let level = Wanted::Session(session.client.clone());
        let subscribes = method == Method::ResourcesSubscribe;
        let incoming = Incoming {
            id: id.clone(),
            method,
            params,
            // Headers of old versions mirror nothing and are not trusted (g-protocol-32).
            param_headers: None,
            progress: token.is_some(),
            level: level.least(),
            arrival: self.at.clone(),
        };
        if subscribes {
            return Box::pin(session.subscribe(incoming)).await;
        }
        let link: Arc<dyn Link> = Arc::new(Way {
            track: self.track.clone(),
            desk: Some(session.desk.clone()),
            token,
            level,
            events: self.events,
            patience: session.base.limits.ask,
        });
        Ok(session.base.gate.call(&session.client, incoming, link).await)
    }

    fn admits(&self, method: &Method) -> Result<(), Refusal> {
        let unknown =
            || Refusal::new(Code::MethodNotFound, format!("Method not found: {}", method.as_str()));
        match method {
            Method::Initialize => {
                Err(Refusal::new(Code::InvalidRequest, "the session is open already"))
            }
            Method::Discover | Method::Listen => Err(unknown()),
            other if is_not_for_servers(other) => Err(unknown()),
            other if self.session.complete && !offers(&self.session.offered, other) => {
                Err(unknown())
            }
            _ => Ok(()),
        }
    }
}

fn level(params: &Object) -> Result<Level, Refusal> {
    params
        .str("level")
        .and_then(|name| Level::parse(&name))
        .ok_or_else(|| Refusal::new(Code::InvalidParams, "params.level must be a log level"))
}

/// Takes a notification.
pub(crate) async fn hear(session: &Session, method: &Method, params: &Object) {
    match method {
        Method::Cancelled => {
            if let Some(id) = params.get("requestId").and_then(Id::from_raw) {
                session.desk.cancel(&id.key());
            }
        }
        Method::RootsChanged => {
            session.base.gate.told(&session.client, Told::RootsChanged).await;
        }
        // `initialized` changes nothing here; the rest has no meaning for a gate.
        _ => {}
    }
}
