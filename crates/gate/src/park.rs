//! Calls that wait for their client's answer although the client has gone away with a question.
//!
//! A legacy server asks in the middle of a call and waits; a modern client can be asked only by ending its request
//! with `input_required` (2026-07-28 basic/patterns/mrtr). So the call is parked: it runs on behind the gate, and the
//! sealed `requestState` that the client brings back finds it again. What is not fetched in time is cancelled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use identity::{Permit, Purpose};
use model::{Code, Refusal};
use protocol::Rope;
use protocol::json::{Limits, Object, canonical, quote};
use protocol::mcp::Method;
use protocol::rpc::RpcError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};

use crate::asks::{Guarded, No, admitted, heard};
use crate::gate::{Gate, Incoming};
use crate::port::{Ask, Boxed, Link, Notice, Reply, Trouble};
use crate::way::{Approved, Came, Found, Heard, Outgoing};
use crate::{Cleared, Client, digest};

/// How long to wait for further questions before the first one goes to the client.
const GATHER: Duration = Duration::from_millis(50);
/// Most questions that one round may hold.
const MAX_INPUTS: usize = 32;

/// All calls that wait, by their secret number.
pub(crate) struct Lot {
    parked: Mutex<HashMap<u128, Parked>>,
}

/// A call that waits.
pub(crate) struct Parked {
    bound: [u8; 32],
    call: Running,
    asks: mpsc::Receiver<Asked>,
    open: Vec<(String, Asked)>,
    door: Arc<Door>,
    heard: Heard,
    approved: Option<Approved>,
    answers: Vec<(String, Bytes)>,
    _place: Permit<u128>,
}

/// A running call; dropping it cancels it.
struct Running(JoinHandle<Result<Reply, Trouble>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A question, and where its answer goes.
pub(crate) struct Asked {
    ask: Ask,
    answer: oneshot::Sender<Result<Bytes, RpcError>>,
}

/// The link of a modern client: notices go to whichever of its requests is being answered now, questions wait here.
struct Door {
    front: Mutex<Option<Arc<dyn Link>>>,
    asks: mpsc::Sender<Asked>,
}

impl Link for Door {
    fn notify(&self, notice: Notice) -> Boxed<'_, ()> {
        let front = self.front.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            if let Some(front) = front {
                front.notify(notice).await;
            }
        })
    }

    fn ask(&self, ask: Ask) -> Boxed<'_, Result<Bytes, RpcError>> {
        Box::pin(async move {
            let gone = || RpcError::new(-32603, "the client is gone");
            let (answer, answered) = oneshot::channel();
            self.asks.send(Asked { ask, answer }).await.map_err(|_| gone())?;
            answered.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

impl Lot {
    pub(crate) fn new() -> Self {
        Self { parked: Mutex::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u128, Parked>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the call. A modern client that can be asked gets a call that can be parked; all others a plain one.
pub(crate) async fn run(
    gate: &Gate,
    client: &Arc<Client>,
    found: &Found,
    cleared: Cleared,
    link: Arc<dyn Link>,
) -> Outgoing {
    if found.request.is_none() || !client.capabilities.can_be_asked() {
        let link = Guarded::new(gate, client, found, link);
        return found.source.call(cleared, link).await.map(Came::Back);
    }
    let (sender, asks) = mpsc::channel(MAX_INPUTS);
    let door = Arc::new(Door { front: Mutex::new(Some(link)), asks: sender });
    let guarded = Guarded::new(gate, client, found, door.clone());
    let source = found.source.clone();
    let call = Running(tokio::spawn(async move { source.call(cleared, guarded).await }));
    drive(
        gate,
        client,
        found,
        Round { call, asks, open: Vec::new(), door, heard: found.heard.clone() },
    )
    .await
}

/// One request's worth of a call that can be parked.
struct Round {
    call: Running,
    asks: mpsc::Receiver<Asked>,
    open: Vec<(String, Asked)>,
    door: Arc<Door>,
    /// Where the running call notes what it hears, whichever request of the client it runs for.
    heard: Heard,
}

/// Until the call is done, or asks: then it is parked and the questions go out.
async fn drive(gate: &Gate, client: &Arc<Client>, found: &Found, mut round: Round) -> Outgoing {
    if round.open.is_empty() {
        tokio::select! {
            done = &mut round.call.0 => return finished(done),
            Some(asked) = round.asks.recv() => {
                round.open.push((key(gate), asked));
            }
        }
    }
    let gathered = tokio::time::sleep(GATHER);
    tokio::pin!(gathered);
    while round.open.len() < MAX_INPUTS {
        tokio::select! {
            done = &mut round.call.0 => return finished(done),
            Some(asked) = round.asks.recv() => {
                round.open.push((key(gate), asked));
            }
            () = &mut gathered => break,
        }
    }
    park(gate, client, found, round)
}

fn finished(done: Result<Result<Reply, Trouble>, JoinError>) -> Outgoing {
    let reply = done.unwrap_or_else(|e| {
        let (code, detail) = (Code::Internal, e.to_string());
        Err(Trouble::Failed { code, detail, status: None, unknown: true })
    });
    reply.map(Came::Back)
}

fn key(gate: &Gate) -> String {
    format!("i{}", gate.next_number())
}

/// Leaves the call in the lot and makes the question for the client.
fn park(gate: &Gate, client: &Arc<Client>, found: &Found, round: Round) -> Outgoing {
    let inputs = round
        .open
        .iter()
        .map(|(k, a)| (k.clone(), a.ask.method.clone(), a.ask.params.clone()))
        .collect();
    let trouble = |code, detail: &str| Trouble::Failed {
        code,
        detail: detail.to_owned(),
        status: None,
        unknown: false,
    };
    let bound = binding(client, found);
    let bound = bound.ok_or_else(|| trouble(Code::Internal, "this call cannot be parked"))?;
    let mut number = [0; 16];
    ambient::random(&mut number).map_err(|e| trouble(Code::Internal, &e.to_string()))?;
    let number = u128::from_le_bytes(number);
    let place = gate.limits().parked.try_enter(&owner_number(client));
    let place = place.ok_or_else(|| {
        trouble(Code::TooManyConcurrent, "too many parked calls of this principal")
    })?;
    let plain = format!("park\0{number:032x}");
    let state = gate.keys().seal(Purpose::RequestState, plain.as_bytes(), &bound);
    let state = state.map_err(|e| trouble(Code::Internal, &e.to_string()))?;
    *round.door.front.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let Round { call, asks, open, door, heard } = round;
    let answers = Vec::new();
    let approved = found.approved.clone();
    let parked = Parked { bound, call, asks, open, door, heard, approved, answers, _place: place };
    gate.lot().lock().insert(number, parked);
    let (lot, wait) = (gate.lot().clone(), gate.settings().park);
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        lot.lock().remove(&number);
    });
    Ok(Came::Parked { inputs, state: format!("p.{state}") })
}

/// The parked call that this request continues, with the answers it brings; none if it is a new call.
pub(crate) fn resumed(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Result<Option<Parked>, Refusal> {
    let Some((number, bound)) = number(gate, client, incoming, found)? else { return Ok(None) };
    let answers = answers(&incoming.params)?;
    let mut parked =
        gate.lot().lock().remove(&number).filter(|p| p.bound == bound).ok_or_else(|| {
            Refusal::new(
                Code::InvalidParams,
                "requestState is used up or expired; start the call afresh",
            )
            .data("{\"reason\":\"lost\"}")
        })?;
    parked.answers = answers;
    Ok(Some(parked))
}

/// Which parked call a request says it continues, and what that is bound to.
fn number(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Result<Option<(u128, [u8; 32])>, Refusal> {
    let Some(state) = incoming.params.str("requestState") else { return Ok(None) };
    let Some(sealed) = state.strip_prefix("p.") else { return Ok(None) };
    let bound = binding(client, found).ok_or_else(not_ours)?;
    let plain = gate.keys().open(Purpose::RequestState, sealed, &bound).ok_or_else(not_ours)?;
    let number = std::str::from_utf8(&plain).ok().and_then(|t| t.strip_prefix("park\0"));
    let number = number.and_then(|hex| u128::from_str_radix(hex, 16).ok()).ok_or_else(not_ours)?;
    Ok(Some((number, bound)))
}

/// The yes by which the parked call that this request continues was made. It runs: no second yes is needed for it.
pub(crate) fn approved(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Option<Approved> {
    let (number, bound) = number(gate, client, incoming, found).ok().flatten()?;
    let lot = gate.lot().lock();
    lot.get(&number).filter(|parked| parked.bound == bound)?.approved.clone()
}

impl Parked {
    /// Hands the answers over and goes on where the call stood. What was not answered is asked again.
    pub(crate) async fn go_on(
        mut self,
        gate: &Gate,
        client: &Arc<Client>,
        found: &Found,
        link: Arc<dyn Link>,
    ) -> Outgoing {
        *self.door.front.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
        let mut open = Vec::new();
        for (key, asked) in self.open {
            match self.answers.iter().position(|(k, _)| *k == key) {
                Some(at) => {
                    // The call may have ended meanwhile; then nobody waits for the answer.
                    let _ = asked.answer.send(Ok(self.answers.swap_remove(at).1));
                }
                None => open.push((key, asked)),
            }
        }
        let heard = self.heard.clone();
        let round = Round { call: self.call, asks: self.asks, open, door: self.door, heard };
        let reply = drive(gate, client, found, round).await;
        found.heard.follow(&self.heard);
        reply
    }
}

/// The upstream's own `requestState`, taken out of the seal it was given to the client in.
pub(crate) fn upstream_state(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Result<Option<String>, Refusal> {
    if incoming.params.raw("requestState").is_none() {
        return Ok(None);
    }
    Ok(relay(gate, client, incoming, found)?.ok_or_else(not_ours)?.state)
}

/// The yes by which the call was made that the upstream asked something about, and the round that comes now.
pub(crate) fn round(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Result<Option<Approved>, Refusal> {
    Ok(relay(gate, client, incoming, found)?.and_then(|relay| relay.approved))
}

/// What the gate seals around a `requestState` of an upstream.
struct Relay {
    state: Option<String>,
    approved: Option<Approved>,
}

impl Relay {
    /// `approval NUL round NUL`, both empty without one, then `=` and the upstream's own state, or nothing.
    fn text(&self) -> String {
        let (id, round) = self
            .approved
            .as_ref()
            .map_or((String::new(), String::new()), |a| (a.id.clone(), a.round.to_string()));
        let state = self.state.as_ref().map_or_else(String::new, |state| format!("={state}"));
        format!("{id}\0{round}\0{state}")
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '\0');
        let (id, round, state) = (parts.next()?, parts.next()?, parts.next()?);
        let approved = if id.is_empty() {
            None
        } else {
            Some(Approved { id: id.to_owned(), round: round.parse().ok()? })
        };
        Some(Self { state: state.strip_prefix('=').map(str::to_owned), approved })
    }
}

fn relay(
    gate: &Gate,
    client: &Client,
    incoming: &Incoming,
    found: &Found,
) -> Result<Option<Relay>, Refusal> {
    let Some(raw) = incoming.params.raw("requestState") else { return Ok(None) };
    let state = protocol::json::unquote(raw).ok_or_else(not_ours)?;
    let Some(sealed) = state.strip_prefix("r.") else { return Ok(None) };
    let bound = binding(client, found).ok_or_else(not_ours)?;
    let plain = gate.keys().open(Purpose::RequestState, sealed, &bound).ok_or_else(not_ours)?;
    let text = String::from_utf8(plain).map_err(|_| not_ours())?;
    Relay::read(&text).map(Some).ok_or_else(not_ours)
}

/// An upstream's `input_required` for a modern client: each question guarded, the state sealed and bound.
pub(crate) fn relayed(
    gate: &Gate,
    client: &Client,
    found: &Found,
    mut inputs: Vec<(String, Method, Bytes)>,
    state: Option<String>,
) -> Result<Rope, Refusal> {
    let upstream = |why: &str| {
        Refusal::new(Code::UpstreamFailed, format!("{} failed", found.source.name())).detail(why)
    };
    if found.request.is_none() {
        return Err(upstream("asked where nothing may be asked"));
    }
    let face = gate.face(&found.source);
    for (_, method, params) in &mut inputs {
        let ask = Ask { method: method.clone(), params: params.clone() };
        let admitted = admitted(client, &face, ask)
            .and_then(|ask| heard(gate, found.source.name(), &found.heard, ask));
        *params = admitted.map_err(|no| upstream(&why_not(no)))?.params;
    }
    let approved = found.approved.as_ref().map(|a| Approved { round: a.round + 1, ..a.clone() });
    let relay = Relay { state, approved };
    let needed = relay.state.is_some() || relay.approved.is_some();
    let state = needed.then(|| wrapped(gate, client, found, &relay.text())).transpose()?;
    Ok(questions(&inputs, state.as_deref()))
}

/// The result that asks a modern client for something first.
pub(crate) fn questions(inputs: &[(String, Method, Bytes)], state: Option<&str>) -> Rope {
    let mut out = String::from("{\"resultType\":\"input_required\"");
    if !inputs.is_empty() {
        let each = inputs.iter().map(|(key, method, params)| {
            format!(
                "{}:{{\"method\":{},\"params\":{}}}",
                quote(key),
                quote(method.as_str()),
                String::from_utf8_lossy(params)
            )
        });
        out += ",\"inputRequests\":{";
        out += &each.collect::<Vec<_>>().join(",");
        out.push('}');
    }
    if let Some(state) = state {
        out += ",\"requestState\":";
        out += &quote(state);
    }
    out.push('}');
    Rope::from(out)
}

fn why_not(no: No) -> String {
    match no {
        No::Error(e) => format!("asked for what the client did not declare: {}", e.message),
        No::Answer(_) => "asked for what may not be asked".to_owned(),
    }
}

fn wrapped(gate: &Gate, client: &Client, found: &Found, state: &str) -> Result<String, Refusal> {
    let bound = binding(client, found).ok_or_else(not_ours)?;
    let sealed = gate.keys().seal(Purpose::RequestState, state.as_bytes(), &bound);
    sealed.map(|s| format!("r.{s}")).map_err(|e| Refusal::new(Code::Internal, e.to_string()))
}

fn answers(params: &Object) -> Result<Vec<(String, Bytes)>, Refusal> {
    let bad = || Refusal::new(Code::InvalidParams, "inputResponses must be an object of objects");
    let Some(object) = params.object("inputResponses").map_err(|_| bad())? else {
        return Ok(Vec::new());
    };
    object
        .iter()
        .map(|(key, raw)| {
            Object::parse(Bytes::copy_from_slice(raw), Limits::REQUEST).map_err(|_| bad())?;
            Ok((key.into_owned(), Bytes::copy_from_slice(raw)))
        })
        .collect()
}

/// What a `requestState` is bound to: principal, thing and request, the parts that change between rounds left out.
/// None for requests whose answer is never a question.
pub(crate) fn binding(client: &Client, found: &Found) -> Option<[u8; 32]> {
    let (method, params) = found.request.as_ref()?;
    let own = protocol::json::Edit::new()
        .remove("_meta")
        .remove("inputResponses")
        .remove("requestState")
        .apply(params);
    let form = canonical(&own, Limits::REQUEST).map(|c| c.as_bytes().to_vec()).unwrap_or_default();
    let mut text = owner(client);
    for part in [method.as_str(), found.source.name().as_str(), &found.exposed] {
        text.push(0);
        text.extend_from_slice(part.as_bytes());
    }
    text.push(0);
    text.extend_from_slice(&form);
    Some(digest::sha256(&text))
}

/// What the calls of a principal that wait are counted by.
pub(crate) fn owner_number(client: &Client) -> u128 {
    let who = digest::sha256(&owner(client));
    u128::from_le_bytes(who[..16].try_into().unwrap_or_default())
}

fn owner(client: &Client) -> Vec<u8> {
    format!("{}\0{}", client.principal.tenant, client.principal.id).into_bytes()
}

pub(crate) fn not_ours() -> Refusal {
    Refusal::new(Code::InvalidParams, "requestState is not one that was given for this request")
}
