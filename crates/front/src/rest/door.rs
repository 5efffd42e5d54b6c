use std::sync::Arc;

use bytes::Bytes;
use gate::port::Kind;
use gate::{Arrival, Client};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Response};
use identity::presented;
use model::{Code, Principal, Refusal};
use protocol::Rope;
use protocol::json::{Limits, Object, elements, quote};
use protocol::mcp::Method as Mcp;
use protocol::rpc::Id;
use serde_json::Value;

use super::answer::{ok, success};
use super::arguments::arguments;
use super::openapi::document;
use super::{Place, RestBase};
use crate::body::Body;
use crate::collect::{NoBody, collect};
use crate::door::Door;
use crate::outcome::outcome;
use crate::problem::Problem;
use crate::silent::Silent;
use crate::upload::Upload;
use crate::{media, percent, reply};

/// The door as records name it.
const FRONT: &str = "rest";
/// Most pages of the list that one document is made of.
const PAGES: usize = 100;

const GET: HeaderValue = HeaderValue::from_static("GET, OPTIONS");
const POST: HeaderValue = HeaderValue::from_static("POST, OPTIONS");

/// One request whose caller is known.
struct Call {
    principal: Arc<Principal>,
    client: Arc<Client>,
    at: Arrival,
}

/// Answers one request to the REST door.
pub(crate) async fn visit(
    door: &Arc<Door>,
    base: &RestBase,
    place: Place,
    head: Box<Parts>,
    at: Arrival,
    body: Upload,
) -> Response<Body> {
    let at = Arrival { front: FRONT, ..at };
    let allow = match place {
        Place::Nothing => return nothing(),
        Place::Tool(_) => POST,
        _ => GET,
    };
    if head.method == Method::OPTIONS {
        return preflight(&head, allow);
    }
    let wanted = if allow == POST { Method::POST } else { Method::GET };
    if head.method != wanted {
        let mut response =
            Problem::new(405, "method_not_allowed", "this path does not have that method")
                .response();
        response.headers_mut().insert(header::ALLOW, allow);
        return reply::closing(response);
    }
    if place == Place::Health {
        return reply::json(200, r#"{"status":"ok"}"#);
    }
    let call = match enter(door, &head, at).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    match place {
        Place::Tool(name) => Box::pin(tool(door, &call, name, &head, body)).await,
        Place::OpenApi => Box::pin(openapi(door, base, &call)).await,
        _ => Box::pin(tools(door, &call, head.uri.query())).await,
    }
}

fn nothing() -> Response<Body> {
    Problem::new(404, "not_found", "there is nothing at this path").response()
}

/// Size, then credential, then whether anything is taken and in which form: the order in which less is given away.
async fn enter(door: &Door, head: &Parts, at: Arrival) -> Result<Call, Response<Body>> {
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    if length.and_then(|v| v.parse::<usize>().ok()).unwrap_or(0) > door.base.limits.body {
        return Err(refused(door, &at, None, too_large(door), None).await);
    }
    let credentials = head.headers.get_all(header::AUTHORIZATION);
    let credentials = presented(credentials.iter().map(HeaderValue::as_bytes));
    let principal = match door.base.gate.identify(credentials, &at).await {
        Ok(principal) => principal,
        Err(vetted) => return Err(reply::closing(success(vetted))),
    };
    if door.base.gate.draining() {
        let refusal = Refusal::new(Code::Draining, "the gate is shutting down");
        return Err(refused(door, &at, Some(&principal), refusal, None).await);
    }
    if !media::accepts(&head.headers).json {
        let refusal = Refusal::new(Code::InvalidRequest, "Accept must allow application/json");
        let own = Some((406, "not_acceptable"));
        return Err(refused(door, &at, Some(&principal), refusal, own).await);
    }
    let client = door.clients.of(&principal, &Bytes::from_static(b"{}"), None, None, FRONT);
    match client {
        Ok(known) => Ok(Call { principal, client: known.client.clone(), at }),
        Err(e) => {
            let refusal =
                Refusal::new(Code::Internal, "the call cannot be made").detail(e.to_string());
            Err(refused(door, &at, Some(&principal), refusal, None).await)
        }
    }
}

fn too_large(door: &Door) -> Refusal {
    Refusal::new(Code::TooLarge, format!("a body may have {} bytes", door.base.limits.body))
}

/// A refusal of this door, recorded. `own` is its status and word where HTTP has more of them than the codes.
async fn refused(
    door: &Door,
    at: &Arrival,
    principal: Option<&Principal>,
    refusal: Refusal,
    own: Option<(u16, &str)>,
) -> Response<Body> {
    let vetted = door.base.gate.refuse(refusal, at, principal).await;
    let Err(mut problem) = outcome(vetted) else { return nothing() };
    if let Some((status, word)) = own {
        (problem.status, problem.code) = (status, word.to_owned());
    }
    // Whatever the client still sends is not wanted.
    reply::closing(problem.response())
}

/// One call. When the client goes away, this future is dropped, and the call is cancelled upstream.
async fn tool(
    door: &Door,
    call: &Call,
    name: Option<String>,
    head: &Parts,
    body: Upload,
) -> Response<Body> {
    let no = |refusal, own| refused(door, &call.at, Some(&call.principal), refusal, own);
    let invalid = |text: &str| Refusal::new(Code::InvalidRequest, text);
    if !media::is_plain_json(&head.headers) {
        let text = "Content-Type must be application/json, in UTF-8 and without Content-Encoding";
        return no(invalid(text), Some((415, "unsupported_media_type"))).await;
    }
    let limits = &door.base.limits;
    let text = match collect(body, limits.body, limits.body_time).await {
        Ok(text) => text,
        Err(NoBody::TooLarge) => return no(too_large(door), None).await,
        Err(NoBody::Late) => {
            let refusal = invalid("the body did not come in time");
            return no(refusal, Some((408, "request_timeout"))).await;
        }
        Err(NoBody::Broken) => return no(invalid("the body broke off"), None).await,
    };
    let arguments = match arguments(text) {
        Ok(arguments) => arguments,
        Err(e) => {
            let text = format!("the body must be one JSON object: {e}");
            return no(Refusal::new(Code::ParseError, text), None).await;
        }
    };
    // A name that cannot be read is nobody's; it is looked up all the same, so that it takes the same way.
    let name = name.unwrap_or_default();
    match incoming(&name, &arguments, &call.at) {
        Ok(incoming) => {
            success(door.base.gate.call(&call.client, incoming, Arc::new(Silent)).await)
        }
        Err(refusal) => no(refusal, None).await,
    }
}

/// A call of a tool as the gate takes it.
pub(crate) fn incoming(
    name: &str,
    arguments: &[u8],
    at: &Arrival,
) -> Result<gate::Incoming, Refusal> {
    let name = quote(name);
    let params = [b"{\"name\":", name.as_bytes(), b",\"arguments\":", arguments, b"}"].concat();
    let params = Object::parse(Bytes::from(params), Limits::REQUEST)
        .map_err(|e| Refusal::new(Code::InvalidParams, format!("arguments: {e}")))?;
    Ok(gate::Incoming {
        id: Id::number(0),
        method: Mcp::ToolsCall,
        params,
        param_headers: None,
        progress: false,
        level: None,
        arrival: at.clone(),
    })
}

/// One page of what the caller may use: the definitions, and where to go on.
async fn tools(door: &Door, call: &Call, query: Option<&str>) -> Response<Body> {
    let Some(pairs) = percent::pairs(query.unwrap_or_default(), 16) else {
        let refusal = Refusal::new(Code::InvalidParams, "the query cannot be read");
        return refused(door, &call.at, Some(&call.principal), refusal, None).await;
    };
    let cursor = pairs.iter().find(|(name, _)| name == "cursor").map(|(_, value)| value.as_str());
    let vetted = door.base.gate.list(&call.client, Kind::Tools, cursor, &call.at).await;
    match outcome(vetted) {
        Ok(page) => ok(listed(&page)),
        Err(problem) => problem.response(),
    }
}

fn listed(page: &Object) -> Rope {
    let mut text = Rope::from(r#"{"tools":"#.to_owned());
    text.push(page.get("tools").unwrap_or_else(|| Bytes::from_static(b"[]")));
    let mut add = |name: &str, raw: Option<Bytes>| {
        if let Some(raw) = raw {
            text.push(Bytes::from(format!(",\"{name}\":")));
            text.push(raw);
        }
    };
    add("nextCursor", page.get("nextCursor"));
    let meta = page.object("_meta").ok().flatten();
    add("unavailable", meta.and_then(|meta| meta.get("portcullis/unavailable")));
    text.push(Bytes::from_static(b"}"));
    text
}

/// All pages, as one OpenAPI document.
async fn openapi(door: &Door, base: &RestBase, call: &Call) -> Response<Body> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let vetted =
            door.base.gate.list(&call.client, Kind::Tools, cursor.as_deref(), &call.at).await;
        let page = match outcome(vetted) {
            Ok(page) => page,
            Err(problem) => return problem.response(),
        };
        all.extend(definitions(&page));
        cursor = page.str("nextCursor").map(std::borrow::Cow::into_owned);
        if cursor.is_none() {
            let keys = door.base.gate.unauthenticated().is_none();
            return ok(Rope::from(document(base, &all, keys).to_string()));
        }
    }
    let text = "there are too many tools for one document: see `tools`";
    Problem::new(500, "result_too_large", text).response()
}

fn definitions(page: &Object) -> Vec<Value> {
    let tools = page.get("tools").unwrap_or_default();
    let tools = elements(&tools, Limits::REPLY).unwrap_or_default();
    tools.iter().filter_map(|raw| protocol::json::value(raw, Limits::REPLY).ok()).collect()
}

/// What a browser asks before it lets a page call. Its origin has been checked.
fn preflight(head: &Parts, allow: HeaderValue) -> Response<Body> {
    let mut response = reply::empty(204);
    let headers = response.headers_mut();
    if head.headers.contains_key(header::ORIGIN) {
        let allowed = HeaderValue::from_static("authorization, content-type, accept");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    headers.insert(header::ALLOW, allow);
    response
}
