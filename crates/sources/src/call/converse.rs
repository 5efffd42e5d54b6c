use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gate::port::Boxed;
use http::HeaderMap;
use protocol::json::Raw;
use protocol::mcp::translate::{Refusal, answer_for_legacy, refuse};
use protocol::mcp::{Era, Method};
use protocol::rpc::{Id, Message, Request, RpcError};

use super::Call;
use crate::asks::{Asks, Judged};
use crate::fault::{Fault, FaultKind};
use crate::flight::Flight;
use crate::notices::{LogRule, Notices};
use crate::session::reply;

type Answer = Result<Bytes, RpcError>;
type Asking = FuturesUnordered<Boxed<'static, (Id, Method, Answer)>>;

impl Call<'_> {
    /// Sends one request and hears out everything that belongs to it: notices go to the client, questions are asked,
    /// until the answer comes.
    pub(super) async fn converse(
        &self,
        id: u64,
        params: &[u8],
        headers: HeaderMap,
        asks: &mut Asks,
    ) -> Result<Result<Raw, RpcError>, Fault> {
        let method = self.clearance.method.clone();
        let exchange = self.session.begin(id, method, params, headers, self.deadline);
        let mut flight = Flight::new(self.hub, self.session, id, exchange);
        let mut notices = self.notices(id);
        let mut asking: Asking = FuturesUnordered::new();
        loop {
            let message = tokio::select! {
                biased;
                Some((id, method, answer)) = asking.next(), if !asking.is_empty() => {
                    self.trace.asking.fetch_sub(1, Ordering::Relaxed);
                    if flight.settled(&id) {
                        let answer = self.answer(&method, answer);
                        self.session.wire.tell(reply(&id, answer)).await?;
                    }
                    continue;
                }
                message = flight.next() => message,
            };
            match message {
                Ok(Message::Response(response)) => {
                    flight.landed();
                    if notices.dropped() > 0 {
                        let (source, dropped) = (&self.hub.name, notices.dropped());
                        tracing::warn!(%source, dropped, "notifications not passed on");
                    }
                    return Ok(response.outcome);
                }
                Ok(Message::Notification { method: Method::Cancelled, params }) => {
                    if let Some(id) = params.get("requestId").and_then(Id::from_raw) {
                        flight.settled(&id);
                    }
                }
                Ok(Message::Notification { method, params }) => {
                    match notices.accept(&method, &params) {
                        Some(notice) => self.link.notify(notice).await,
                        None => drop(self.hub.heard(&method, &params, self.session.lease())),
                    }
                }
                Ok(Message::Request(request)) => {
                    Box::pin(self.asked(request, asks, &mut flight, &mut asking)).await?;
                }
                Err(fault) => {
                    // What was too large is still being sent: that one is told to stop.
                    if !fault.is(FaultKind::TooLarge) {
                        flight.lost();
                    }
                    return Err(fault);
                }
            }
        }
    }

    /// A request of the server during the call.
    async fn asked(
        &self,
        request: Request,
        asks: &mut Asks,
        flight: &mut Flight,
        asking: &mut Asking,
    ) -> Result<(), Fault> {
        if self.session.era() == Era::Modern {
            // Modern servers send no requests; whoever answered one would be led where the client never agreed to go.
            self.trace.breached.store(true, Ordering::Relaxed);
            self.hub.breach(&format!("sent the request {}", request.method.as_str()));
            return Ok(());
        }
        let client = self.clearance.client.version.era();
        match asks.judge(&request, &self.session.declared, client) {
            Judged::Answer(answer) => self.session.wire.tell(reply(&request.id, answer)).await,
            Judged::Forward(ask) => {
                flight.asked(&request.id, &request.method);
                let (link, id, method) = (self.link.clone(), request.id, request.method);
                self.trace.asking.fetch_add(1, Ordering::Relaxed);
                asking.push(Box::pin(async move {
                    let answer = link.ask(ask).await;
                    (id, method, answer)
                }));
                Ok(())
            }
        }
    }

    /// What a client answered, for a legacy server.
    fn answer(&self, method: &Method, answer: Answer) -> Answer {
        if self.clearance.client.version.era() == Era::Legacy {
            return answer;
        }
        let said =
            answer.ok().and_then(|raw| answer_for_legacy(method, raw, self.session.version).ok());
        said.map_or_else(|| refuse(method, Refusal::Unavailable), Ok)
    }

    fn notices(&self, id: u64) -> Notices {
        let rule = match (self.clearance.level, self.clearance.client.version.era()) {
            (Some(level), _) => LogRule::From(level),
            (None, Era::Modern) => LogRule::Nothing,
            (None, Era::Legacy) => LogRule::Everything,
        };
        let token = self.clearance.progress.then_some(id);
        Notices::new(self.hub.clock.clone(), token, rule, self.hub.bounds.logs)
    }
}
