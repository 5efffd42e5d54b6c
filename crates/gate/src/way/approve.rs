//! Where a person decides: whether there is a yes for this call, and how its client hears that there is none yet.
//!
//! The desk finds a yes by what the call is, so a client may simply call again. A modern client gets a question that
//! leads to the page of the approval; a legacy one is asked while its call waits. What the client itself answers
//! decides nothing: only the desk does.

use std::sync::Arc;
use std::time::Duration;

use approvals::{Binding, Desk, DeskError, Question, State, Taken, Ticket};
use audit::{Outcome, rfc3339};
use bytes::Bytes;
use identity::{Permit, Purpose};
use model::{Action, Code, Refusal};
use protocol::json::{Edit, Limits, Object, quote};
use protocol::mcp::{Era, Method};
use tokio::time::Instant;

use super::lookup::Approved;
use super::{Ending, Found, Passage, may_ask};
use crate::gate::{Gate, Incoming};
use crate::port::{Ask, Asking, Link};
use crate::{Approval, Client, Vetted, digest, park};

/// How long a modern client's retry waits for a person before it gets the question again. Below what clients and
/// proxies give a request.
const RETRY_WAIT: Duration = Duration::from_secs(20);
/// The key of the question in `inputRequests`.
const KEY: &str = "approval";

/// What a client brings back of a question that it was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// The question of a policy that the call says it belongs to.
    policy: Option<String>,
    /// The question of a source.
    source: Option<String>,
    /// Whether the client's user does not want to go on.
    declined: bool,
}

/// Whether the call may go on.
pub(super) enum Settled {
    /// A person said yes, or need not be asked.
    Go,
    /// The question waits.
    Asks(Asking),
}

/// What became of a question at the client.
pub(super) enum Put {
    /// Something has been answered: the call is to be decided again.
    Again,
    /// The client has its answer.
    End(Ending),
}

/// Takes what belongs to a question of ours out of a request: behind this, nobody sees it. The state is good for this
/// request of this principal alone.
pub(super) fn named(
    gate: &Gate,
    client: &Client,
    found: &Found,
    incoming: &mut Incoming,
) -> Result<Named, Refusal> {
    let Some(state) = incoming.params.str("requestState") else { return Ok(Named::default()) };
    let Some(sealed) = state.strip_prefix("a.") else { return Ok(Named::default()) };
    let bound = park::binding(client, found).ok_or_else(park::not_ours)?;
    let plain = gate.keys().open(Purpose::RequestState, sealed, &bound);
    let plain = plain.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(park::not_ours)?;
    let (kind, id) = plain.split_once('\0').ok_or_else(park::not_ours)?;
    let id = Some(id.to_owned());
    let declined = declined(&incoming.params);
    let edit = Edit::new().remove("requestState").remove("inputResponses");
    incoming.params = Object::parse(edit.apply(&incoming.params), Limits::REQUEST)
        .map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
    Ok(match kind {
        "source" => Named { source: id, declined, ..Named::default() },
        _ => Named { policy: id, declined, ..Named::default() },
    })
}

fn declined(params: &Object) -> bool {
    let responses = params.object("inputResponses").ok().flatten();
    let ours = responses.and_then(|all| all.object(KEY).ok().flatten());
    ours.is_some_and(|answer| !accepted(&answer))
}

fn accepted(answer: &Object) -> bool {
    answer.str("action").is_some_and(|action| action == "accept")
}

/// Stage, after the decision: a policy wants a person's yes. Uses one up, or puts the question.
pub(super) async fn settle(
    gate: &Gate,
    client: &Arc<Client>,
    incoming: &Incoming,
    found: &mut Found,
    arguments: Option<&Object>,
    named: &Named,
    (rule, passage): (&str, &mut Passage),
) -> Result<Settled, Refusal> {
    if is_task(&incoming.method) {
        // A task is there only because its call was approved; its id is sealed for whoever made that call.
        return Ok(Settled::Go);
    }
    let Some(desk) = gate.desk().filter(|_| may_ask(&incoming.method)) else {
        let why = "a person has to approve this, and there is no way to ask one for it";
        return Err(Refusal::new(Code::ApprovalUnavailable, why));
    };
    let binding = binding(gate, client, incoming, found, passage.digest());
    if let Some(approved) = continued(gate, client, incoming, found, desk, &binding).await? {
        passage.approval(&approved.id, "approved by");
        found.approved = Some(approved);
        return Ok(Settled::Go);
    }
    let taken = desk.take(&binding, named.policy.as_deref()).await.map_err(failed)?;
    let ticket = match taken {
        Taken::Granted(grant) => {
            passage.approval(&grant.id, "approved by");
            found.approved = Some(Approved { id: grant.id, round: 0 });
            return Ok(Settled::Go);
        }
        Taken::Waiting(ticket) => ticket,
        Taken::None => {
            let question = Question {
                reasons: vec!["policy_asks".to_owned(), rule.to_owned()],
                persons: persons(gate, &found.exposed),
                ..Question::new(
                    binding,
                    client.principal.credential.clone(),
                    masked(gate, arguments),
                )
            };
            desk.ask(question).await.map_err(failed)?
        }
        no => return Err(refused(&no)),
    };
    passage.approval(&ticket.id, "waits for");
    let message = format!("A person has to approve this call of {}", found.exposed);
    Ok(Settled::Asks(Asking { ticket, message }))
}

/// The yes by which an earlier round of this call was made, if this is a later one.
async fn continued(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
    desk: &Desk,
    binding: &Binding,
) -> Result<Option<Approved>, Refusal> {
    if let Some(approved) = park::approved(gate, client, incoming, found) {
        return Ok(Some(approved));
    }
    let Some(Approved { id, round }) = park::round(gate, client, incoming, found)? else {
        return Ok(None);
    };
    match desk.go_on(binding, &id, round).await.map_err(failed)? {
        Taken::Granted(_) => Ok(Some(Approved { id, round })),
        no => Err(refused(&no)),
    }
}

const fn is_task(method: &Method) -> bool {
    matches!(
        method,
        Method::TasksGet | Method::TasksUpdate | Method::TasksCancel | Method::TasksResult
    )
}

fn persons(gate: &Gate, name: &str) -> u8 {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    };
    if gate.settings().four_eyes.iter().any(fits) { 2 } else { 1 }
}

fn masked(gate: &Gate, arguments: Option<&Object>) -> String {
    arguments.map_or_else(|| "{}".to_owned(), |arguments| gate.mask(arguments))
}

/// What makes this call this call.
fn binding(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
    arguments: [u8; 32],
) -> Binding {
    Binding {
        tenant: client.principal.tenant.clone(),
        principal: client.principal.id.clone(),
        session: client.session.clone(),
        method: incoming.method.as_str().to_owned(),
        source: found.source.name().clone(),
        tool: match found.action {
            Action::Read => found.target.clone(),
            Action::Call | Action::Prompt => found.exposed.clone(),
        },
        definition: found.entry.as_ref().map_or_else(String::new, |entry| entry.digest.clone()),
        arguments,
        terms: None,
        policy: gate.policy_digest(),
    }
}

/// What a source that asks is given with a call.
pub(super) fn for_source(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
    named: &Named,
) -> Option<Box<Approval>> {
    if !found.source.asks() || gate.desk().is_none() {
        return None;
    }
    let arguments = incoming.params.object("arguments").ok().flatten();
    let form = arguments.as_ref().and_then(|a| a.canonical().ok());
    let digest = digest::sha256(form.as_ref().map_or(b"{}".as_slice(), |form| form.as_bytes()));
    Some(Box::new(Approval {
        binding: binding(gate, client, incoming, found, digest),
        credential: client.principal.credential.clone(),
        arguments: masked(gate, arguments.as_ref()),
        named: named.source.clone(),
    }))
}

/// The source asks before it has done anything: the yes of the policy, if there was one, counts again.
pub(super) async fn returned(gate: &Gate, found: &mut Found) {
    let (Some(desk), Some(approved)) = (gate.desk(), found.approved.take()) else { return };
    if let Err(error) = desk.give_back(&approved.id).await {
        tracing::error!("an approval that was not needed stays used: {error}");
    }
}

/// Tells the client that a person has been asked, in the way its protocol has for that.
pub(super) async fn put(
    gate: &Gate,
    client: &Arc<Client>,
    found: &Found,
    asking: &Asking,
    named: &mut Named,
    (kind, link): (&'static str, &Arc<dyn Link>),
) -> Result<Put, Refusal> {
    let Some(desk) = gate.desk() else {
        return Err(Refusal::new(Code::ApprovalUnavailable, "there is no desk of approvals"));
    };
    let url = desk.url(&asking.ticket.id);
    let no = || required(asking, url.as_deref());
    let Some(ask) = question(client, asking, url.as_deref()).filter(|_| !client.is_stepping())
    else {
        return Err(no());
    };
    match client.version.era() {
        Era::Modern => {
            let back = match kind {
                "source" => named.source.take(),
                _ => named.policy.take(),
            };
            if back.as_ref() == Some(&asking.ticket.id) {
                if named.declined {
                    return Err(no());
                }
                let _place = place(gate, client).ok_or_else(no)?;
                let waits = RETRY_WAIT.min(gate.settings().approval_wait);
                if desk.wait(&asking.ticket.id, waits).await.map_err(failed)? != State::Waiting {
                    return Ok(Put::Again);
                }
            }
            let bound = park::binding(client, found).ok_or_else(no)?;
            let plain = format!("{kind}\0{}", asking.ticket.id);
            let state = gate.keys().seal(Purpose::RequestState, plain.as_bytes(), &bound);
            let state = state.map_err(|e| Refusal::new(Code::Internal, e.to_string()))?;
            let inputs = [(KEY.to_owned(), Method::Elicit, ask)];
            let result = park::questions(&inputs, Some(&format!("a.{state}")));
            let (outcome, note) = (Outcome::InputRequired, None);
            let vetted = Vetted::result(result);
            Ok(Put::End(Ending { vetted, outcome, upstream_status: None, note }))
        }
        Era::Legacy => {
            let _place = place(gate, client).ok_or_else(no)?;
            let most = gate.settings().approval_wait;
            let answered = elicited(desk, &asking.ticket, ask, link, most).await?;
            if answered { Ok(Put::Again) } else { Err(no()) }
        }
    }
}

/// Asks a legacy client while the desk is watched. Whether the question has been answered there: what the client
/// says only ends the waiting, or lets it go on.
async fn elicited(
    desk: &Desk,
    ticket: &Ticket,
    params: Bytes,
    link: &Arc<dyn Link>,
    most: Duration,
) -> Result<bool, Refusal> {
    let until = Instant::now() + most;
    let asked = link.ask(Ask { method: Method::Elicit, params });
    let state = tokio::select! {
        answer = asked => {
            let answer = answer.ok().and_then(|raw| Object::parse(raw, Limits::REPLY).ok());
            if !answer.is_some_and(|answer| accepted(&answer)) {
                return Ok(false);
            }
            let rest = until.saturating_duration_since(Instant::now());
            desk.wait(&ticket.id, rest).await
        }
        state = desk.wait(&ticket.id, most) => state,
    };
    Ok(state.map_err(failed)? != State::Waiting)
}

/// A place among the calls of this principal that wait.
fn place(gate: &Gate, client: &Client) -> Option<Permit<u128>> {
    gate.limits().parked.try_enter(&park::owner_number(client))
}

/// The params of the elicitation that this client can take; none if it can take none.
fn question(client: &Client, asking: &Asking, url: Option<&str>) -> Option<Bytes> {
    let id = &asking.ticket.id;
    let params = match url {
        Some(url) if client.capabilities.elicitation_url => {
            let own = match client.version.era() {
                // 2025-11-25 client/elicitation: a URL elicitation has an id; 2026-07-28 has none.
                Era::Legacy => format!(",\"elicitationId\":{}", quote(id)),
                Era::Modern => String::new(),
            };
            let message = quote(&asking.message);
            format!("{{\"mode\":\"url\",\"message\":{message},\"url\":{}{own}}}", quote(url))
        }
        _ if client.capabilities.elicitation_form => {
            // No field, because nothing that is entered there decides anything.
            let message = quote(&format!("{}. {}", asking.message, how(&asking.ticket, url)));
            let schema = "{\"type\":\"object\",\"properties\":{}}";
            format!("{{\"message\":{message},\"requestedSchema\":{schema}}}")
        }
        _ => return None,
    };
    Some(Bytes::from(params))
}

fn how(ticket: &Ticket, url: Option<&str>) -> String {
    if ticket.by_hand {
        let page = url.map_or_else(String::new, |url| format!(" at {url}"));
        return format!("An operator pays it{page}; then go on.");
    }
    let page = url.map_or_else(String::new, |url| format!(" at {url}, or"));
    let command = command(ticket);
    format!("An operator answers{page} with `{command}`; then go on.")
}

/// What an operator can type. What is paid by hand can be looked at there, and is paid on its page.
fn command(ticket: &Ticket) -> String {
    let verb = if ticket.by_hand { "show" } else { "approve" };
    format!("portcullis approvals {verb} {}", ticket.id)
}

/// The refusal of a client that cannot be asked: it carries the id and what to do.
fn required(asking: &Asking, url: Option<&str>) -> Refusal {
    let Ticket { id, expires, .. } = &asking.ticket;
    let url_member = url.map_or_else(String::new, |url| format!("\"url\":{},", quote(url)));
    let does = if asking.ticket.by_hand { "pays it on its page" } else { "answers" };
    let what =
        format!("An operator {does}; then make the same call again, with the same arguments.");
    let data = format!(
        "{{\"approvalId\":{},{url_member}\"expiresAt\":{},\"command\":{},\"whatToDo\":{}}}",
        quote(id),
        quote(&rfc3339(*expires)),
        quote(&command(&asking.ticket)),
        quote(&what)
    );
    Refusal::new(Code::ApprovalRequired, format!("{}: {id}", asking.message)).data(data)
}

fn refused(taken: &Taken) -> Refusal {
    let (code, said, id) = match taken {
        Taken::Refused { id } => (Code::ApprovalDenied, "a person refused this call", id),
        Taken::Expired { id } => {
            (Code::ApprovalExpired, "the approval of this call ran out; call again to ask anew", id)
        }
        Taken::Used { id } => {
            (Code::ApprovalUsed, "the approval of this call was used; it was for one call", id)
        }
        Taken::Mismatch { id } | Taken::Principal { id } => {
            (Code::ApprovalMismatch, "that approval is for another call", id)
        }
        Taken::Granted(_) | Taken::Waiting(_) | Taken::None => {
            return Refusal::new(Code::Internal, "an approval in a state that makes no sense");
        }
    };
    let rule = taken.rule().map_or("", model::money::MoneyRule::as_str);
    let data = format!("{{\"approvalId\":{},\"rule\":{}}}", quote(id), quote(rule));
    Refusal::new(code, said).data(data).detail(format!("{rule} {id}"))
}

#[expect(clippy::needless_pass_by_value, reason = "goes where a function of the error is wanted")]
fn failed(error: DeskError) -> Refusal {
    let code = match error {
        DeskError::Store(_) => Code::StoreUnavailable,
        DeskError::Log(_) => Code::AuditUnavailable,
        DeskError::Full(_) => Code::TooManyConcurrent,
    };
    Refusal::new(code, "no person can be asked at the moment, so the call is not made")
        .detail(error.to_string())
}
