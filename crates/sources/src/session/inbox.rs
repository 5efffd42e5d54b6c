use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use gate::port::{Link, Notice};
use protocol::json::Object;
use protocol::mcp::translate::{Refusal, refuse};
use protocol::mcp::{Era, Method};
use protocol::rpc::{IdKey, Message, Request};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Session, reply};
use crate::asks::{Asks, Judged};
use crate::hub::Hub;
use crate::notices::{LogRule, Notices};

/// Messages that wait to be looked at. A flood beyond this is dropped.
const WAITING: usize = 256;
/// Questions outside any call that may be open at the same time.
const OPEN_ASKS: usize = 4;

/// How long a client may take to hear one piece of news.
const PATIENCE: Duration = Duration::from_secs(5);

/// What comes for a session as a whole: news, questions that belong to no one call, pings.
pub(crate) struct Inbox(mpsc::Receiver<Message>);

impl Inbox {
    /// The inbox, and the way into it.
    pub(crate) fn new() -> (Self, mpsc::Sender<Message>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(receiver), sender)
    }

    /// Looks at what comes until the session ends.
    pub(crate) fn serve(mut self, session: &Arc<Session>, hub: &Arc<Hub>) {
        // The session owns the only other sender when it has a pipe: it must not be kept alive from here.
        let weak = Arc::downgrade(session);
        let mut desk = Clerk::new(session, hub);
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    message = self.0.recv() => {
                        let (Some(message), Some(session)) = (message, weak.upgrade()) else { return };
                        desk.take(message, &session).await;
                    }
                    Some(_) = desk.asking.join_next() => {}
                }
            }
        });
        session.keep(task.abort_handle());
    }
}

/// Decides what becomes of each message.
pub(crate) struct Clerk {
    hub: Arc<Hub>,
    link: Option<Arc<dyn Link>>,
    notices: Notices,
    asking: JoinSet<()>,
    open: HashMap<IdKey, tokio::task::AbortHandle>,
}

impl Clerk {
    pub(crate) fn new(session: &Session, hub: &Arc<Hub>) -> Self {
        let legacy = session.client.as_ref().filter(|c| c.version.era() == Era::Legacy);
        let link = legacy.and_then(|c| c.link.clone());
        let rate = hub.bounds.logs;
        let notices = Notices::new(hub.clock.clone(), None, LogRule::Everything, rate);
        Self { hub: hub.clone(), link, notices, asking: JoinSet::new(), open: HashMap::new() }
    }

    pub(crate) async fn take(&mut self, message: Message, session: &Arc<Session>) {
        match message {
            Message::Request(request) if session.era() == Era::Modern => {
                // Modern servers send no requests (2026-07-28 basic/index).
                self.hub.breach(&format!("sent the request {}", request.method.as_str()));
            }
            Message::Request(request) => self.asked(request, session).await,
            Message::Notification { method: Method::Cancelled, params } => {
                let id = params.get("requestId").and_then(protocol::rpc::Id::from_raw);
                if let Some(task) = id.and_then(|id| self.open.remove(&id.key())) {
                    task.abort();
                }
            }
            Message::Notification { method, params } => self.told(&method, &params, session).await,
            Message::Response(_) => {}
        }
    }

    async fn told(&mut self, method: &Method, params: &Object, session: &Session) {
        if self.hub.heard(method, params, session.lease()) {
            return;
        }
        let Some(link) = &self.link else {
            tracing::debug!(source = %self.hub.name, method = method.as_str(), "nobody to tell");
            return;
        };
        let notice = match method {
            Method::LogMessage | Method::ElicitationComplete => self.notices.accept(method, params),
            Method::TaskStatus => Some(Notice::Other(method.clone(), params.text().clone())),
            _ => None,
        };
        if let Some(notice) = notice {
            // A client that does not listen must not keep the server's pings waiting.
            let _ = tokio::time::timeout(PATIENCE, link.notify(notice)).await;
        }
    }

    /// A question that belongs to no one call reaches a legacy client outside its calls; nobody else can be asked.
    async fn asked(&mut self, request: Request, session: &Arc<Session>) {
        self.open.retain(|_, task| !task.is_finished());
        let full = self.open.len() >= OPEN_ASKS;
        let judged = Asks::new(&self.hub.bounds).judge(&request, &session.declared, Era::Legacy);
        match (judged, &self.link) {
            (Judged::Forward(ask), Some(link)) if !full => {
                let (link, id, weak) = (link.clone(), request.id.clone(), Arc::downgrade(session));
                let task = self.asking.spawn(async move {
                    let answer = link.ask(ask).await;
                    answer_later(&weak, reply(&id, answer)).await;
                });
                self.open.insert(request.id.key(), task);
            }
            (Judged::Answer(answer), _) => tell(session, reply(&request.id, answer)).await,
            (Judged::Forward(_), _) => {
                let refusal = refuse(&request.method, Refusal::Unavailable);
                tell(session, reply(&request.id, refusal)).await;
            }
        }
    }
}

async fn answer_later(session: &Weak<Session>, answer: Bytes) {
    if let Some(session) = session.upgrade() {
        tell(&session, answer).await;
    }
}

async fn tell(session: &Session, message: Bytes) {
    if let Err(fault) = session.wire.tell(message).await {
        tracing::debug!("an answer to the server was not taken: {fault}");
    }
}
