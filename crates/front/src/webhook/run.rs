use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use identity::Permit;
use model::Code;

use super::Answer;
use super::receive::{No, Visit};
use crate::body::Body;
use crate::reply;
use crate::rest::success;
use crate::silent::Silent;

/// Places of one call: in its route, and among all.
pub(super) struct Places {
    _route: Permit<()>,
    _all: Permit<()>,
}

impl Places {
    pub(super) fn take(visit: &Visit<'_>) -> Result<Self, No> {
        let (route, all) =
            (visit.route.running.try_enter(&()), visit.routes.running.try_enter(&()));
        match (route, all) {
            (Some(route), Some(all)) => Ok(Self { _route: route, _all: all }),
            _ => Err(No::new(Code::TooManyConcurrent, "too many calls are in flight").wait()),
        }
    }
}

/// Carries out a claimed request. It is done once or not at all, so it goes on even if its sender does not wait.
pub(super) async fn run(
    visit: &Visit<'_>,
    incoming: gate::Incoming,
    places: Places,
) -> Result<Response<Body>, No> {
    let door = visit.door;
    let principal = &visit.route.principal;
    let internal = || No::new(Code::Internal, "the call cannot be made");
    let capabilities = Bytes::from_static(b"{}");
    let known = door.clients.of(principal, &capabilities, None, None, visit.at.front);
    let client = known.map_err(|e| internal().detail(&e.to_string()))?.client.clone();
    let gate = door.base.gate.clone();
    let call = visit.routes.calls.spawn(async move {
        let _places = places;
        Box::pin(gate.call(&client, incoming, Arc::new(Silent))).await
    });
    match visit.route.hook.answer {
        Answer::Accepted => Ok(reply::json(202, r#"{"status":"accepted"}"#)),
        Answer::Result => call.await.map(success).map_err(|e| internal().detail(&e.to_string())),
    }
}
