//! A client whose messages all come and go on one pair of channels: a pipe, or HTTP+SSE.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gate::Arrival;
use model::{Code, Principal, Refusal, SourceName};
use protocol::batch;
use protocol::json::Limits;
use protocol::mcp::meta::RequestMeta;
use protocol::mcp::{Era, Method, Version};
use protocol::rpc::{Id, Message, Request};
use tokio_util::task::TaskTracker;

use crate::base::{Base, Who, malformed, trace_id, who};
use crate::clients::Clients;
use crate::desk::Desk;
use crate::open::{Opener, open};
use crate::said::Said;
use crate::session::Session;
use crate::table::Held;
use crate::track::Track;
use crate::{batches, legacy, modern};

/// One such client.
pub(crate) struct Peer {
    pub(crate) base: Arc<Base>,
    pub(crate) uid: u128,
    pub(crate) principal: Arc<Principal>,
    only: Option<SourceName>,
    front: &'static str,
    /// Everything that goes to it.
    pub(crate) outbox: Arc<Track>,
    pub(crate) desk: Arc<Desk>,
    /// Its session, once it has sent `initialize`.
    session: OnceLock<Arc<Session>>,
    opening: tokio::sync::Mutex<()>,
    /// Everything it waits for an answer to.
    answering: TaskTracker,
    /// Where modern requests are understood too.
    modern: Option<Clients>,
    began: u64,
    expires: u64,
}

impl Peer {
    pub(crate) fn new(
        base: Arc<Base>,
        uid: u128,
        principal: Arc<Principal>,
        only: Option<SourceName>,
        front: &'static str,
        modern: Option<Clients>,
    ) -> Self {
        let opener = Opener::new(uid, principal.clone(), only.clone(), front);
        let now = base.clock.now_millis();
        let life = u64::try_from(base.limits.session_life.as_millis()).unwrap_or(u64::MAX);
        Self {
            uid,
            principal,
            only,
            front,
            outbox: opener.outbox,
            desk: opener.desk,
            session: OnceLock::new(),
            opening: tokio::sync::Mutex::new(()),
            answering: TaskTracker::new(),
            modern,
            began: now,
            expires: now.saturating_add(life),
            base,
        }
    }

    /// Takes one message as it came. What wants an answer gets it in the outbox; this returns before that.
    pub(crate) async fn take(self: &Arc<Self>, text: Bytes, at: Arrival) {
        if batch::is_batch(&text) {
            return self.batch(&text, at).await;
        }
        match Message::parse(text, Limits::REQUEST) {
            Ok(Message::Request(request)) => self.request(request, at).await,
            Ok(Message::Notification { method, params }) => match self.session.get() {
                // Not waited for: what a source asks because of it comes in where this was read.
                Some(session) if method == Method::RootsChanged => {
                    let session = session.clone();
                    tokio::spawn(async move { legacy::hear(&session, &method, &params).await });
                }
                Some(session) => legacy::hear(session, &method, &params).await,
                // A modern peer on a pipe takes requests back by name, too.
                None if method == Method::Cancelled => {
                    if let Some(id) = params.get("requestId").and_then(Id::from_raw) {
                        self.desk.cancel(&id.key());
                    }
                }
                None => {}
            },
            Ok(Message::Response(response)) => self.desk.answered(response),
            Err(bad) => self.refuse(malformed(&bad), Era::Legacy, bad.id.as_ref(), &at).await,
        }
    }

    /// Waits until everything that was asked is answered.
    pub(crate) async fn answered(&self) {
        self.answering.close();
        self.answering.wait().await;
    }

    async fn refuse(&self, refusal: Refusal, era: Era, id: Option<&Id>, at: &Arrival) {
        let said = self.base.refuse(refusal, era, id, at, Some(&self.principal)).await;
        self.outbox.send(said.text.into_bytes()).await;
    }

    async fn request(self: &Arc<Self>, request: Request, mut at: Arrival) {
        let meta = match RequestMeta::read(&request.params) {
            Ok(meta) => meta,
            Err(e) => {
                let refusal = Refusal::new(Code::InvalidParams, e.to_string());
                return self.refuse(refusal, Era::Legacy, Some(&request.id), &at).await;
            }
        };
        at.trace = meta.traceparent.as_deref().and_then(trace_id);
        if self.modern.is_some() && (meta.version.is_some() || request.method == Method::Discover) {
            return self.modern_request(request, meta, at).await;
        }
        let me = self.clone();
        match (&request.method, self.session.get()) {
            // In order with what follows: nothing may overtake the opening of its own session.
            (Method::Initialize, None) => self.open(request, &at).await,
            (Method::Ping, None) => {
                self.outbox.send(Said::own(&request.id, "{}").text.into_bytes()).await;
            }
            (_, None) => {
                let refusal = Refusal::new(Code::InvalidRequest, "initialize first");
                self.refuse(refusal, Era::Legacy, Some(&request.id), &at).await;
            }
            (_, Some(session)) => {
                let scene = self.scene(session, at);
                let answer = async move {
                    me.say(legacy::run(scene, request, meta.progress_token).await).await;
                };
                self.answering.spawn(answer);
            }
        }
    }

    fn scene(&self, session: &Arc<Session>, at: Arrival) -> legacy::Scene {
        legacy::Scene { session: session.clone(), track: self.outbox.clone(), events: true, at }
    }

    async fn say(&self, said: Option<Said>) {
        if let Some(said) = said {
            self.outbox.send(said.text.into_bytes()).await;
        }
    }

    async fn open(&self, request: Request, at: &Arrival) {
        let _one = self.opening.lock().await;
        if self.session.get().is_some() {
            let refusal = Refusal::new(Code::InvalidRequest, "the session is open already");
            return self.refuse(refusal, Era::Legacy, Some(&request.id), at).await;
        }
        let opener = Opener {
            uid: self.uid,
            principal: self.principal.clone(),
            only: self.only.clone(),
            front: self.front,
            desk: self.desk.clone(),
            outbox: self.outbox.clone(),
        };
        match open(&self.base, opener, &request.params).await {
            Ok((session, result)) => {
                self.say(Some(Said::own(&request.id, result))).await;
                if let Err(vetted) = session.pump(at).await {
                    tracing::warn!(error = vetted.is_error(), "changes cannot be watched");
                }
                let _ = self.session.set(session);
            }
            Err(refusal) => self.refuse(refusal, Era::Legacy, Some(&request.id), at).await,
        }
    }

    async fn modern_request(self: &Arc<Self>, request: Request, meta: RequestMeta, at: Arrival) {
        let id = request.id.clone();
        let Some(clients) = &self.modern else { return };
        let origin = modern::Origin {
            clients,
            principal: &self.principal,
            only: self.only.as_ref(),
            front: self.front,
            headers: None,
        };
        let checked = if self.session.get().is_some() {
            Err(Refusal::new(Code::InvalidRequest, "a legacy session is open on this pipe"))
        } else {
            modern::check(&origin, &request, &meta)
        };
        let (known, level) = match checked {
            Ok(checked) => checked,
            Err(refusal) => return self.refuse(refusal, Era::Modern, Some(&id), &at).await,
        };
        let ticket = match self.desk.begin(&id) {
            Ok(ticket) => ticket,
            Err(e) => {
                let refusal = Refusal::new(Code::InvalidRequest, format!("{e:?}"));
                return self.refuse(refusal, Era::Modern, Some(&id), &at).await;
            }
        };
        let me = self.clone();
        self.answering.spawn(async move {
            let answering = me.modern_answer(request, meta.progress_token, known, level, at);
            tokio::select! {
                biased;
                () = ticket.cancelled() => {}
                () = answering => {}
            }
        });
    }

    async fn modern_answer(
        &self,
        request: Request,
        token: Option<Bytes>,
        known: Arc<crate::clients::Known>,
        level: Option<protocol::mcp::Level>,
        at: Arrival,
    ) {
        let track = self.outbox.clone();
        if request.method == Method::Listen {
            let id = request.id.clone();
            match modern::listen(&self.base, &known, request, &at, track, false).await {
                Ok(listening) => listening.await,
                Err(vetted) => {
                    self.say(Some(Said::vetted(vetted, Era::Modern, Some(&id)))).await;
                }
            }
            return;
        }
        let base = self.base.clone();
        let scene =
            modern::Scene { base, known, track, events: true, at, level, param_headers: None };
        let said = scene.answer(request, token).await;
        self.say(Some(said)).await;
    }

    async fn batch(self: &Arc<Self>, text: &Bytes, at: Arrival) {
        let session = self.session.get().filter(|s| s.version() == Version::V2025_03_26);
        let invalid = |text: String| Refusal::new(Code::InvalidRequest, text);
        let begun = match session {
            None => Err(invalid("one message at a time: only 2025-03-26 has batches".to_owned())),
            Some(session) => batch::split(text, Limits::REQUEST, self.base.limits.batch)
                .map_err(|e| invalid(e.to_string()))
                .and_then(|elements| batches::run(self.scene(session, at.clone()), elements)),
        };
        match begun {
            Ok(running) => {
                let me = self.clone();
                self.answering.spawn(async move { me.say(running.await).await });
            }
            Err(refusal) => self.refuse(refusal, Era::Legacy, None, &at).await,
        }
    }
}

impl Held for Peer {
    fn uid(&self) -> u128 {
        self.uid
    }

    fn owner(&self) -> Who {
        who(&self.principal)
    }

    fn used(&self) -> u64 {
        self.began
    }

    fn expires(&self) -> u64 {
        self.expires
    }

    fn is_busy(&self) -> bool {
        // It lasts as long as its stream, and no longer.
        true
    }

    fn end(&self) {
        self.desk.clear();
        self.outbox.finish(None);
        if let Some(session) = self.session.get() {
            session.end();
        }
    }
}
