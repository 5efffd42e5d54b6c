//! Hears of changes on behalf of a legacy client and puts them into its outbox.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::port::{Filter, Kind};
use gate::{Arrival, Client, Gate, Happening, Incoming, Vetted, Watch};
use model::{Code, Refusal};
use protocol::json::quote;
use protocol::mcp::Method;
use protocol::rpc::notification;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::track::Track;

/// Longer than the pause that a watch makes between two notices: one that is under way comes out within it.
const UNDER_WAY: Duration = Duration::from_millis(60);

/// A running watch.
pub(crate) struct Pump {
    gate: Gate,
    orders: mpsc::Sender<Order>,
    task: AbortHandle,
}

/// Small, for a queue has room for many of them in every session.
enum Order {
    Subscribe(Box<Incoming>, oneshot::Sender<Vetted>),
    Unsubscribe(String, oneshot::Sender<Vetted>),
}

impl Pump {
    pub(crate) async fn start(
        gate: &Gate,
        client: &Arc<Client>,
        outbox: &Arc<Track>,
        at: &Arrival,
    ) -> Result<Self, Vetted> {
        let all = Filter { tools: true, prompts: true, resources: true, ..Filter::default() };
        let (_, watch) = gate.watch(client, all, at).await?;
        let (orders, taken) = mpsc::channel(8);
        let run = run(gate.clone(), client.clone(), outbox.clone(), watch, taken);
        let task = tokio::spawn(run).abort_handle();
        Ok(Self { gate: gate.clone(), orders, task })
    }

    pub(crate) async fn subscribe(&self, incoming: Incoming) -> Vetted {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Subscribe(Box::new(incoming), answer), answered).await
    }

    pub(crate) async fn unsubscribe(&self, uri: String) -> Vetted {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Unsubscribe(uri, answer), answered).await
    }

    async fn order(&self, order: Order, answered: oneshot::Receiver<Vetted>) -> Vetted {
        if self.orders.send(order).await.is_ok()
            && let Ok(vetted) = answered.await
        {
            return vetted;
        }
        let refusal = Refusal::new(Code::SessionNotFound, "the session has ended");
        self.gate.refuse(refusal, &Arrival::default(), None).await
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(
    gate: Gate,
    client: Arc<Client>,
    outbox: Arc<Track>,
    mut watch: Watch,
    mut orders: mpsc::Receiver<Order>,
) {
    loop {
        let order = {
            let mut next = pin!(watch.next());
            tokio::select! {
                happening = &mut next => {
                    outbox.push_once(told(&happening));
                    continue;
                }
                order = orders.recv() => {
                    if let Ok(happening) = tokio::time::timeout(UNDER_WAY, next).await {
                        outbox.push_once(told(&happening));
                    }
                    order
                }
            }
        };
        match order {
            Some(Order::Subscribe(incoming, answer)) => {
                // Apart, here and below: a session lasts, and these are large to carry room for.
                let done = Box::pin(gate.subscribe(&client, &watch, *incoming)).await;
                let _ = answer.send(done);
            }
            Some(Order::Unsubscribe(uri, answer)) => {
                let done = Box::pin(gate.unsubscribe(&client, &watch, &uri)).await;
                let _ = answer.send(done);
            }
            None => return,
        }
    }
}

/// What happened, as a notification.
fn told(happening: &Happening) -> Bytes {
    let (method, params) = notice(happening);
    notification(method.as_str(), &params)
}

/// Method and raw params of what happened.
pub(crate) fn notice(happening: &Happening) -> (Method, Bytes) {
    let empty = || Bytes::from_static(b"{}");
    match happening {
        Happening::ListChanged(Kind::Tools) => (Method::ToolsChanged, empty()),
        Happening::ListChanged(Kind::Prompts) => (Method::PromptsChanged, empty()),
        Happening::ListChanged(Kind::Resources | Kind::Templates) => {
            (Method::ResourcesChanged, empty())
        }
        Happening::Updated(uri) => {
            (Method::ResourceUpdated, Bytes::from(format!("{{\"uri\":{}}}", quote(uri))))
        }
        Happening::Task(params) => (Method::TasksNotice, params.clone()),
    }
}
