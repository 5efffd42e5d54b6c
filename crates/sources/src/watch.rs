//! Watching on behalf of clients: `resources/subscribe` and the stream of news in the legacy era,
//! `subscriptions/listen` in the modern one (section 7.12).

use std::sync::{Arc, Weak};
use std::time::Duration;

use egress::Deadline;
use gate::Lease;
use gate::port::Filter;
use http::HeaderMap;
use protocol::json::{Limits, Object, elements, quote, unquote};
use protocol::mcp::{Era, Method};
use protocol::rpc::Message;
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::flight::Flight;
use crate::hub::Hub;
use crate::session::{Session, object};

/// The shortest pause before a broken subscription is made anew.
const LEAST: Duration = Duration::from_secs(1);
/// The longest one.
const MOST: Duration = Duration::from_mins(1);
/// Most resources that one client may watch on one source.
const MOST_URIS: usize = 1000;

/// Makes the server tell of everything in `asked`, and goes on with what this lease watches already; returns the part
/// of `asked` that was accepted.
pub(crate) async fn start(
    hub: &Arc<Hub>,
    session: &Arc<Session>,
    lease: Lease,
    asked: &Filter,
) -> Result<Filter, Fault> {
    let mut wanted = with(hub.watched(lease).unwrap_or_default(), asked);
    wanted.uris.truncate(MOST_URIS);
    let accepted = match session.era() {
        Era::Legacy => legacy(hub, session, lease, wanted).await?,
        Era::Modern => modern(hub, session, lease, wanted).await?,
    };
    Ok(within(accepted, asked))
}

/// Both filters in one, what was there first.
fn with(mut filter: Filter, more: &Filter) -> Filter {
    filter.tools |= more.tools;
    filter.prompts |= more.prompts;
    filter.resources |= more.resources;
    for (all, new) in [(&mut filter.uris, &more.uris), (&mut filter.tasks, &more.tasks)] {
        for item in new {
            if !all.contains(item) {
                all.push(item.clone());
            }
        }
    }
    filter
}

/// What of a filter is in another one.
fn within(mut filter: Filter, bound: &Filter) -> Filter {
    filter.tools &= bound.tools;
    filter.prompts &= bound.prompts;
    filter.resources &= bound.resources;
    filter.uris.retain(|uri| bound.uris.contains(uri));
    filter.tasks.retain(|task| bound.tasks.contains(task));
    filter
}

/// Legacy: lists are told of without asking, resources one by one; all of it needs the stream of news.
async fn legacy(
    hub: &Arc<Hub>,
    session: &Arc<Session>,
    lease: Lease,
    wanted: Filter,
) -> Result<Filter, Fault> {
    let Some(said) = session.said.clone() else { return Ok(Filter::default()) };
    if !session.listen(hub).await {
        return Ok(Filter::default());
    }
    let changes = |offer: Option<protocol::mcp::Offer>| offer.is_some_and(|o| o.list_changed);
    let mut accepted = Filter {
        tools: wanted.tools && changes(said.capabilities.tools),
        prompts: wanted.prompts && changes(said.capabilities.prompts),
        resources: wanted.resources && changes(said.capabilities.resources),
        ..Filter::default()
    };
    let subscribes = said.capabilities.resources.is_some_and(|o| o.subscribe);
    for uri in wanted.uris.into_iter().filter(|_| subscribes) {
        let done = session.is_subscribed(&uri) || subscribe(hub, session, &uri).await?;
        if done {
            accepted.uris.push(uri);
        }
    }
    hub.watch(lease, accepted.clone());
    Ok(accepted)
}

async fn subscribe(hub: &Hub, session: &Session, uri: &str) -> Result<bool, Fault> {
    let name = quote(uri);
    let params = object([("uri", name.as_bytes())]);
    let answer = session.ask(Method::ResourcesSubscribe, &params, hub.times.list).await?;
    if answer.is_ok() {
        session.subscribed(uri);
    }
    Ok(answer.is_ok())
}

/// Ends the watching of resources that nobody watches any more.
pub(crate) async fn stop(hub: &Arc<Hub>, session: &Arc<Session>, lease: Lease, uris: &[String]) {
    let Some(mut filter) = hub.watched(lease) else { return };
    filter.uris.retain(|uri| !uris.contains(uri));
    hub.watch(lease, filter.clone());
    if session.era() == Era::Modern {
        if let Err(fault) = modern(hub, session, lease, filter).await {
            tracing::debug!(source = %hub.name, "a subscription was not made smaller: {fault}");
        }
        return;
    }
    for uri in uris {
        let shared = session.client.is_none() && hub.watched_by_others(lease, uri);
        if shared || !session.unsubscribed(uri) {
            continue;
        }
        let name = quote(uri);
        let params = object([("uri", name.as_bytes())]);
        let asked = session.ask(Method::ResourcesUnsubscribe, &params, hub.times.list);
        if let Err(fault) = asked.await {
            tracing::debug!(source = %hub.name, "still subscribed: {fault}");
        }
    }
}

/// Modern: one subscription a lease. It cannot be changed: the new one is made first, then the old one is closed.
async fn modern(
    hub: &Arc<Hub>,
    session: &Arc<Session>,
    lease: Lease,
    wanted: Filter,
) -> Result<Filter, Fault> {
    if wanted == Filter::default() {
        session.replace_listener(lease, None);
        hub.watch(lease, Filter::default());
        return Ok(Filter::default());
    }
    let (acknowledged, acknowledgement) = oneshot::channel();
    let listener = Listener { hub: hub.clone(), session: Arc::downgrade(session), lease, wanted };
    let task = tokio::spawn(listener.run(acknowledged));
    let told = tokio::time::timeout(hub.times.list, acknowledgement).await;
    let Ok(Ok(accepted)) = told else {
        task.abort();
        return Err(Fault::timeout("no acknowledgement of a subscription in time"));
    };
    let accepted = accepted?;
    session.replace_listener(lease, Some(task.abort_handle()));
    hub.watch(lease, accepted.clone());
    Ok(accepted)
}

struct Listener {
    hub: Arc<Hub>,
    session: Weak<Session>,
    lease: Lease,
    wanted: Filter,
}

type Acknowledged = Option<oneshot::Sender<Result<Filter, Fault>>>;

impl Listener {
    /// Holds the subscription, and makes it anew when it breaks off. Ends if it is never had at all.
    async fn run(self, acknowledged: oneshot::Sender<Result<Filter, Fault>>) {
        let mut acknowledged = Some(acknowledged);
        let mut pause = LEAST;
        loop {
            let Some(session) = self.session.upgrade() else { return };
            let first = acknowledged.is_some();
            match self.hold(session, &mut acknowledged).await {
                Ok(()) => pause = LEAST,
                Err(fault) => {
                    if let Some(acknowledged) = acknowledged.take() {
                        let _ = acknowledged.send(Err(fault));
                        return;
                    }
                    tracing::debug!(source = %self.hub.name, "a subscription broke off: {fault}");
                    pause = if first { LEAST } else { (pause * 2).min(MOST) };
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn hold(
        &self,
        session: Arc<Session>,
        acknowledged: &mut Acknowledged,
    ) -> Result<(), Fault> {
        let filter = filter_text(&self.wanted);
        let params = session.params(&[("notifications", &filter)]);
        let id = session.next_id();
        let exchange =
            session.begin(id, Method::Listen, &params, HeaderMap::new(), Deadline::none());
        let mut flight = Flight::new(&self.hub, &session, id, exchange);
        loop {
            let message = match flight.next().await {
                Ok(message) => message,
                Err(fault) => {
                    flight.lost();
                    return Err(fault);
                }
            };
            match message {
                Message::Notification { method: Method::SubscriptionAcknowledged, params } => {
                    let accepted = accepted(&params, &self.wanted);
                    match acknowledged.take() {
                        Some(first) => drop(first.send(Ok(accepted))),
                        // Made anew: what happened in between nobody has seen.
                        None => self.hub.presume_changed(self.lease),
                    }
                }
                Message::Notification { method, params } => {
                    self.hub.heard(&method, &params, Some(self.lease));
                }
                Message::Request(request) => {
                    self.hub.breach(&format!("sent the request {}", request.method.as_str()));
                }
                Message::Response(response) => {
                    flight.landed();
                    return match response.outcome {
                        Ok(_) if acknowledged.is_none() => Ok(()),
                        Ok(_) => Err(Fault::failed("ended a subscription before it began")),
                        Err(e) => Err(Fault::failed(format!("refused a subscription: {}", e.code))),
                    };
                }
            }
        }
    }
}

fn filter_text(filter: &Filter) -> Vec<u8> {
    let list = |items: &[String]| {
        let all: Vec<_> = items.iter().map(|item| quote(item)).collect();
        format!("[{}]", all.join(",")).into_bytes()
    };
    let (uris, tasks) = (list(&filter.uris), list(&filter.tasks));
    let flags = [
        (filter.tools, "toolsListChanged", &b"true"[..]),
        (filter.prompts, "promptsListChanged", &b"true"[..]),
        (filter.resources, "resourcesListChanged", &b"true"[..]),
        (!filter.uris.is_empty(), "resourceSubscriptions", &uris[..]),
        (!filter.tasks.is_empty(), "taskIds", &tasks[..]),
    ];
    object(flags.into_iter().filter(|(set, ..)| *set).map(|(_, name, value)| (name, value)))
}

/// What the server acknowledged of what was wanted; never more than that.
fn accepted(params: &Object, wanted: &Filter) -> Filter {
    let Ok(Some(said)) = params.object("notifications") else {
        return Filter::default();
    };
    let texts = |name: &str| -> Vec<String> {
        let all = said.get(name).and_then(|raw| elements(&raw, Limits::REPLY).ok());
        all.unwrap_or_default().iter().filter_map(|t| Some(unquote(t)?.into_owned())).collect()
    };
    let (uris, tasks) = (texts("resourceSubscriptions"), texts("taskIds"));
    Filter {
        tools: wanted.tools && said.is_true("toolsListChanged"),
        prompts: wanted.prompts && said.is_true("promptsListChanged"),
        resources: wanted.resources && said.is_true("resourcesListChanged"),
        uris: wanted.uris.iter().filter(|u| uris.contains(u)).cloned().collect(),
        tasks: wanted.tasks.iter().filter(|t| tasks.contains(t)).cloned().collect(),
    }
}
