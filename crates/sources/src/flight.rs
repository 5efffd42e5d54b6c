use std::sync::Arc;
use std::time::Duration;

use protocol::json::quote;
use protocol::mcp::Method;
use protocol::mcp::translate::{Refusal, refuse};
use protocol::rpc::{Id, Message};

use crate::fault::Fault;
use crate::hub::Hub;
use crate::session::{Session, object, reply};
use crate::wire::Exchange;

/// How long a server may take to hear that a call is cancelled.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request under way on behalf of a client. Dropped before its answer has come, it is cancelled upstream: by closing
/// the stream where that says so, else by `notifications/cancelled` and then closing it.
pub(crate) struct Flight {
    hub: Arc<Hub>,
    session: Arc<Session>,
    id: u64,
    exchange: Option<Exchange>,
    /// Requests of the server that nobody has answered yet.
    open: Vec<(Id, Method)>,
}

impl Flight {
    pub(crate) fn new(hub: &Arc<Hub>, session: &Arc<Session>, id: u64, exchange: Exchange) -> Self {
        let (hub, session) = (hub.clone(), session.clone());
        Self { hub, session, id, exchange: Some(exchange), open: Vec::new() }
    }

    /// The next message that belongs to it. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<Message, Fault> {
        match &mut self.exchange {
            Some(exchange) => exchange.next().await,
            None => Err(Fault::failed("nothing more comes for this call")),
        }
    }

    /// Its answer has come.
    pub(crate) fn landed(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.done();
        }
    }

    /// It has failed in a way that leaves nothing to cancel.
    pub(crate) fn lost(&mut self) {
        self.exchange = None;
    }

    /// Notes that the server waits for an answer.
    pub(crate) fn asked(&mut self, id: &Id, method: &Method) {
        self.open.push((id.clone(), method.clone()));
    }

    /// Notes that it has got it, or does not want it any more; whether it was waiting.
    pub(crate) fn settled(&mut self, id: &Id) -> bool {
        let before = self.open.len();
        self.open.retain(|(open, _)| open.key() != id.key());
        self.open.len() < before
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let Some(exchange) = self.exchange.take() else { return };
        if self.session.wire.closing_cancels() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Ok(place) = self.hub.cancelling.clone().try_acquire_owned() else { return };
        let (session, id, open) = (self.session.clone(), self.id, std::mem::take(&mut self.open));
        runtime.spawn(async move {
            let _place = place;
            let told = tokio::time::timeout(PATIENCE, cancel(&session, id, &open)).await;
            if !matches!(told, Ok(Ok(()))) {
                tracing::debug!("the server could not be told of a cancellation");
            }
            // Only now: to a legacy server a stream that closes says nothing.
            drop(exchange);
        });
    }
}

async fn cancel(session: &Session, id: u64, open: &[(Id, Method)]) -> Result<(), Fault> {
    for (asked, method) in open {
        session.wire.tell(reply(asked, refuse(method, Refusal::Unavailable))).await?;
    }
    let (id, reason) = (id.to_string(), quote("cancelled by the client"));
    let params = object([("requestId", id.as_bytes()), ("reason", reason.as_bytes())]);
    session.wire.tell(protocol::rpc::notification(Method::Cancelled.as_str(), &params)).await
}
