//! Task ids on their way to a client and back.
//!
//! A client knows a task by a sealed id that holds source, tool and the upstream's own id and opens only for the
//! principal it was made for: tasks need no table here, survive a restart, and nobody can ask for another's.

use std::sync::Arc;

use bytes::Bytes;
use identity::Purpose;
use model::{Action, Code, Refusal};
use protocol::json::{Edit, Limits, Object, elements, quote};
use protocol::mcp::Era;
use protocol::mcp::keys::TASKS_EXTENSION;

use super::Found;
use super::lookup::by_name;
use crate::Client;
use crate::gate::Gate;
use crate::port::Kind;

/// What a `tasks/*` request is about.
pub(super) async fn find(
    gate: &Gate,
    client: &Arc<Client>,
    params: &Object,
) -> Result<Found, Refusal> {
    if client.version.era() == Era::Modern && !client.capabilities.tasks {
        return Err(Refusal::new(
            Code::MissingCapability,
            "the client did not declare the tasks extension",
        )
        .data(format!(
            "{{\"requiredCapabilities\":{{\"extensions\":{{\"{TASKS_EXTENSION}\":{{}}}}}}}}"
        )));
    }
    let unknown = || Refusal::new(Code::InvalidParams, "Unknown task");
    let id = params.str("taskId").ok_or_else(unknown)?;
    let plain = gate.keys().open(Purpose::Task, &id, &owner(client)).ok_or_else(unknown)?;
    let plain = String::from_utf8(plain).map_err(|_| unknown())?;
    let mut parts = plain.splitn(3, '\0');
    let (Some(source), Some(tool), Some(upstream)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(unknown());
    };
    let mut found = by_name(gate, client, Kind::Tools, tool).await.map_err(|_| unknown())?;
    if found.source.name().as_str() != source {
        return Err(unknown());
    }
    upstream.clone_into(&mut found.target);
    found.action = Action::Call;
    found.task = Some(id.into_owned());
    Ok(found)
}

/// A result with the upstream's task ids replaced by the client's: a task made by `tools/call` in either era
/// (flat, or under `task`), or the task that a `tasks/*` answer is about.
pub(super) fn rename(gate: &Gate, client: &Client, found: &Found, result: Bytes) -> Option<Object> {
    let object = Object::parse(result, Limits::REPLY).ok()?;
    Object::parse(rewrite(gate, client, found, &object)?, Limits::REPLY).ok()
}

fn rewrite(gate: &Gate, client: &Client, found: &Found, object: &Object) -> Option<Bytes> {
    if let Ok(Some(task)) = object.object("task") {
        let inner = renamed(gate, client, found, &task)?;
        return Some(Edit::new().set("task", inner.to_vec()).apply(object));
    }
    if let Some(Ok(tasks)) = object.get("tasks").map(|raw| elements(&raw, Limits::REPLY)) {
        let each: Option<Vec<Bytes>> = tasks
            .into_iter()
            .map(|raw| renamed(gate, client, found, &Object::parse(raw, Limits::REPLY).ok()?))
            .collect();
        let list = format!(
            "[{}]",
            each?.iter().map(|b| String::from_utf8_lossy(b)).collect::<Vec<_>>().join(",")
        );
        return Some(Edit::new().set("tasks", list.into_bytes()).apply(object));
    }
    renamed(gate, client, found, object)
}

fn renamed(gate: &Gate, client: &Client, found: &Found, task: &Object) -> Option<Bytes> {
    let Some(upstream) = task.str("taskId") else { return Some(task.text().clone()) };
    let id = match &found.task {
        Some(id) if found.target == *upstream => id.clone(),
        _ => seal(gate, client, found, &upstream)?,
    };
    Some(Edit::new().set("taskId", quote(&id).into_bytes()).apply(task))
}

fn seal(gate: &Gate, client: &Client, found: &Found, upstream: &str) -> Option<String> {
    let plain = format!("{}\0{}\0{upstream}", found.source.name(), found.exposed);
    gate.keys().seal(Purpose::Task, plain.as_bytes(), &owner(client)).ok()
}

fn owner(client: &Client) -> Vec<u8> {
    format!("{}\0{}", client.principal.tenant, client.principal.id).into_bytes()
}
