//! `subscriptions/listen` (2026-07-28 basic/patterns/subscriptions).

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use gate::port::Filter;
use gate::{Arrival, Client, Gate, Vetted, Watch};
use model::{Code, Refusal};
use protocol::json::{Edit, Limits, Object};
use protocol::mcp::Method;
use protocol::mcp::listen::{ListenFilter, tag};
use protocol::rpc::{Id, Request, notification, result};

use crate::base::Base;
use crate::clients::Known;
use crate::pump::notice;
use crate::track::Track;

/// A watch that is given back however its stream ends.
struct Watching {
    gate: Gate,
    client: Arc<Client>,
    watch: Option<Watch>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let Some(watch) = self.watch.take() else { return };
        let (gate, client) = (self.gate.clone(), self.client.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { gate.unwatch(&client, watch).await });
        }
    }
}

/// Begins to listen: the acknowledgement is on the track; what comes back is the listening itself, which ends with
/// the result when its time is over or the doors close. On a track of its own nothing comes after that.
pub(crate) async fn listen(
    base: &Arc<Base>,
    known: &Known,
    request: Request,
    at: &Arrival,
    track: Arc<Track>,
    own_track: bool,
) -> Result<impl Future<Output = ()> + Send + use<>, Vetted> {
    let client = known.client.clone();
    let wanted = match ListenFilter::parse(&request.params) {
        Ok(wanted) => wanted,
        Err(e) => {
            let refusal = Refusal::new(Code::InvalidParams, format!("params.notifications: {e}"));
            return Err(base.gate.refuse(refusal, at, Some(&client.principal)).await);
        }
    };
    let filter = Filter {
        tools: wanted.tools,
        prompts: wanted.prompts,
        resources: wanted.resources,
        uris: wanted.uris,
        tasks: wanted.tasks,
    };
    let (accepted, watch) = base.gate.watch(&client, filter, at).await?;
    let watching = Watching { gate: base.gate.clone(), client, watch: Some(watch) };
    let accepted = ListenFilter {
        tools: accepted.tools,
        prompts: accepted.prompts,
        resources: accepted.resources,
        uris: accepted.uris,
        tasks: accepted.tasks,
    };
    let id = request.id;
    track.push(tagged(&Method::SubscriptionAcknowledged, accepted.write(), &id));
    let base = base.clone();
    Ok(async move {
        hear(&base, watching, &track, &id).await;
        let end = result(&id, end(&id).into()).into_bytes();
        if own_track {
            track.finish(Some(end));
        } else {
            track.send(end).await;
        }
    })
}

async fn hear(base: &Base, mut watching: Watching, track: &Track, id: &Id) {
    let Some(watch) = watching.watch.as_mut() else { return };
    let mut life = pin!(tokio::time::sleep(base.limits.stream_life));
    loop {
        tokio::select! {
            happening = watch.next() => {
                let (method, params) = notice(&happening);
                track.send(tagged(&method, params, id)).await;
            }
            () = base.closing.cancelled() => return,
            () = &mut life => return,
            () = tokio::time::sleep(base.limits.stream_idle) => return,
        }
    }
}

/// A notification that says which listening it belongs to.
fn tagged(method: &Method, params: Bytes, id: &Id) -> Bytes {
    let params = Object::parse(params, Limits::REPLY).unwrap_or_else(|_| Object::empty());
    let params = tag(&params, id).unwrap_or_default();
    notification(method.as_str(), &params)
}

/// The result that ends a listening.
fn end(id: &Id) -> Bytes {
    let tagged = tag(&Object::empty(), id).unwrap_or_default();
    let tagged = Object::parse(tagged, Limits::REPLY).unwrap_or_else(|_| Object::empty());
    Edit::new().set_str("resultType", "complete").apply(&tagged)
}
